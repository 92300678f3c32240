"""What was logged of jobs, by the daemon and by its controllers, kept where a job finds it again.

Rule 1. Whoever logs never waits for the disk: a thread writes. A disk that fails loses lines.
Rule 2. It is bounded: so much for each job, a file for each day and source, so many bytes for
        each file, so many days. What is left out is counted.
Rule 3. A line's number grows, also over restarts: whoever follows a job names the last one seen.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict, deque
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import anyio
import msgspec
from msgspec import Struct

from stationd.actors.controller.threads import Inbox
from stationd.actors.log_line import LONGEST_MESSAGE, LONGEST_TRACE
from stationd.proto.escaping import escaped
from stationd.proto.station_requests import MOST_LOG_LINES, LogLine

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from stationd.proto.job import JobId
    from stationd.proto.log_report import JobLine, Logged

FOLDER: Final = "log"
"""Below the state directory; in it one folder for each source."""
MOST_BYTES: Final = 8 * 1024 * 1024
"""For one source and one day."""
DAYS_KEPT: Final = 14
MOST_OF_JOB_LINES: Final = 1_000
MOST_OF_JOB_CHARACTERS: Final = 256 * 1024
"""For one job, counted from the daemon's start."""
MOST_SHOWN_CHARACTERS: Final = 4 * 1024 * 1024
"""Of one answer, which must fit into a frame."""
MOST_WAITING: Final = 1_000
"""Lines that wait for the disk."""
MOST_RECENT: Final = 2_000
"""Lines that are in memory too, for those who follow; among them all that wait for the disk."""
_MOST_JOBS: Final = 10_000
"""Jobs whose lines are counted; the newest."""
_PER_SECOND: Final = 1_000_000
"""Numbers of lines."""
_CLOSING_SECONDS: Final = 2.0
_LONGEST_WORD: Final = 200
"""Characters of a name in a line of somebody else."""


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line as it stands in a file."""

    jobs: tuple[str, ...]
    line: LogLine


class Story:
    """The lines of all jobs. They may be taken in from any thread.

    Args:
        state: The station's state directory.
        time: Returns Unix seconds.
    """

    def __init__(self, state: Path, time: Callable[[], float]) -> None:
        self._folder = state / FOLDER
        self._time = time
        self._taking = threading.Lock()
        self._number = 0
        self._recent: deque[Kept] = deque(maxlen=MOST_RECENT)
        self._recent_after = 0
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._waiting: queue.SimpleQueue[Kept | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._listeners: dict[str, list[anyio.Event]] = {}
        self._bell: Inbox[str] | None = None
        self.dropped = 0
        """Lines that were left out."""

    # --- lines come in -----------------------------------------------------------------------

    def take(self, one: JobLine) -> None:
        """Keep a line."""
        with self._taking:
            if not self._recent_after:
                self._recent_after = self._next_number()
            jobs = tuple(job for job in one.jobs if self._count(job, one.line))
            line = msgspec.structs.replace(one.line, number=self._next_number())
            if not jobs or self._waiting.qsize() >= MOST_WAITING:
                self.dropped += 1
                return
            self._keep(Kept(jobs=jobs, line=line))

    def take_report(self, controller: str, logged: Logged) -> None:
        """Keep what a controller has logged. Nothing that it says of itself is believed."""
        self.dropped += logged.lost
        for one in logged.lines:
            self.take(msgspec.structs.replace(one, line=_clean(one.line, controller)))

    def close(self) -> None:
        """Write what has come, and end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_CLOSING_SECONDS)
            self._thread = None

    def _next_number(self) -> int:
        # From the clock, so that it goes on growing after a restart.
        self._number = max(self._number + 1, int(self._time() * _PER_SECOND))
        return self._number

    def _count(self, job: str, line: LogLine) -> bool:
        """Count a line of a job; return whether there is room for it."""
        lines, size = self._counts.pop(job, (0, 0))
        lines, size = lines + 1, size + len(line.message) + len(line.trace)
        self._counts[job] = (lines, size)
        if len(self._counts) > _MOST_JOBS:
            self._counts.popitem(last=False)
        return lines <= MOST_OF_JOB_LINES and size <= MOST_OF_JOB_CHARACTERS

    def _keep(self, kept: Kept) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="job log", daemon=True)
            self._thread.start()
        if len(self._recent) == MOST_RECENT:
            self._recent_after = self._recent[0].line.number
        self._recent.append(kept)
        self._waiting.put(kept)
        for job in kept.jobs:
            if self._bell is not None and job in self._listeners:
                self._bell.put(job)

    def _write_all(self) -> None:
        while (kept := self._waiting.get()) is not None:
            try:
                self.dropped += not _append(self._folder / kept.line.source, kept)
            except OSError:
                # It stands in the log itself; more noise would not help the disk.
                self.dropped += 1

    # --- lines are found again ---------------------------------------------------------------

    def read(
        self, job: JobId, first: float, last: float, after: int = 0
    ) -> tuple[tuple[LogLine, ...], bool]:
        """Return the lines of a job, in the order of time. Reads files.

        Args:
            job: Its id.
            first: When the job came in, Unix seconds.
            last: When it was last heard of, Unix seconds.
            after: Only lines with a higher number.

        Returns:
            The newest lines, and whether older ones were left out.
        """
        there = {line.number: line for line in self.recent(job, after)}
        stored = (line for line in _found(self._folder, job, first, last) if line.number > after)
        # What is in memory may be on disk already, or not yet. A number of 0 stands for none.
        found = [line for line in stored if line.number not in there] + list(there.values())
        return _newest(found)

    def recent(self, job: JobId, after: int) -> tuple[LogLine, ...]:
        """Return the lines of a job that are in memory, in the order in which they came."""
        with self._taking:
            recent = list(self._recent)
        return tuple(kept.line for kept in recent if kept.line.number > after and job in kept.jobs)

    def remembers(self, after: int) -> bool:
        """Return whether all lines with a higher number are in memory."""
        return 0 < self._recent_after <= after

    # --- lines are waited for ----------------------------------------------------------------

    @contextmanager
    def listening(self, job: JobId) -> Generator[anyio.Event]:
        """Give an event that is set when the next line of a job has come; see `wake`."""
        event = anyio.Event()
        self._listeners.setdefault(job, []).append(event)
        try:
            yield event
        finally:
            others = [one for one in self._listeners.get(job, ()) if one is not event]
            if others:
                self._listeners[job] = others
            else:
                self._listeners.pop(job, None)

    @property
    def listeners(self) -> int:
        """How many wait for a line."""
        return sum(map(len, self._listeners.values()))

    async def wake(self) -> None:
        """Wake those who wait, for ever."""
        bell: Inbox[str] = Inbox()
        self._bell = bell
        try:
            while True:
                for job in await bell.receive():
                    for event in self._listeners.get(job, ()):
                        event.set()
        finally:
            self._bell = None
            bell.close()


