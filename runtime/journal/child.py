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
    """A process at the other end of a pipe; made by `start_child`."""

    def __init__(self, pipe: Pipe, process: subprocess.Popen[bytes]) -> None:
        self.pipe = pipe
        self.pid = process.pid
        self._process = process

    def end(self) -> None:
        """Close the pipe and wait until the process has ended. Blocks; the second time not."""
        self.pipe.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    async def aend(self) -> None:
        """Do as `end` does, whatever is cancelled, and block nobody."""
        # In the loop, which may still hold it.
        self.pipe.close()
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(self.end)


def start_child(module: str, state: Path, *inherited: int) -> Child:
    """Run a module of this package as a process, which is at work at once. Blocks.

    Args:
        module: ``writer`` or ``reader``.
        state: The state directory.
        inherited: Descriptors that the process keeps open.

    Raises:
        JournalFailed: The process cannot be started.
    """
    ours, theirs = socket.socketpair()
    pipe = Pipe(ours)
    # -P: the working directory is no place to import from.
    program = f"stationd.runtime.journal.{module}"
    command = [sys.executable, "-P", "-m", program, str(theirs.fileno()), str(state)]
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), *inherited),
            start_new_session=True,
        )
    except OSError as error:
        pipe.close()
        raise JournalFailed(f"cannot start the journal's {module}: {error}") from error
    finally:
        theirs.close()
    return Child(pipe, process)


@asynccontextmanager
async def child(module: str, state: Path) -> AsyncGenerator[Child]:
    """Run a module of this package as a process, until the block ends; see `start_child`."""
    process = await to_thread.run_sync(start_child, module, state)
    try:
        yield process
    finally:
        await process.aend()
