"""Are the directories as they should be, and the disk below them?"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stationd.runtime.care.doctor.finding import Finding, fail, ok, warn
from stationd.runtime.journal.ballast import BALLAST, BALLAST_BYTES
from stationd.runtime.journal.lock import LOCK
from stationd.runtime.journal.opening import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings import Settings

_FEW_BYTES: Final = 1024**3
"""Free room below which somebody should look; raw data of a day may be more."""
_LEAST_BYTES: Final = BALLAST_BYTES * 5 // 4
"""What the daemon wants before it takes new work."""
_SLOW_FSYNC: Final = 0.02
"""Seconds. Every acknowledged request waits for one: then people notice."""
_FLUSHES: Final = 8
_VOLATILE: Final = frozenset({"tmpfs", "ramfs", "overlay"})
_REMOTE: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph"})
_OTHERS: Final = 0o007


def directories(settings: Settings) -> Iterator[Finding]:
    """Look at the directories of the state and of the sockets."""
    state = settings.state
    if not state.is_dir():
        yield from _missing("state", state, "the daemon makes it when it starts")
    elif not os.access(state, os.R_OK | os.W_OK | os.X_OK):
        yield warn(
            "state",
            f"this user may not write to {state}, which belongs to {_owner(state)}",
            "run the doctor as that user, or as root, to have the rest looked at",
        )
    else:
        yield from _owners(state)
        if state.stat().st_mode & _OTHERS:
            yield warn(
                "state",
                f"everybody may look into {state}",
                f"chmod 700 {state}: what people have measured is in it",
            )
        else:
            yield ok("state", f"{state} belongs to {_owner(state)}")
    runtime = Path(settings.station.runtime)
    if runtime.is_dir():
        yield ok("runtime", f"{runtime} belongs to {_owner(runtime)}")
    else:
        yield from _missing("runtime", runtime, "the daemon makes it when it starts")


def _missing(check: str, folder: Path, usual: str) -> Iterator[Finding]:
    parent = next(one for one in folder.parents if one.exists())
    if os.access(parent, os.W_OK):
        yield ok(check, f"{folder} is not there yet: {usual}")
    else:
        yield warn(
            check,
            f"{folder} is not there, and this user may not make it",
            f"make it for the user of the daemon: install -d -o stationd -g stationd {folder}",
        )


def _owners(state: Path) -> Iterator[Finding]:
    """Find what somebody else has left, such as root by a command: the daemon cannot open it."""
    owner = state.stat().st_uid
    names = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOCK, BALLAST, "artifacts")
    foreign = [
        str(state / name)
        for name in names
        if (state / name).exists() and (state / name).stat().st_uid != owner
    ]
    if foreign:
        yield fail(
            "state",
            f"{', '.join(foreign)} do not belong to {_owner(state)}",
            f"chown -R {_owner(state)}: {state}",
        )


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)


def disk(settings: Settings) -> Iterator[Finding]:
    """Look at the room on the state's disk, what kind it is, and how fast it flushes."""
    folder = next(one for one in (settings.state, *settings.state.parents) if one.is_dir())
    status = os.statvfs(folder)
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    yield room(free, total, str(folder))
    if status.f_files and status.f_favail * 100 < status.f_files:
        yield warn("disk", "nearly no inodes are left", "remove small files from that disk")
    yield kind(file_system(folder, Path("/proc/self/mountinfo").read_text()), str(folder))
    if os.access(folder, os.W_OK):
        yield speed(_flushes(folder))


def room(free: int, total: int, folder: str) -> Finding:
    """Judge what is free, in bytes."""
    text = f"{_size(free)} of {_size(total)} are free at {folder}"
    advice = "make room, or have [retention] delete what is old"
    if free < _LEAST_BYTES:
        return fail("disk", f"{text}: the daemon takes no new work", advice)
    if free < _FEW_BYTES:
        return warn("disk", text, advice)
    return ok("disk", text)


def _size(amount: int) -> str:
    if amount < _FEW_BYTES:
        return f"{amount / 2**20:,.0f} MiB"
    return f"{amount / 2**30:,.1f} GiB"


def kind(name: str, folder: str) -> Finding:
    """Judge a file system by its name."""
    if name in _REMOTE:
        return fail(
            "file system",
            f"{folder} is on {name}: SQLite's WAL does not work over a network",
            "put station.state on a disk of this machine",
        )
    if name in _VOLATILE:
        return warn(
            "file system",
            f"{folder} is on {name}: it may be gone after the next boot",
            "put station.state on a disk",
        )
    return ok("file system", f"{folder} is on {name}")


def speed(seconds: list[float]) -> Finding:
    """Judge how long flushes took."""
    middle = statistics.median(seconds)
    text = f"a flush takes {middle * 1000:.1f} ms, {max(seconds) * 1000:.1f} ms at most"
    if middle > _SLOW_FSYNC:
        return warn(
            "flushes",
            f"{text}: every acknowledged request waits for one",
            "use a disk with power-loss protection, or one that others do not keep busy",
        )
    return ok("flushes", text)


def file_system(folder: Path, mounts: str) -> str:
    """Return the kind of file system that a folder is on, from what /proc/self/mountinfo says."""
    best, found = "", "an unknown file system"
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].replace("\\040", " ")
        if folder.resolve().is_relative_to(point) and len(point) >= len(best):
            best, found = point, after.split()[0]
    return found


def _flushes(folder: Path) -> list[float]:
    took: list[float] = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_FLUSHES):
            file.write(b"\0" * 4096)
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begin)
    return took
