"""A histogram that the hot path can afford: one search and two additions.

Prometheus' own takes a lock for every sum and every bucket, a tenth of what a short job costs.
Here one thread observes; whoever scrapes may miss the observation that is just being made.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prometheus_client.core import HistogramMetricFamily


class PlainHistogram:
    """How often a value fell between which bounds.

    Args:
        bounds: The buckets' upper bounds, ascending; a last one without a bound follows.
    """

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def add_to(self, family: HistogramMetricFamily, labels: Sequence[str] = ()) -> None:
        """Add what has been counted to what Prometheus is given."""
        names = [*(f"{bound!r}" for bound in self._bounds), "+Inf"]
        counts = accumulate(self._counts)
        family.add_metric(labels, [*zip(names, counts, strict=True)], self._total)
