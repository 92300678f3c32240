"""All that is measured, and how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from benchmarks.bench import Bench
from benchmarks.figures import (
    full_queue,
    gap,
    listeners,
    many,
    result,
    start,
    stored,
    through,
)
from benchmarks.row import Point

from benchmarks import journal

Measure = Callable[[Bench], Awaitable[list[Point]]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement, which gives one row or several."""

    name: str
    measure: Measure
    most_runs: int = 100
    """For what takes long; what it does several times within a run has a spread all the same."""
    times: int = 1
    """Runs for each that is asked for, where single runs differ much."""

    def runs(self, asked: int) -> int:
        """Return how often it is measured if so many runs of each figure are asked for."""
        return min(asked * self.times, self.most_runs)


async def _journal(bench: Bench) -> list[Point]:
    return await journal.measure(bench.size.through)


FIGURES: Final = (
    Figure("no-op jobs", through.jobs_per_second),
    Figure("submit to READY", through.one_by_one),
    # A core that has slept is slow in one of two ways.
    Figure("idle gap", gap.idle_gap, times=3),
    Figure("status to a listener", through.status_to_listener),
    Figure("cancel to rest", through.cancel_to_rest),
    Figure("full queue", full_queue.memory_and_restart, 1),
    Figure("ping", full_queue.ping_while_submitting),
    Figure("deliveries", listeners.deliveries),
    Figure("deliveries, each looked at", listeners.looked_at),
    Figure("many listeners", listeners.very_many, 2),
    Figure("controllers", many.controllers, 2),
    Figure("circuits", many.circuits, 2),
    Figure("sweep", many.sweep),
    Figure("stored jobs", stored.one_more, 1),
    Figure("results", result.large_results, 1),
    Figure("loading", result.loading),
    Figure("start", start.start_up),
    Figure("scrape", start.scrape),
    Figure("journal", _journal),
)
