"""No-op jobs through all the rungs: many, one, and one that is cancelled."""

from __future__ import annotations

import statistics
import time
from typing import Final

from benchmarks.bench import Bench
from benchmarks.load import null, submit_singly, through
from benchmarks.row import Point
from benchmarks.station import running

from stationd import JobExecutorStatus
from stationd.aio import jobs

MESSAGES: Final = 7
"""Of a job, at the least: Submit, Submitted, Arm, Armed, Started, Finished, Acknowledge."""
WARM_UP: Final = 200


async def jobs_per_second(bench: Bench) -> list[Point]:
    """Measure how many jobs a second go from submission to READY, and what the journal does."""
    count = bench.size.through
    async with running(bench.backend) as station:
        await through(min(count, WARM_UP))
        before = station.metrics()
        begin = time.perf_counter()
        await through(count)
        rate = count / (time.perf_counter() - begin)
        after = station.metrics()
        begin = time.perf_counter()
        await submit_singly(count - 1)
        await jobs.wait_for(await jobs.submit(null()), timeout=None)
        singly = count / (time.perf_counter() - begin)
    records, commits = (
        after[name] - before[name]
        for name in ("stationd_journal_records_total", "stationd_journal_commits_total")
    )
    limit = bench.jobs_per_second(records / count, records / commits, MESSAGES)
    return [
        Point("no-op jobs", rate, "1/s", limit, at_least=5_000.0),
        Point("no-op jobs, submitted one by one", singly, "1/s", limit),
        Point("journal records a job", records / count, ""),
        Point("journal records a commit", records / commits, ""),
    ]


async def one_by_one(bench: Bench) -> list[Point]:
    """Measure the time from submission to READY on an idle station."""
    seconds: list[float] = []
    async with running(bench.backend):
        await through(20)
        for _ in range(bench.size.single):
            begin = time.perf_counter()
            await jobs.wait_for(await jobs.submit(null()))
            seconds.append(time.perf_counter() - begin)
    # The client's and the controller's messages, and what must be durable before it is told.
    limit = 2 * bench.round_trip_ms + 3 * bench.commit_ms
    return [
        Point("submit to READY, p50", p50(seconds), "ms", limit, at_most=5.0),
        Point("submit to READY, p99", p99(seconds), "ms", limit),
    ]


async def status_to_listener(bench: Bench) -> list[Point]:
    """Measure the time from a fact coming about to a listener having it.

    The daemon stamps a fact before it writes it to the journal, so the commit is part of it.
    """
    seconds: list[float] = []
    async with running(bench.backend):
        await through(20)
        for _ in range(bench.size.single):
            job = await jobs.submit(null(0.002))
            seconds += [
                time.time() - status.time_unix_s
                async for status in jobs.listen_job_status(job)
                if status.status is JobExecutorStatus.EXECUTION_STARTED
            ]
    limit = bench.round_trip_ms / 2 + bench.commit_ms
    return [
        Point("status to a listener, p50", p50(seconds), "ms", limit, at_most=1.0),
        Point("status to a listener, p99", p99(seconds), "ms", limit),
    ]


async def cancel_to_rest(bench: Bench) -> list[Point]:
    """Measure the time from asking for a cancel of a running job to ABORTED."""
    seconds: list[float] = []
    async with running(bench.backend):
        for _ in range(bench.size.cancelled):
            job = await jobs.submit(null(3600.0))
            await jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED)
            begin = time.perf_counter()
            await jobs.cancel(job)
            await jobs.wait_for(job, JobExecutorStatus.ABORTED)
            seconds.append(time.perf_counter() - begin)
    limit = 2 * bench.round_trip_ms + 2 * bench.commit_ms
    return [
        Point("cancel to rest, p50", p50(seconds), "ms", limit, at_most=5.0),
        Point("cancel to rest, p99", p99(seconds), "ms", limit),
    ]


def p50(seconds: list[float]) -> float:
    """Return the median in milliseconds."""
    return statistics.median(seconds) * 1e3


def p99(seconds: list[float]) -> float:
    """Return what one in a hundred exceeds, in milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1e3
