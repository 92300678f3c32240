"""How fast controllers go through their tickets, and so how many are sent ahead."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from stationd.proto.instruments_protocol import AtRest, Failed, Finished, Report, Started

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stationd.proto.job import JobId

LINE_SECONDS: Final = 0.01
"""A line should hold this much work, so that the next job begins while the daemon still hears
of the last one."""
MOST_IN_LINE: Final = 128
"""The most tickets sent ahead, however short the jobs are. No more of them are over in a second
than this divided by the seconds from Arm to the daemon's hearing of the end, in which the
controller flushes its disk twice: with half as many, flushes of 3 ms limited no-op jobs."""
_ENDS: Final = (Finished, Failed, AtRest)
_SMOOTHING: Final = 0.2
"""Weight of the newest duration in the average."""


class Pace:
    """What is known of the controllers' speed.

    Args:
        prefetch: Tickets sent ahead at least, by controller; 0 for none, however short they are.
    """

    def __init__(self, prefetch: Mapping[str, int]) -> None:
        self._prefetch = prefetch
        self._began: dict[tuple[JobId, str], float] = {}
        self._seconds: dict[str, float] = {}
        # What `depth` answers, which is asked far more often than it changes.
        self._depths: dict[str, int] = {}

    def depth(self, controller: str) -> int:
        """Return how many tickets a controller's line should hold, the running one included."""
        depth = self._depths.get(controller)
        if depth is None:
            depth = self._depths[controller] = self._depth(controller)
        return depth

    def _depth(self, controller: str) -> int:
        seconds = self._seconds.get(controller)
        ahead = self._prefetch.get(controller, 0)
        if seconds is not None and ahead:
            short = MOST_IN_LINE if seconds <= 0 else math.ceil(LINE_SECONDS / seconds)
            ahead = max(ahead, min(short, MOST_IN_LINE))
        return 1 + ahead

    def measure(self, job: JobId, controller: str, report: Report) -> float | None:
        """Learn how long a controller takes for a job.

        Returns:
            Seconds for which the controller was at work on it, once that is over.
        """
        if isinstance(report, Started):
            self._began[job, controller] = report.time_unix_s
            return None
        if not isinstance(report, _ENDS):
            return None
        began = self._began.pop((job, controller), None)
        if began is None:
            return None
        seconds = max(0.0, report.time_unix_s - began)
        if isinstance(report, Finished):
            average = self._seconds.get(controller, seconds)
            self._seconds[controller] = average + _SMOOTHING * (seconds - average)
            self._depths[controller] = self._depth(controller)
        return seconds

    def ended(self, job: JobId, controllers: Iterable[str]) -> None:
        """Forget what began and did not finish."""
        for controller in controllers:
            self._began.pop((job, controller), None)
