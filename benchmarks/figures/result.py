"""A large result: from the instrument to the disk and on to the client, and what it takes."""

from __future__ import annotations

import time
from typing import Final

import numpy as np
from benchmarks.bench import Bench
from benchmarks.row import Point
from benchmarks.station import running

from stationd import Axis, Sweep, SweepData
from stationd.aio import jobs

_TABLES: Final = """
[controllers.scope]
driver = "benchmarks.settable:Settable"
"""


async def large_result(bench: Bench) -> list[Point]:
    """Measure a sweep that reads one MiB at every spot, and fetch what it gave."""
    mib = bench.size.result_mib
    async with running(bench.backend, _TABLES) as station:
        before = station.memory_kib() / 1024
        begin = time.perf_counter()
        axis = Axis("scope.x", tuple(float(number) for number in range(mib)))
        job = await jobs.submit(sweep=Sweep(axes=((axis,),), returns=("scope.trace",)))
        await jobs.wait_for(job, timeout=None)
        ready = time.perf_counter()
        (result,) = await jobs.results(job)
        assert isinstance(result, jobs.ResultRef)
        data = await result.download_result()
        fetched = time.perf_counter()
        peak = station.memory_kib("VmHWM") / 1024
    assert isinstance(data, SweepData)
    trace = data["scope.trace"]
    assert trace.nbytes >= mib << 20
    assert np.array_equal(trace[:, 1], np.arange(mib) + 1.0)
    return [
        Point(f"result of {mib:,} MiB, submit to READY", mib / (ready - begin), "MiB/s"),
        Point(f"result of {mib:,} MiB, download", mib / (fetched - ready), "MiB/s"),
        Point(f"result of {mib:,} MiB, daemon's peak memory", peak - before, "MiB"),
    ]
