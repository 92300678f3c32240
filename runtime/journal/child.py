"""The journal's processes, as the daemon starts and ends them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio import to_thread

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.pipe import Pipe

PATIENCE: Final = 10.0
"""How many seconds a process is given to end once its input has ended."""


class Child:
    """A process at the other end of a pipe."""

    def __init__(self, pipe: Pipe, process: subprocess.Popen[bytes]) -> None:
        self.pipe = pipe
        self.pid = process.pid


@asynccontextmanager
async def child(module: str, state: Path, *inherited: int) -> AsyncGenerator[Child]:
    """Run a module of this package as a process, until the block ends.

    Args:
        module: ``writer`` or ``reader``.
        state: The state directory.
        inherited: Descriptors that the process keeps open.

    Raises:
        JournalFailed: The process cannot be started.
    """
    ours, theirs = socket.socketpair()
    pipe = Pipe(ours)
    process: subprocess.Popen[bytes] | None = None
    try:
        try:
            process = await to_thread.run_sync(_start, module, state, theirs.fileno(), inherited)
        finally:
            theirs.close()
        yield Child(pipe, process)
    finally:
        pipe.close()
        if process is not None:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_end, process)


def _start(
    module: str, state: Path, descriptor: int, inherited: tuple[int, ...]
) -> subprocess.Popen[bytes]:
    # -P: the working directory is no place to import from.
    program = f"stationd.runtime.journal.{module}"
    command = [sys.executable, "-P", "-m", program, str(descriptor), str(state)]
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(descriptor, *inherited),
            start_new_session=True,
        )
    except OSError as error:
        raise JournalFailed(f"cannot start the journal's {module}: {error}") from error


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
