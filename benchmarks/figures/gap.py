"""The idle gap: how long an instrument stands still between two jobs that both wait for it."""

from __future__ import annotations

from functools import partial
from typing import Final

import anyio
from benchmarks.bare_controller import back_to_back_us
from benchmarks.bench import Bench
from benchmarks.load import through
from benchmarks.row import Point
from benchmarks.station import running
from benchmarks.stopwatch import gaps_us

BUDGETED: Final = 0.001
"""Seconds of the jobs that the budget is about."""


async def idle_gap(bench: Bench) -> list[Point]:
    """Measure the gap between jobs of each duration, beside a controller that needs no daemon.

    The controller's own driver takes the times, of jobs that all wait in the queue.
    """
    points: list[Point] = []
    for seconds, count in bench.size.gaps:
        bare = partial(back_to_back_us, bench.backend, seconds, count)
        limits = await anyio.to_thread.run_sync(bare)
        async with running(bench.backend) as station:
            await through(count, seconds)
            await station.stop()
            gaps = gaps_us(station.times)
        budgets = (20.0, 1_000.0) if seconds == BUDGETED else (None, None)
        points += [
            Point(f"idle gap, {seconds * 1e3:g} ms jobs, {which}", gap, "us", limit, budget)
            for which, gap, limit, budget in zip(("p50", "p99"), gaps, limits, budgets, strict=True)
        ]
    return points
