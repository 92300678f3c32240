"""Many of a thing in one job, or in one station: circuits, controllers, spots of a sweep."""

from __future__ import annotations

import time
from typing import Final

from benchmarks.bench import Bench
from benchmarks.load import null, submit_all
from benchmarks.row import Point
from benchmarks.settable import Settable
from benchmarks.station import running

from stationd import Axis, Circuits, JobExecutorStatus, OpenQasm, Sweep
from stationd.aio import jobs

_QPU: Final = """
[controllers.qpu]
driver = "simulated-qpu"
[controllers.qpu.options]
qubits = 5
time_per_shot = 0.0
[targets.qpu]
controller = "qpu"
"""
_NULL: Final = """
[controllers.c{number}]
driver = "null"
[targets.t{number}]
controller = "c{number}"
"""
_SETTABLE: Final = """
[controllers.{name}]
driver = "benchmarks.settable:Settable"
"""
_BELL: Final = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
rz({angle}) q[0];
h q[0];
cx q[0], q[1];
c = measure q;
"""
SHOTS: Final = 100
WARM_UP: Final = 4


async def circuits(bench: Bench) -> list[Point]:
    """Measure a job of many circuits, no two of them equal, and one of a single circuit."""
    count = bench.size.circuits
    async with running(bench.backend, _QPU, prewarm=True):
        # Workers import Qiskit first; that is not what this is about.
        for number in range(WARM_UP):
            await jobs.wait_for(await jobs.submit(_circuits(1, number + 10.0)))
        one = await _seconds(_circuits(1, 20.0))
        all_of_them = await _seconds(_circuits(count, 0.0))
    return [
        Point(f"job of {count} circuits, submit to READY", all_of_them, "s"),
        Point("job of 1 circuit, submit to READY", one, "s"),
    ]


def _circuits(count: int, first: float) -> Circuits:
    programs = [OpenQasm(source=_BELL.format(angle=first + n * 1e-3)) for n in range(count)]
    return Circuits(programs=tuple(programs), n_shots=(SHOTS,) * count)


async def _seconds(work: Circuits) -> float:
    begin = time.perf_counter()
    await jobs.wait_for(await jobs.submit(work), timeout=None)
    return time.perf_counter() - begin


async def controllers(bench: Bench) -> list[Point]:
    """Measure no-op jobs a second over many controllers, each a process of its own."""
    count, work = bench.size.controllers, bench.size.over_controllers
    tables = "".join(_NULL.replace("{number}", str(number)) for number in range(count))
    async with running(bench.backend, tables) as station:
        await _over(count, 2 * count)
        begin = time.perf_counter()
        await _over(count, work)
        seconds = time.perf_counter() - begin
        memory = station.memory_kib() / 1024
    return [
        Point(f"no-op jobs, {count} controllers", work / seconds, "1/s"),
        Point(f"daemon's memory, {count} controllers", memory, "MiB"),
    ]


async def _over(controllers: int, count: int) -> None:
    """Submit jobs to all targets in turn, and wait until the last one of each is over."""
    targets = [f"t{number}" for number in range(controllers)]
    await submit_all([null(target=targets[n % controllers]) for n in range(count)])
    last = [await jobs.submit(null(target=target)) for target in targets]
    for job in last:
        await jobs.wait_for(job)


async def sweep(bench: Bench) -> list[Point]:
    """Measure what a spot takes of a sweep over instruments that take no time themselves."""
    points = [await _alone(bench)]
    for others in (1, 3):
        names = ["master", *(f"other{number}" for number in range(others))]
        tables = "".join(_SETTABLE.replace("{name}", name) for name in names)
        async with running(bench.backend, tables):
            await _spot_us(names, 20)
            each = await _spot_us(names, bench.size.spots)
            in_lines = await _in_lines_us(names, bench.size.lines, bench.size.spots)
        points.append(
            # At every spot all are told to set and say so, and then one to read and say so.
            Point(
                f"time a spot, {len(names)} controllers",
                each,
                "us",
                2 * 1e3 * bench.round_trip_ms,
            )
        )
        spots = bench.size.lines * bench.size.spots
        name = f"time a spot in lines, {len(names)} controllers"
        points.append(Point(name, in_lines, "us", _bare_us(spots)))
    return points


async def _alone(bench: Bench) -> Point:
    """Measure a sweep within one controller: no message goes out for a spot."""
    spots = bench.size.spots_alone
    async with running(bench.backend, _SETTABLE.replace("{name}", "alone")):
        await _spot_us(["alone"], 20)
        each = await _spot_us(["alone"], spots)
    return Point("time a spot, 1 controller", each, "us", _bare_us(spots))


def _bare_us(spots: int) -> float:
    """Return what the driver takes itself: a loop that sets and reads, and does nothing else."""
    driver = Settable()
    values = [float(number) for number in range(spots)]
    begin = time.perf_counter()
    readings = []
    for value in values:
        driver.set("x", value)
        readings.append(driver.read("y"))
    return (time.perf_counter() - begin) / spots * 1e6


async def _spot_us(names: list[str], spots: int) -> float:
    axes = tuple(_axis(name, spots) for name in names)
    return await _swept_us(Sweep(axes=(axes,), returns=(f"{names[0]}.y",)))


async def _in_lines_us(names: list[str], lines: int, spots: int) -> float:
    """Measure a sweep in which all but the first controller step once a line."""
    slow = tuple(_axis(name, lines) for name in names[1:])
    fast = (_axis(names[0], spots),)
    return await _swept_us(Sweep(axes=(slow, fast), returns=(f"{names[0]}.y",)))


def _axis(controller: str, steps: int) -> Axis:
    return Axis(f"{controller}.x", tuple(map(float, range(steps))))


async def _swept_us(sweep: Sweep) -> float:
    job = await jobs.submit(sweep=sweep)
    await jobs.wait_for(job)
    times = {entry.status: entry.time_unix_s for entry in (await jobs.view(job)).timeline}
    begin, end = JobExecutorStatus.EXECUTION_STARTED, JobExecutorStatus.EXECUTION_ENDED
    return (times[end] - times[begin]) / sweep.spots * 1e6
