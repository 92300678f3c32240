"""One more job in a station whose journal holds very many that are over."""

from __future__ import annotations

import atexit
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from benchmarks.bench import Bench
from benchmarks.figures.through import p50
from benchmarks.fill import fill
from benchmarks.load import null, through
from benchmarks.row import Point
from benchmarks.station import Station, new_folder, running

from stationd.aio import jobs

LISTED: Final = 20
BURSTS: Final = 5
"""The median of them is told: single ones differ by a quarter."""
IN_A_BURST: Final = 3
"""Times as many jobs as go one by one."""
Action = Callable[[], Awaitable[object]]
_FILLED: Final[dict[int, Path]] = {}
"""By the number of jobs: a station's folder. Filling takes long, so both event loops use it."""


async def one_more(bench: Bench) -> list[Point]:
    """Measure what one more job costs, and a look at those that there are."""
    points: list[Point] = []
    for count in bench.size.stored:
        if count not in _FILLED:
            _FILLED[count] = await _filled(count)
        begin = time.perf_counter()
        async with running(bench.backend, at=_FILLED[count]) as station:
            started = time.perf_counter() - begin
            points += await _look(station, bench, count)
        points.append(Point(f"daemon's start, {count:,} stored", started * 1e3, "ms"))
    return points


async def _look(station: Station, bench: Bench, count: int) -> list[Point]:
    single = bench.size.single // 2
    await through(20)
    alone, listed, shown = list[float](), list[float](), list[float]()
    found = await jobs.get_all().list(LISTED)
    for turn in range(single):
        alone.append(await _timed(_run_one))
        listed.append(await _timed(partial(jobs.get_all(name_like="").list, LISTED)))
        shown.append(await _timed(partial(jobs.view, found[turn % len(found)])))
    burst, used = IN_A_BURST * single, station.cpu_seconds()
    rate = burst / statistics.median([await _timed(partial(through, burst)) for _ in range(BURSTS)])
    each = (station.cpu_seconds() - used) / (BURSTS * burst)
    return [
        Point(f"submit to READY, {count:,} stored, p50", p50(alone), "ms"),
        Point(f"no-op jobs, {count:,} stored", rate, "1/s"),
        Point(f"daemon's CPU a job, {count:,} stored", each * 1e3, "ms"),
        Point(f"list of {LISTED}, {count:,} stored, p50", p50(listed), "ms", at_most=10.0),
        Point(f"one job's story, {count:,} stored, p50", p50(shown), "ms", at_most=10.0),
    ]


async def _timed(action: Action) -> float:
    begin = time.perf_counter()
    await action()
    return time.perf_counter() - begin


async def _run_one() -> None:
    await jobs.wait_for(await jobs.submit(null()))


async def _filled(count: int) -> Path:
    """Return the folder of a station whose journal has so many finished jobs."""
    at = new_folder()
    atexit.register(at.cleanup)
    folder = Path(at.name)
    await anyio.to_thread.run_sync(fill, folder / "state", count)
    return folder
