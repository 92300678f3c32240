"""The processes of a running station, and what signals do to them."""

import os
import re
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.end_to_end.station import Station, until
from tests.soak.plan import Process
from tests.soak.work import NULL_TARGETS, QPU

CONTROLLERS = (*NULL_TARGETS, QPU)

_CHILDREN = {
    "writer": "stationd.runtime.journal.writer",
    "reader": "stationd.runtime.journal.reader",
    "worker": "anyio.to_process",
}


def find(station: Station, process: Process, random: Random) -> tuple[str, int] | None:
    """Return the name and pid of a process of some kind; None while there is none."""
    if process == "daemon":
        return "daemon", station.pid
    if process == "controller":
        name = random.choice(CONTROLLERS)
        try:
            pid = station.controller_pid(name)
        except (OSError, ValueError):
            return None
        # The lock keeps the pid of a controller that has ended.
        return (name, pid) if _is_called(pid, f"controller\0{name}\0") else None
    pids = _children(station.pid, _CHILDREN[process])
    return (process, random.choice(pids)) if pids else None


def kill(pid: int) -> bool:
    """End a process without a word; return whether it was there."""
    return _send(pid, signal.SIGKILL)


@contextmanager
def held(pids: list[int]) -> Generator[None]:
    """Keep processes from going on; one that is killed meanwhile stays dead."""
    try:
        for pid in pids:
            _send(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in pids:
            _send(pid, signal.SIGCONT)


def wait_stopped(pid: int) -> None:
    """Wait until a process that was sent SIGSTOP does nothing more."""
    until(lambda: _state(pid) in "TtZX", f"{pid} has stopped")


def metrics_url(station: Station) -> str:
    """Return where the running daemon serves its metrics."""
    found = ""
    deadline = time.monotonic() + 20.0
    while not found and time.monotonic() < deadline:
        match = re.search(r"metrics at (http://\S+)", station.log)
        found = match[1] if match else ""
    assert found, "the daemon serves no metrics"
    return found + "/metrics"


def _children(parent: int, module: str) -> list[int]:
    return [pid for pid in _pids() if _parent(pid) == parent and _is_called(pid, module)]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _is_called(pid: int, words: str) -> bool:
    try:
        return words.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["X", "0"]


def _parent(pid: int) -> int:
    return int(_stat(pid)[1])


def _state(pid: int) -> str:
    return _stat(pid)[0]


def _send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
