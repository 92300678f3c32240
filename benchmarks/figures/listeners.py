"""Many who listen to all jobs, each on a connection of its own."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio
from benchmarks.bench import Bench
from benchmarks.load import null, through
from benchmarks.other_process import Other
from benchmarks.plain_fan_out import frames_per_second
from benchmarks.row import Point
from benchmarks.station import Station, running

from stationd import JobExecutorStatus
from stationd.aio import jobs

FACTS: Final = len(JobExecutorStatus) - 2
"""Of a job that ends well: it has stood on every rung but FAILED and ABORTED."""
PROCESSES: Final = 4
PACED: Final = 20
"""Jobs, one after another, whose facts go to very many listeners."""


@dataclass(frozen=True, slots=True)
class _FanOut:
    """What came of telling many of many jobs."""

    heard: list[dict[str, float]]
    """By process of listeners."""
    events: float
    """Deliveries, all together."""
    rate: float
    """Of these a second."""
    lost: float
    cpu: float
    """Seconds of the daemon."""


async def deliveries(bench: Bench) -> list[Point]:
    """Measure deliveries a second while jobs come as fast as they can, and count the lost ones."""
    listeners = bench.size.listeners
    got = await _fan_out(bench, "ends")
    frames = sum(one["frames"] for one in got.heard)
    size = round(statistics.mean(one["bytes a frame"] for one in got.heard))
    plain = await anyio.to_thread.run_sync(frames_per_second, listeners, size)
    limit = plain * got.events / frames
    to = f"to {listeners} listeners"
    return [
        Point(f"deliveries {to}", got.rate, "1/s", limit, at_least=1_000_000.0),
        Point(f"deliveries {to}, lost", got.lost, "", at_most=0.0),
        Point(f"deliveries {to}, events a frame", got.events / frames, ""),
        Point(f"deliveries {to}, daemon's CPU each", got.cpu / got.events * 1e6, "us"),
    ]


async def looked_at(bench: Bench) -> list[Point]:
    """Measure the same with listeners that decode every fact and compare it with the last."""
    got = await _fan_out(bench, "each")
    to = f"to {bench.size.listeners} listeners, each looked at"
    return [
        Point(f"deliveries {to}", got.rate, "1/s"),
        Point(f"deliveries {to}, lost", got.lost, "", at_most=0.0),
    ]


async def _fan_out(bench: Bench, look: str) -> _FanOut:
    listeners, count = bench.size.listeners, bench.size.listened
    async with running(bench.backend) as station:
        await through(50)
        async with _listening(station, listeners, count * FACTS, 2, look) as others:
            begin, used = time.monotonic(), station.cpu_seconds()
            await through(count)
            heard = [await other.heard("done") for other in others]
            used = station.cpu_seconds() - used
    events = sum(one["events"] for one in heard)
    seconds = max(one["last"] for one in heard) - begin
    lost = _lost(listeners * count * FACTS, heard)
    return _FanOut(heard, events, events / seconds, lost, used)


async def very_many(bench: Bench) -> list[Point]:
    """Measure what a thousand listeners cost, and when the last of them knows."""
    listeners = bench.size.many_listeners
    async with running(bench.backend) as station:
        await through(50)
        before = station.memory_kib()
        async with _listening(station, listeners, PACED * FACTS, PROCESSES, "ends") as others:
            for _ in range(PACED):
                await jobs.wait_for(await jobs.submit(null()))
            heard = [await other.heard("done") for other in others]
            memory = (station.memory_kib() - before) / listeners
    ages: dict[str, float] = {}
    for one in heard:
        for name, age in one.items():
            if name.startswith("age "):
                ages[name] = max(age, ages.get(name, 0.0))
    expected = listeners * PACED * FACTS
    last_ms = statistics.median(ages.values()) * 1e3
    to = f"{listeners:,} listeners"
    return [
        Point(f"status to the last of {to}, p50", last_ms, "ms"),
        Point(f"memory a listener, {to}", memory, "KiB"),
        Point(f"deliveries to {to}, lost", _lost(expected, heard), "", at_most=0.0),
    ]


def _lost(expected: int, heard: Sequence[dict[str, float]]) -> float:
    """Return how many deliveries are missing, or came twice or out of order."""
    return abs(expected - sum(one["events"] for one in heard)) + sum(
        one["disordered"] for one in heard
    )


@asynccontextmanager
async def _listening(
    station: Station, listeners: int, events: int, processes: int, look: str
) -> AsyncIterator[list[Other]]:
    """Start listeners in some processes, and wait until all of them listen."""
    async with AsyncExitStack() as stack:
        others = [
            await stack.enter_async_context(
                Other("listener", station.endpoint, listeners // processes, events, look)
            )
            for _ in range(processes)
        ]
        for other in others:
            await other.heard("ready")
        yield others
