"""A line for the end of every job, as long as there are not too many of them.

Rule 1. A busy station ends thousands of jobs in a second, and a log that tells each of them is
        read by nobody and costs what the jobs should have. Some are told, the rest is counted.
Rule 2. Failures are counted apart: no crowd of good jobs hides a bad one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from stationd.actors.about import About, extra
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from stationd.actors.job import Job
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


class _End(NamedTuple):
    """How a job has ended, as far as it is told."""

    job: Job
    name: str
    ticket: int
    seconds: float
    untold: int
    """Others that ended before it and are not told."""


class Ends:
    """Tells the log how jobs end.

    Args:
        clock: What time it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._good = Allowance(PER_SECOND, BURST)
        self._bad = Allowance(PER_SECOND, BURST)
        self._ended: list[_End] = []

    def over(self, live: LiveJob) -> None:
        """Take note of the end of a job, as it is now: another attempt may begin soon."""
        failed = live.job.status is _FAILED
        untold = (self._bad if failed else self._good).take(self._clock.monotonic())
        if untold is not None:
            ticket = 0 if live.ticket is None else live.ticket.number
            seconds = max(live.stored_at - live.began_unix_s, 0.0)
            self._ended.append(_End(live.job, live.spec.name, ticket, seconds, untold))

    def tell(self) -> None:
        """Say what has been noted."""
        ended, self._ended = self._ended, []
        for end in ended:
            _tell(end)


def _tell(end: _End) -> None:
    job, error = end.job, end.job.error
    level = logging.WARNING if job.status is _FAILED else logging.INFO
    if not log.isEnabledFor(level):
        return
    about = About(
        job=job.id,
        attempt=job.attempt,
        ticket=end.ticket,
        code="" if error is None else error.code.value,
    )
    log.log(
        level,
        "job %s %s after %.3f s%s%s%s",
        job.id,
        job.status,
        end.seconds,
        f", named {end.name!r}" if end.name else "",
        f": {error}" if error is not None else "",
        f" ({end.untold} others that ended before it are not told)" if end.untold else "",
        extra=extra(about),
    )
