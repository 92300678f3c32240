"""A job's story: its timeline, and what was logged of it; asynchronous."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import anyio

from stationd.client.connection.shared import connection
from stationd.client.references.job import id_of
from stationd.client.searching.finding import view
from stationd.client.waiting.settling import follow
from stationd.client.waiting.story import Story
from stationd.proto.error import RequestError
from stationd.proto.station_requests import WAIT_SECONDS, JobLog, LogLine, ReadLog
from stationd.proto.status import StatusEnum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stationd.client.references.job import Job
    from stationd.proto.job import JobId, TimelineEntry

JOURNAL: Final = "journal"
"""The source of what is not from a log."""
LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
"""From the least to the most important."""
LAST_WORDS_SECONDS: Final = 0.5
"""What is said of an end may come after it."""
_PATIENCE: Final = WAIT_SECONDS + 10.0
_BUSY_SECONDS: Final = 1.0
"""A station that has too many listeners answers at once, and is asked no more often."""


async def job_log(job: Job) -> JobLog:
    """Return what the daemon and the controllers have logged of a job.

    Raises:
        UnknownJob: The station does not know it.
    """
    return await connection().ask(ReadLog(0, id_of(job)), JobLog)


async def logs(job: Job, *, level: str = "DEBUG") -> list[LogLine]:
    """Return a job's story: its timeline, and what the station has logged of it.

    The facts of the timeline have ``journal`` for their source, other lines ``daemon`` or the name
    of the controller that wrote them. What a driver logs while it is at work on a job is among
    them, for two weeks.

    Args:
        job: The job.
        level: The least that is wanted of lines that are not from the timeline, as in
            ``"WARNING"``.

    Returns:
        The lines in the order of time; of the logs, the newest thousand.

    Raises:
        UnknownJob: The station does not know it.
        RequestError: There is no such level.
    """
    least = rank(level)
    seen = await view(job)
    log = await job_log(job)
    wanted = (line for line in log.lines if _rank(line) >= least)
    return sorted([*map(told, seen.timeline), *wanted], key=lambda line: line.time_unix_s)


async def follow_logs(job: Job, tell: Callable[[LogLine], None], *, level: str = "DEBUG") -> None:
    """Tell a job's story so far, and then every line as it comes, until the job is over.

    Args:
        job: The job.
        tell: Is told each line, once.
        level: As for `logs`.

    Raises:
        UnknownJob: The station does not know it.
        RequestError: There is no such level.
    """
    found, least = id_of(job), rank(level)
    facts, lines = _Facts(tell), _Lines(tell, least)
    # In this order: what comes meanwhile is told by those who wait for it.
    log, seen = await job_log(found), await view(found)
    shown = sorted([*map(told, seen.timeline), *log.lines], key=lambda line: line.time_unix_s)
    for line in shown:
        if line.source == JOURNAL or _rank(line) >= least:
            tell(line)
    facts.newest = max((entry.ordinal for entry in seen.timeline), default=-1)
    lines.newest = max((line.number for line in log.lines), default=0)
    story = Story(found)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lines.follow, found)
        async with aclosing(follow(story, StatusEnum.COMPLETED)) as updates:
            async for _ in updates:
                facts.take(story.attempt)
        await anyio.sleep(LAST_WORDS_SECONDS)
        tasks.cancel_scope.cancel()


class _Facts:
    """Tells the facts of a timeline that are new."""

    def __init__(self, tell: Callable[[LogLine], None]) -> None:
        self._tell = tell
        self.newest = -1

    def take(self, entries: Iterable[TimelineEntry]) -> None:
        for entry in entries:
            if entry.ordinal > self.newest:
                self.newest = entry.ordinal
                self._tell(told(entry))


class _Lines:
    """Tells the lines of a log that are new."""

    def __init__(self, tell: Callable[[LogLine], None], least: int) -> None:
        self._tell = tell
        self._least = least
        self.newest = 0

    async def follow(self, job: JobId) -> None:
        while True:
            asked = anyio.current_time()
            request = ReadLog(0, job, self.newest, wait=True)
            log = await connection().ask(request, JobLog, patience=_PATIENCE)
            for line in log.lines:
                # In the order of time, which is not that of the numbers.
                if line.number > request.after:
                    self.newest = max(self.newest, line.number)
                    self._take(line)
            if self.newest == request.after and anyio.current_time() - asked < _BUSY_SECONDS:
                await anyio.sleep(_BUSY_SECONDS)

    def _take(self, line: LogLine) -> None:
        if _rank(line) >= self._least:
            self._tell(line)


def rank(level: str) -> int:
    """Return how important a level is; the higher, the more.

    >>> rank("warning") > rank("INFO")
    True

    Raises:
        RequestError: There is no such level.
    """
    if level.upper() not in LEVELS:
        raise RequestError(f"{level!r} is no level; known are {', '.join(LEVELS)}")
    return LEVELS.index(level.upper())


def told(entry: TimelineEntry) -> LogLine:
    """Return a fact of the journal as a line among those of the logs.

    >>> from stationd.proto.status import JobExecutorStatus
    >>> from stationd.proto.job import TimelineEntry
    >>> fact = {"seq": 7, "ordinal": 3, "status": JobExecutorStatus.READY, "time_unix_s": 1.5}
    >>> told(TimelineEntry(attempt=2, **fact)).message
    'ready (attempt 2)'
    """
    remarks = [
        "cancel accepted" if entry.cancelling and not entry.status.is_terminal else "",
        str(entry.error) if entry.error is not None else "",
        entry.note,
        "another attempt follows" if entry.retrying else "",
    ]
    rung = f"{entry.status} (attempt {entry.attempt})" if entry.attempt > 1 else str(entry.status)
    return LogLine(
        time_unix_s=entry.time_unix_s,
        source=JOURNAL,
        level="INFO" if entry.error is None else "ERROR",
        logger="",
        message=": ".join([rung, *(remark for remark in remarks if remark)]),
        attempt=entry.attempt,
        code="" if entry.error is None else entry.error.code.value,
    )


def _rank(line: LogLine) -> int:
    """Return how important a line is; one of a level that nobody knows is shown."""
    return LEVELS.index(line.level) if line.level in LEVELS else len(LEVELS)
