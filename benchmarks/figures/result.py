"""A large result: from the instrument to the disk and on to the client, and what it takes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.bench import Bench
from benchmarks.row import Point
from benchmarks.settable import TRACE_POINTS
from benchmarks.station import running

from stationd import Axis, Sweep, SweepData
from stationd.aio import jobs

_TABLES: Final = """
[controllers.scope]
driver = "benchmarks.settable:Settable"
"""


async def large_results(bench: Bench) -> list[Point]:
    """Measure sweeps that read one MiB at every spot, and fetch what they gave."""
    count, mib = bench.size.results
    made = fetched = 0.0
    async with running(bench.backend, _TABLES) as station:
        before = station.memory_kib() / 1024
        for _ in range(count):
            begin = time.perf_counter()
            # Its encoding, and the axis, take some bytes too.
            job = await _read_traces(mib - 1)
            ready = time.perf_counter()
            await _fetch(job, mib - 1)
            made += ready - begin
            fetched += time.perf_counter() - ready
        peak = station.memory_kib("VmHWM") / 1024
    name = f"{count} results of {mib} MiB"
    return [
        Point(f"{name}, submit to READY", count * mib / made, "MiB/s"),
        Point(f"{name}, download", count * mib / fetched, "MiB/s"),
        Point(f"{name}, daemon's peak memory", peak - before, "MiB"),
    ]


async def loading(bench: Bench) -> list[Point]:
    """Measure how long it takes to have a sweep's numbers at hand, beside reading them from a file.

    Neither is in memory before: what the disk gives is what both can have.
    """
    spots = -(-bench.size.points // TRACE_POINTS)
    async with running(bench.backend, _TABLES) as station:
        job = await _read_traces(spots)
        stored = station.folder / "state" / "artifacts" / job / "1-0"
        _forget(stored)
        begin = time.perf_counter()
        (result,) = await jobs.results(job)
        assert isinstance(result, jobs.ResultRef)
        data = await result.download_result()
        assert isinstance(data, SweepData)
        total = float(data["scope.trace"].sum())
        loaded = time.perf_counter() - begin
        _forget(stored)
        begin = time.perf_counter()
        there = np.fromfile(stored, dtype=np.uint8)
        limit = time.perf_counter() - begin
        assert there.nbytes > data["scope.trace"].nbytes
        assert total > 0
    points = spots * TRACE_POINTS
    return [Point(f"sweep of {points:,} points, READY to numbers", loaded, "s", limit)]


def _forget(file: Path) -> None:
    """Let the kernel keep nothing of a file that is on the disk."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


async def _read_traces(spots: int) -> str:
    axis = Axis("scope.x", tuple(float(number) for number in range(spots)))
    job = await jobs.submit(sweep=Sweep(axes=((axis,),), returns=("scope.trace",)))
    await jobs.wait_for(job, timeout=None)
    return job.id


async def _fetch(job: str, spots: int) -> None:
    """Download the result of a job, and look whether it is right."""
    (result,) = await jobs.results(job)
    assert isinstance(result, jobs.ResultRef)
    data = await result.download_result()
    assert isinstance(data, SweepData)
    assert np.array_equal(data["scope.trace"][:, 1], np.arange(spots) + 1.0)
