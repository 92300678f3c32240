"""A queue that is full: its memory, a restart with it, and how clients fare while it fills."""

from __future__ import annotations

import signal
import time
from typing import Final

import anyio
from benchmarks.bench import Bench
from benchmarks.figures.through import p50, p99
from benchmarks.load import held, null, submit
from benchmarks.other_process import Other
from benchmarks.row import Point
from benchmarks.station import Station, running

from stationd.aio import jobs

RESTARTS: Final = 3
PING_SECONDS: Final = 0.001
"""Between an answer and the next ping."""


async def memory_and_restart(bench: Bench) -> list[Point]:
    """Measure the memory of a queued job, and the time to accept again with all of them queued."""
    count = bench.size.queued
    points: list[Point] = []
    async with running(bench.backend) as station, held():
        await submit(20)
        before = station.memory_kib()
        begin = time.perf_counter()
        await submit(count)
        rate = count / (time.perf_counter() - begin)
        await _queued(station, count)
        memory = (station.memory_kib() - before) / count
        points += [
            Point(f"memory a job, {count:,} queued", memory, "KiB", at_most=4.0),
            Point(f"submissions, up to {count:,} queued", rate, "1/s"),
        ]
        for _ in range(RESTARTS):
            await station.stop(signal.SIGKILL)
            begin = time.perf_counter()
            await station.start()
            # Who accepts says so by storing a job.
            await jobs.submit(null())
            seconds = time.perf_counter() - begin
            points.append(Point(f"restart, {count:,} unfinished", seconds, "s", at_most=5.0))
    return points


async def _queued(station: Station, count: int) -> None:
    """Wait until jobs are in the queue; nobody tells, so one asks."""
    while station.metrics()["stationd_queue_jobs"] < count:  # noqa: ASYNC110 - see above
        await anyio.sleep(0.1)


async def ping_while_submitting(bench: Bench) -> list[Point]:
    """Measure how long a ping takes while another client submits jobs as fast as it can."""
    seconds: list[float] = []
    async with running(bench.backend) as station, held():
        await jobs.ping()
        async with Other("submitter", station.endpoint, bench.size.pinged) as other:
            await other.heard("ready")
            await other.say("go")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_ping_for_ever, seconds)
                await other.heard("done")
                tasks.cancel_scope.cancel()
    name = f"ping during {bench.size.pinged:,} submissions"
    return [
        Point(f"{name}, p50", p50(seconds), "ms", bench.round_trip_ms),
        Point(f"{name}, p99", p99(seconds), "ms", bench.round_trip_ms, at_most=5.0),
    ]


async def _ping_for_ever(seconds: list[float]) -> None:
    while True:
        begin = time.perf_counter()
        await jobs.ping()
        seconds.append(time.perf_counter() - begin)
        await anyio.sleep(PING_SECONDS)
