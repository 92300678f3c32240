"""Lines of the log that belong to jobs, on their way from a controller to its daemon.

Rule 1. A line belongs to the job that it is about, and to every job that its text names
        (``job ID``). All other lines go where the log goes and nowhere else.
Rule 2. Whoever logs never waits. What is on its way is bounded and paced: what finds no room is
        counted, and the daemon is told how much that was.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

import anyio

from stationd.actors.controller.threads import Inbox
from stationd.actors.log_line import line_of
from stationd.proto.job import JobId
from stationd.proto.log_report import MOST_LINES_IN_REPORT, JobLine, Logged
from stationd.proto.station_requests import LogLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.actors.about import About
    from stationd.actors.log_line import Line

MOST_WAITING: Final = 1_000
"""Lines."""
MOST_CHARACTERS: Final = 32 * 1024
"""Of one report, but for its last line."""
PAUSE_SECONDS: Final = 0.1
"""Between two reports: a driver that logs without end leaves the wire to others."""
_NAMED: Final = re.compile(r"\bjob '?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
"""How all messages name a job."""


def job_line(line: Line, source: str) -> JobLine | None:
    """Return what is kept of a line; None if it belongs to no job.

    Args:
        line: The line.
        source: ``daemon``, or a controller's name.
    """
    about = line.about
    jobs = dict.fromkeys(_NAMED.findall(line.message))
    if about.job:
        jobs[about.job] = None
    if not jobs:
        return None
    kept = LogLine(
        time_unix_s=line.time_unix_s,
        source=source,
        level=line.level,
        logger=line.logger,
        message=line.message,
        trace=line.trace,
        attempt=about.attempt,
        ticket=about.ticket,
        stage=about.stage,
        controller=about.controller if about.controller != source else "",
        code=about.code,
    )
    return JobLine(tuple(map(JobId, jobs)), kept)


class JobLines(logging.Handler):
    """Collects the lines of a controller that belong to jobs, and reports them.

    Args:
        home: What all lines of this process are about.
    """

    def __init__(self, home: About) -> None:
        super().__init__(logging.INFO)
        self._home = home
        self._inbox: Inbox[JobLine] = Inbox()
        # Each is changed on one side alone: what was put in, and what was taken out.
        self._put = self._taken = 0
        self._no_room = self._told = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line, in whichever thread it was logged."""
        kept = job_line(line_of(record, self._home), self._home.controller)
        if kept is None:
            return
        if self._put - self._taken >= MOST_WAITING:
            self._no_room += 1
            return
        self._put += 1
        self._inbox.put(kept)

    def close(self) -> None:
        """Take no more."""
        self._inbox.close()
        super().close()

    async def report(self, ready: Callable[[], bool], send: Callable[[Logged], None]) -> None:
        """Report lines as they come, for ever.

        Args:
            ready: Whether there is a daemon to report to.
            send: Sends a report.
        """
        while True:
            lines = await self._inbox.receive()
            while lines:
                # While there is nobody, nobody tells us either when there is somebody again.
                while not ready():  # noqa: ASYNC110
                    await anyio.sleep(PAUSE_SECONDS)
                count = _fitting(lines)
                lost = self._no_room
                send(Logged(tuple(lines[:count]), lost - self._told))
                self._told = lost
                self._taken += count
                del lines[:count]
                await anyio.sleep(PAUSE_SECONDS)


def _fitting(lines: list[JobLine]) -> int:
    """Return how many of some lines go into one report."""
    size = 0
    for count, one in enumerate(lines[:MOST_LINES_IN_REPORT], start=1):
        size += len(one.line.message) + len(one.line.trace)
        if size >= MOST_CHARACTERS:
            return count
    return min(len(lines), MOST_LINES_IN_REPORT)
