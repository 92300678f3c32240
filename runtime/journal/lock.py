"""One daemon, or one offline tool, at a time on a state directory."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from stationd.proto.error import AlreadyRunning, HostError

LOCK: Final = "lock"
"""The lock's name within the state directory; the file holds the holder's pid."""
PATIENCE: Final = 10.0
"""How many seconds a dead daemon's writer is given to commit what it has read."""
_PAUSE: Final = 0.02


def take_lock(state: Path, patience: float = PATIENCE) -> int:
    """Make the state directory if need be, and lock it.

    The lock lasts as long as the descriptor, or a copy of it in a child, is open. So the writer
    of a daemon that was killed still holds it until all is committed, which is waited for. Blocks.

    Args:
        state: The state directory.
        patience: How many seconds to wait for a holder that is not alive any more.

    Returns:
        The descriptor that holds the lock.

    Raises:
        AlreadyRunning: Another process holds it; the message names it.
        HostError: The directory cannot be made or written to.
    """
    try:
        _make(state)
        lock = os.open(state / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise HostError(f"cannot use {state} as the state directory: {error}") from error
    try:
        _wait(lock, state, time.monotonic() + patience)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _make(state: Path) -> None:
    """Make the directory for its owner alone: what people have measured is in it."""
    for parent in reversed([one for one in state.parents if not one.exists()]):
        # The sockets may be there, for the group.
        parent.mkdir(mode=0o750, exist_ok=True)
    state.mkdir(mode=0o700, exist_ok=True)


def _wait(lock: int, state: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
        if _alive(holder) or time.monotonic() > deadline:
            raise AlreadyRunning(
                f"{state} is in use by process {holder or 'unknown'}: stop it first, or give this"
                " station another state directory"
            )
        time.sleep(_PAUSE)


def _alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
