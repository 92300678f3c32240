"""What a station looks like at one moment, and how it has changed over the last ones: pure."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.client.station.station import StationRef
from stationd.proto.job import JobView
from stationd.proto.jobs_protocol import ControllerView, TargetView
from stationd.proto.station_requests import Overview

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SAMPLES_KEPT: Final = 61
"""The rates between them fill a minute, a second apart."""
_RATE_SAMPLES: Final = 6
"""Of the newest, from which the present rate is told."""


class Sample(Struct, frozen=True, kw_only=True):
    """A station at one moment."""

    station: StationRef
    overview: Overview
    controllers: tuple[ControllerView, ...]
    targets: tuple[TargetView, ...]
    next: tuple[JobView, ...]
    """The jobs that are at the controllers or go next, in the queue's order."""
    newest: tuple[JobView, ...]
    """The newest jobs, the newest first."""


class Pulse:
    """The last minute of a station."""

    def __init__(self) -> None:
        self._samples: deque[Overview] = deque(maxlen=SAMPLES_KEPT)

    def add(self, overview: Overview) -> None:
        """Take what was seen; the memory of an earlier daemon is dropped."""
        last = self._samples[-1] if self._samples else None
        if last is not None and last.since_unix_s != overview.since_unix_s:
            self._samples.clear()
        self._samples.append(overview)

    def jobs_per_second(self) -> float | None:
        """Return how many attempts end in a second now; None if that is not known yet."""
        return _rate(list(self._samples)[-_RATE_SAMPLES:], _ended)

    def commits_per_second(self) -> float | None:
        """Return how many commits the journal makes in a second now; None if not known yet."""
        return _rate(list(self._samples)[-_RATE_SAMPLES:], lambda overview: overview.commits)

    def history(self) -> list[float]:
        """Return the jobs per second between all that was seen, the newest last."""
        rates = [_rate(pair, _ended) for pair in pairwise(self._samples)]
        return [rate for rate in rates if rate is not None]


def _rate(samples: Sequence[Overview], count: Callable[[Overview], int]) -> float | None:
    if len(samples) < 2:  # noqa: PLR2004 - a difference takes two
        return None
    first, last = samples[0], samples[-1]
    seconds = last.time_unix_s - first.time_unix_s
    return (count(last) - count(first)) / seconds if seconds > 0 else None


def _ended(overview: Overview) -> int:
    return sum(overview.ended.values())
