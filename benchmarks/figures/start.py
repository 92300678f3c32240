"""How long programs take to start, and what it costs to be watched."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import anyio
from benchmarks.bench import Bench
from benchmarks.figures.through import p50
from benchmarks.load import through
from benchmarks.row import Point
from benchmarks.station import environment, running

STATIONCTL: Final = str(Path(sys.executable).with_name("stationctl"))
PATIENCE: Final = 60.0


async def start_up(bench: Bench) -> list[Point]:
    """Measure `stationctl` and the daemon from their start; the limit is Python's own start."""
    count = bench.size.starts
    python = await _command_ms(count, [sys.executable, "-c", ""])
    version = await _command_ms(count, [STATIONCTL, "--version"])
    daemon: list[float] = []
    async with running(bench.backend) as station:
        await through(50)
        listed = await _command_ms(count, [STATIONCTL, "--station", station.endpoint, "list"])
        for _ in range(count):
            await station.stop()
            begin = time.perf_counter()
            await station.start()
            daemon.append(time.perf_counter() - begin)
    return [
        Point("stationctl --version", version, "ms", python, at_most=150.0),
        Point("stationctl list", listed, "ms", python, at_most=250.0),
        Point("daemon's start to accepting", p50(daemon), "ms", python, at_most=1_000.0),
    ]


async def _command_ms(count: int, command: list[str]) -> float:
    seconds: list[float] = []
    # Once more than is counted: then the disk is read and the bytecode is there.
    for _ in range(1 + count):
        begin = time.perf_counter()
        with anyio.fail_after(PATIENCE):
            await anyio.run_process(command, stdin=subprocess.DEVNULL, env=environment())
        seconds.append(time.perf_counter() - begin)
    return p50(seconds[1:])


async def scrape(bench: Bench) -> list[Point]:
    """Measure what a scrape of the metrics takes, and what of it the daemon computes."""
    seconds: list[float] = []
    async with running(bench.backend) as station:
        await through(200)
        station.scrape()
        before = station.cpu_seconds()
        for _ in range(bench.size.scrapes):
            begin = time.perf_counter()
            await anyio.to_thread.run_sync(station.scrape)
            seconds.append(time.perf_counter() - begin)
        used = station.cpu_seconds() - before
    return [
        Point("metrics scrape, p50", p50(seconds), "ms"),
        Point("metrics scrape, daemon's CPU", used / bench.size.scrapes * 1e3, "ms"),
    ]