def _clean(line: LogLine, controller: str) -> LogLine:
    return msgspec.structs.replace(
        line,
        source=controller,
        controller="",
        level=escaped(line.level[:_LONGEST_WORD]),
        logger=escaped(line.logger[:_LONGEST_WORD]),
        message=escaped(line.message[: LONGEST_MESSAGE + _LONGEST_WORD]),
        trace="\n".join(map(escaped, line.trace[-LONGEST_TRACE:].split("\n"))),
        stage=escaped(line.stage[:_LONGEST_WORD]),
        code=escaped(line.code[:_LONGEST_WORD]),
    )


def _newest(found: list[LogLine]) -> tuple[tuple[LogLine, ...], bool]:
    kept: list[LogLine] = []
    size = 0
    for line in sorted(found, key=lambda one: (one.time_unix_s, one.number), reverse=True):
        size += len(line.message) + len(line.trace)
        if len(kept) == MOST_LOG_LINES or size > MOST_SHOWN_CHARACTERS:
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


def _append(folder: Path, kept: Kept) -> bool:
    """Write a line into its day's file; return whether there was room."""
    # The day on which it came: a controller's clock may say anything.
    today = _day(kept.line.number / _PER_SECOND)
    file = folder / f"{today.isoformat()}.jsonl"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _remove_old(folder, today)
    with file.open("ab") as out:
        room = out.tell() < MOST_BYTES
        if room:
            out.write(msgspec.json.encode(kept) + b"\n")
    return room


def _remove_old(folder: Path, today: date) -> None:
    oldest = (today - timedelta(days=DAYS_KEPT - 1)).isoformat()
    for file in folder.glob("*.jsonl"):
        if file.stem < oldest:
            file.unlink(missing_ok=True)


def _day(time_unix_s: float) -> date:
    return datetime.fromtimestamp(time_unix_s, UTC).date()
