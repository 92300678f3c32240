"""The journal's two processes alone: facts a second in group commits, and one durable write."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
from benchmarks.row import Point

from benchmarks import plain_sqlite
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.interface import Commit, Journal
from stationd.runtime.journal.records import Fact, JobStored, Record
from stationd.runtime.journal.sqlite import open_journal

IN_FLIGHT: Final = 1_000
RUNGS: Final = [s for s in JobExecutorStatus if s.name not in {"FAILED", "ABORTED"}]
SPEC: Final = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
WRITES: Final = 300


async def measure(jobs: int) -> list[Point]:
    """Measure the journal on the event loop that this runs in."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_journal(Path(folder)) as journal:
            begun = time.perf_counter()
            await _run_jobs(journal, jobs)
            rate = jobs * len(RUNGS) / (time.perf_counter() - begun)
            statistic = journal.statistics()
            batch = round(statistic.records / statistic.commits)
            alone = await _write_ms(journal, jobs + 1)
    return [
        Point("journalled facts", rate, "1/s", plain_sqlite.rows_per_second(batch)),
        Point("facts a commit", batch, ""),
        Point("durable write, p50", alone, "ms", plain_sqlite.commit_ms()),
    ]


async def _run_jobs(journal: Journal, count: int) -> None:
    """Let every job write its next fact when the last one is durable, as the daemon's jobs do."""
    over = anyio.Event()
    left = count
    numbers = iter(range(1, count + 1))

    def begin() -> None:
        if (number := next(numbers, None)) is not None:
            job = JobId(str(uuid4()))
            journal.write([JobStored(number, job, "qpu", SPEC, 0.5)], _next(number, job, 1))

    def _next(number: int, job: JobId, ordinal: int) -> Callable[[Commit], None]:
        def committed(_: Commit) -> None:
            nonlocal left
            if ordinal < len(RUNGS):
                fact = Fact(number, job, ordinal + 1, 1, RUNGS[ordinal], 0.5)
                journal.write([fact], _next(number, job, ordinal + 1))
                return
            left -= 1
            begin()
            if left == 0:
                over.set()

        return committed

    for _ in range(min(count, IN_FLIGHT)):
        begin()
    await over.wait()


async def _write_ms(journal: Journal, number: int) -> float:
    """Return the median time of one durable write on an idle loop, milliseconds."""
    job = JobId(str(uuid4()))
    await _durable(journal, JobStored(number, job, "qpu", SPEC, 0.5))
    seconds = [
        await _durable(journal, Fact(number, job, ordinal, 1, RUNGS[1], 0.5))
        for ordinal in range(2, WRITES)
    ]
    return statistics.median(seconds) * 1e3


async def _durable(journal: Journal, record: Record) -> float:
    """Return how many seconds one write took."""
    durable = anyio.Event()
    begun = time.perf_counter()
    journal.write([record], lambda _: durable.set())
    await durable.wait()
    return time.perf_counter() - begun
