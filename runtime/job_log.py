"""What was logged of jobs, kept where it can be found again by job.

Rule 1. A line belongs to a job if it names it (``job ID``), or if it was logged while a driver
        was at work on it. All other lines go where the log goes and nowhere else.
Rule 2. Whoever logs never waits for the disk: a thread writes. A disk that fails loses lines.
Rule 3. It is bounded: a file for each day and source, so many bytes for each, so many days.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import traceback
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.actors.at_work import AT_WORK
from stationd.proto.station_requests import MOST_LOG_LINES, LogLine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER: Final = "log"
"""Below the state directory; in it one folder for each source."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""For one source and one day."""
DAYS_KEPT: Final = 14
MOST_SHOWN_BYTES: Final = 4 * 1024 * 1024
"""Of one answer, which must fit into a frame."""
_LONGEST_MESSAGE: Final = 4_000
_LONGEST_TRACE: Final = 16_000
_NAMED: Final = re.compile(r"\bjob '?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
"""How all messages name a job."""
_CLOSING_SECONDS: Final = 2.0


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as it stands in a file."""

    jobs: tuple[str, ...]
    line: LogLine


class JobLog(logging.Handler):
    """Keeps the lines that belong to jobs.

    Args:
        state: The station's state directory.
        source: ``daemon``, or a controller's name.
    """

    def __init__(self, state: Path, source: str) -> None:
        super().__init__(logging.INFO)
        self._folder = state / FOLDER / source
        self._source = source
        self._lines: queue.SimpleQueue[Kept | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        kept = kept_of(record, self._source)
        if kept is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="job log", daemon=True)
            self._thread.start()
        self._lines.put(kept)

    def close(self) -> None:
        """Write what has come, and end the thread."""
        if self._thread is not None:
            self._lines.put(None)
            self._thread.join(_CLOSING_SECONDS)
            self._thread = None
        super().close()

    def _write_all(self) -> None:
        while (kept := self._lines.get()) is not None:
            try:
                _append(self._folder, kept)
            except OSError:
                # It stands in the log itself; more noise would not help the disk.
                continue


def kept_of(record: logging.LogRecord, source: str) -> Kept | None:
    """Return what is kept of a line; None if it belongs to no job."""
    message = record.getMessage()
    jobs = dict.fromkeys(_NAMED.findall(message))
    at_work = AT_WORK.get()
    if at_work is not None:
        jobs[at_work] = None
    if not jobs:
        return None
    trace = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
    line = LogLine(
        time_unix_s=record.created,
        source=source,
        level=record.levelname,
        logger=record.name,
        message=message[:_LONGEST_MESSAGE],
        trace=trace[-_LONGEST_TRACE:],
    )
    return Kept(jobs=tuple(jobs), line=line)


def read(state: Path, job: str, first: float, last: float) -> tuple[tuple[LogLine, ...], bool]:
    """Return the lines that belong to a job, in the order of time. Reads files.

    Args:
        state: The station's state directory.
        job: Its id.
        first: When the job came in, Unix seconds.
        last: When it was last heard of, Unix seconds.

    Returns:
        The newest lines, and whether older ones were left out.
    """
    found = sorted(_found(state / FOLDER, job, first, last), key=lambda line: line.time_unix_s)
    kept: list[LogLine] = []
    size = 0
    for line in reversed(found):
        size += len(line.message) + len(line.trace)
        if len(kept) == MOST_LOG_LINES or size > MOST_SHOWN_BYTES:
            break
        kept.append(line)
    return tuple(reversed(kept)), len(kept) < len(found)


def _found(folder: Path, job: str, first: float, last: float) -> Iterator[LogLine]:
    needle = job.encode()
    # A day more: what is said of an end may come after it.
    newest = _day(last) + timedelta(days=1)
    for file in folder.glob("*/*.jsonl"):
        if not _day(first).isoformat() <= file.stem <= newest.isoformat():
            continue
        for text in file.read_bytes().splitlines():
            if needle not in text:
                continue
            try:
                kept = msgspec.json.decode(text, type=Kept)
            except msgspec.DecodeError:
                # The last line of a process that was killed.
                continue
            if job in kept.jobs:
                yield kept.line


def _append(folder: Path, kept: Kept) -> None:
    file = folder / f"{_day(kept.line.time_unix_s).isoformat()}.jsonl"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old(folder, _day(kept.line.time_unix_s))
    with file.open("ab") as out:
        if out.tell() < MOST_BYTES:
            out.write(msgspec.json.encode(kept) + b"\n")


def _remove_old(folder: Path, today: date) -> None:
    oldest = (today - timedelta(days=DAYS_KEPT - 1)).isoformat()
    for file in folder.glob("*.jsonl"):
        if file.stem < oldest:
            file.unlink(missing_ok=True)


def _day(time_unix_s: float) -> date:
    return datetime.fromtimestamp(time_unix_s, UTC).date()
