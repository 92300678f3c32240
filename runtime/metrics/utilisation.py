"""What each controller's time was spent on: what the lab pays for, second by second.

Rule 1. Every second since the daemon's start belongs to one use, so a controller's uses add up to
        the time that has passed.
Rule 2. The loop replaces a controller's record as a whole; whoever scrapes takes one whole record
        and adds what has passed since, so nothing is locked and nothing is torn.
Rule 3. What was told once never falls: Prometheus would take that for a restart.
"""

from __future__ import annotations

import time
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from stationd.runtime.histogram import PlainHistogram

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

GAP_SECONDS: Final = (
    0.00001,
    0.00002,
    0.00005,
    0.0001,
    0.0003,
    0.001,
    0.003,
    0.01,
    0.03,
    0.1,
    1.0,
    10.0,
)


class Use(StrEnum):
    """What a controller's time is spent on."""

    RUNNING = "running"
    """The instrument is at work."""
    ARMED = "armed"
    """It has a ticket and is not at work: it waits for a start, or for the job's other
    controllers."""
    IDLE_WITH_WORK = "idle_with_work"
    """It has no ticket, although jobs wait for it."""
    IDLE_WITHOUT_WORK = "idle_without_work"
    """Nothing waits for it."""
    ABSENT = "absent"
    """It is not connected."""
    QUARANTINED = "quarantined"
    """It did not come to rest, and gets no work."""


_USES: Final = tuple(Use)
Seconds = tuple[float, ...]
"""By use, in the order of `Use`."""


class _Record(NamedTuple):
    use: Use
    since: float
    """Monotonic seconds."""
    spent: Seconds
    """Before that."""

    def at(self, now: float) -> Seconds:
        passed = max(0.0, now - self.since)
        return tuple(
            spent + passed if use is self.use else spent
            for use, spent in zip(_USES, self.spent, strict=True)
        )


class Utilisation:
    """The time of all controllers.

    Args:
        controllers: Their names.
        monotonic: Tells the time, in seconds that never go back.
    """

    def __init__(
        self, controllers: Iterable[str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        now = monotonic()
        nothing = (0.0,) * len(_USES)
        self._monotonic = monotonic
        self._records = {name: _Record(Use.ABSENT, now, nothing) for name in controllers}
        self._told = dict.fromkeys(self._records, nothing)
        self._telling = Lock()
        self.gaps = {name: PlainHistogram(GAP_SECONDS) for name in self._records}
        """Seconds from the end of one ticket to the start of the next that was there already."""
        self.look: Callable[[], None] = _nobody_looks
        """Looks at once what the controllers are used for."""

    def keep_time(self, monotonic: Callable[[], float]) -> None:
        """Begin anew, by another clock."""
        self._monotonic = monotonic
        now = monotonic()
        for name, record in self._records.items():
            self._records[name] = record._replace(since=now)

    def note(self, controller: str, use: Use) -> None:
        """Take note of what a controller is used for from now on."""
        record = self._records[controller]
        if record.use is not use:
            now = self._monotonic()
            self._records[controller] = _Record(use, now, record.at(now))

    def use(self, controller: str) -> Use:
        """Return what a controller is used for."""
        return self._records[controller].use

    def seconds(self) -> dict[str, Seconds]:
        """Return what every controller's time was spent on until now; from any thread."""
        with self._telling:
            for name, record in self._records.items():
                # The record first, the time after it: never a time before the record began.
                now = record.at(self._monotonic())
                before = self._told[name]
                self._told[name] = tuple(map(max, before, now))
            return dict(self._told)


def _nobody_looks() -> None:
    """Nothing is known of the controllers yet."""
