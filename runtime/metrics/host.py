"""What the host says of the disk and of the daemon's own process.

Asked at scrape time in the thread that serves the metrics: a disk that hangs keeps nobody else.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from stationd.runtime.metrics.families import counter, gauge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from stationd.runtime.metrics.counts import Counts

_PROC: Final = Path("/proc/self")
_JOURNAL_PARTS: Final = ("", "-wal", "-shm")


class Process(NamedTuple):
    """What the daemon's own process uses; its children are not in it."""

    cpu_seconds: float
    resident_bytes: int
    open_files: int
    most_open_files: int


class Host:
    """Collects what the host says.

    Args:
        counts: Know where the journal is.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        database = self._counts.vitals.journal
        stored, (free, size) = stored_bytes(database), disk(database)
        yield gauge("stationd_journal_size_bytes", "Size of the journal's files.", stored)
        yield gauge("stationd_disk_free_bytes", "Free space where the journal is.", free)
        yield gauge("stationd_disk_size_bytes", "All space where the journal is.", size)
        own = process()
        yield counter(
            "process_cpu_seconds", "CPU time of the daemon's own process.", own.cpu_seconds
        )
        yield gauge(
            "process_resident_memory_bytes",
            "Memory of the daemon's own process.",
            own.resident_bytes,
        )
        yield gauge("process_open_fds", "Open files of the daemon's own process.", own.open_files)
        yield gauge("process_max_fds", "How many it may open.", own.most_open_files)


def disk(path: Path | None) -> tuple[int, int]:
    """Return free and all bytes of the file system that a file is on; 0 if there is no telling."""
    if path is None:
        return 0, 0
    try:
        found = os.statvfs(path)
    except OSError:
        return 0, 0
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def stored_bytes(database: Path | None) -> int:
    """Return the size of a database with its write-ahead log."""
    return sum(_sizes(database))


def _sizes(database: Path | None) -> Iterator[int]:
    if database is None:
        return
    for part in _JOURNAL_PARTS:
        try:
            yield Path(f"{database}{part}").stat().st_size
        except OSError:
            continue  # it comes and goes with its writer


def process() -> Process:
    """Return what this process uses; 0 for what the kernel does not show."""
    return Process(
        time.process_time(),
        _resident(),
        _open_files(),
        resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    )


def _resident() -> int:
    try:
        pages = (_PROC / "statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * resource.getpagesize()


def _open_files() -> int:
    try:
        return sum(1 for _ in (_PROC / "fd").iterdir())
    except OSError:
        return 0
