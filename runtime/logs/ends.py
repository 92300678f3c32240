"""A line for the end of every job, as long as there are not too many of them.

Rule 1. A busy station ends thousands of jobs in a second, and a log that tells each of them is
        read by nobody and costs what the jobs should have. Some are told, the rest is counted.
Rule 2. Failures are counted apart: no crowd of good jobs hides a bad one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from stationd.actors.about import About, extra
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from stationd.runtime.clock import Clock
    from stationd.runtime.live import LiveJob

LOGGER: Final = __name__
log = logging.getLogger(LOGGER)

PER_SECOND: Final = 10.0
BURST: Final = 100.0
_FAILED: Final = JobExecutorStatus.FAILED


class Allowance:
    """So many at once, and so many a second. Pure.

    >>> allowance = Allowance(per_second=1.0, burst=1.0)
    >>> [allowance.take(now) for now in (0.0, 0.5, 0.9, 2.0)]
    [0, None, None, 2]
    """

    __slots__ = ("_burst", "_left", "_per_second", "_refused", "_then")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = self._left = burst
        self._then: float | None = None
        self._refused = 0

    def take(self, now: float) -> int | None:
        """Take one; return how many were refused since the last, or None if there is none left.

        Args:
            now: Seconds that never go back.
        """
        then = now if self._then is None else self._then
        self._then = now
        left = self._left + (now - then) * self._per_second
        if left < 1.0:
            self._left = left
            self._refused += 1
            return None
        self._left = min(left, self._burst) - 1.0
        refused, self._refused = self._refused, 0
        return refused


class Ends:
    """Tells the log how jobs end.

    Args:
        clock: What time it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._good = Allowance(PER_SECOND, BURST)
        self._bad = Allowance(PER_SECOND, BURST)

    def over(self, live: LiveJob) -> None:
        """Say that a job is over."""
        failed = live.job.status is _FAILED
        untold = (self._bad if failed else self._good).take(self._clock.monotonic())
        if untold is not None:
            _tell(live, logging.WARNING if failed else logging.INFO, untold)


def _tell(live: LiveJob, level: int, untold: int) -> None:
    if not log.isEnabledFor(level):
        return
    job, error = live.job, live.job.error
    seconds = max(live.stored_at - live.began_unix_s, 0.0)
    about = About(
        job=job.id,
        attempt=job.attempt,
        ticket=0 if live.ticket is None else live.ticket.number,
        code="" if error is None else error.code.value,
    )
    log.log(
        level,
        "job %s %s after %.3f s%s%s%s",
        job.id,
        job.status,
        seconds,
        f", named {live.spec.name!r}" if live.spec.name else "",
        f": {error}" if error is not None else "",
        f" ({untold} others that ended before it are not told)" if untold else "",
        extra=extra(about),
    )
