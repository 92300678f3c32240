"""What is measured: each figure through the public client and a real daemon process."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from uuid import uuid4

import anyio
import numpy as np
from benchmarks.station import Station, null, running

from stationd import JobExecutorStatus
from stationd.aio import jobs

IN_FLIGHT = 200
"""Submissions under way at the same time."""


async def jobs_per_second(backend: str, count: int = 3_000) -> float:
    """Return how many no-op jobs a second go from submission to READY, one after another."""
    async with running(backend):
        await _through(200)
        begin = time.perf_counter()
        await _through(count)
        seconds = time.perf_counter() - begin
        return count / seconds


async def submit_to_ready_ms(backend: str, count: int = 100) -> float:
    """Return the median time from submission to READY on an idle station, milliseconds."""
    async with running(backend):
        await _through(20)
        seconds: list[float] = []
        for _ in range(count):
            begin = time.perf_counter()
            job = await jobs.submit(null())
            await jobs.wait_for(job)
            seconds.append(time.perf_counter() - begin)
        return statistics.median(seconds) * 1e3


async def idle_gap_us(backend: str, seconds: float, count: int) -> tuple[float, float]:
    """Return the idle gap between jobs, p50 and p99, microseconds.

    The controller's own driver takes the times, of jobs that all wait in the queue.
    """
    async with running(backend) as station:
        await _through(count, seconds)
        await station.stop()
        return gaps_us(station.times)


def gaps_us(path: Path) -> tuple[float, float]:
    """Return p50 and p99 of the gaps between executions, without those of the first tenth."""
    times = np.load(path)
    gaps = (times[1:, 0] - times[:-1, 1])[len(times) // 10 :] * 1e6
    return float(np.percentile(gaps, 50)), float(np.percentile(gaps, 99))


async def status_to_listener_ms(backend: str, count: int = 100) -> float:
    """Return the median time from a fact coming about to a listener having it, milliseconds.

    The daemon stamps a fact before it writes it to the journal, so the commit is part of it.
    """
    async with running(backend):
        await _through(20)
        seconds: list[float] = []
        for _ in range(count):
            job = await jobs.submit(null(0.002))
            ages = [
                time.time() - status.time_unix_s
                async for status in jobs.listen_job_status(job)
                if status.status is JobExecutorStatus.EXECUTION_STARTED
            ]
            seconds += ages
        return statistics.median(seconds) * 1e3


async def cancel_to_rest_ms(backend: str, count: int = 50) -> float:
    """Return the median time from asking for a cancel of a running job to ABORTED, milliseconds."""
    async with running(backend):
        seconds: list[float] = []
        for _ in range(count):
            job = await jobs.submit(null(0.05))
            await jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED)
            begin = time.perf_counter()
            await jobs.cancel(job)
            await jobs.wait_for(job, JobExecutorStatus.ABORTED)
            seconds.append(time.perf_counter() - begin)
        return statistics.median(seconds) * 1e3


async def queue(backend: str, count: int) -> tuple[float, float]:
    """Return the memory of a queued job, KiB, and the time to accept again with all queued, s."""
    async with running(backend) as station:
        await jobs.submit(null(3600.0))
        await _submit(20, 0.0)
        before = _resident_kib(station)
        await _submit(count, 0.0)
        after = _resident_kib(station)
        await station.stop(9)
        begin = time.perf_counter()
        await station.start()
        seconds = time.perf_counter() - begin
        return (after - before) / count, seconds


async def _through(count: int, seconds: float = 0.0) -> None:
    """Run jobs and wait until all are READY: they end in the order of submission."""
    last = await _submit(count, seconds)
    await jobs.wait_for(last)


async def _submit(count: int, seconds: float) -> str:
    work = null(seconds)
    numbers = iter(range(count - 1))

    async def some() -> None:
        for _ in numbers:
            await jobs.submit(work)

    async with anyio.create_task_group() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.start_soon(some)
    last = str(uuid4())
    await jobs.submit(work, id=last)
    return last


def _resident_kib(station: Station) -> int:
    status = Path(f"/proc/{station.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
