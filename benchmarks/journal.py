"""What the journal can do: facts a second in group commits, and how long one write takes."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypedDict
from uuid import uuid4

import anyio

from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.interface import Commit, Journal
from stationd.runtime.journal.records import Fact, JobStored, Record
from stationd.runtime.journal.sqlite import open_journal

JOBS: Final = 4_000
IN_FLIGHT: Final = 1_000
RUNGS: Final = [s for s in JobExecutorStatus if s.name not in {"FAILED", "ABORTED"}]
SPEC: Final = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
BACKENDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"use_uvloop": True}),
    "trio": ("trio", {}),
}


class Row(TypedDict):
    """One figure."""

    name: str
    backend: str
    value: float
    unit: str
    limit: float | None
    """What the machine gave without us; None if there is no such figure."""


def measure(backend: str) -> list[Row]:
    """Measure the journal on ``asyncio``, ``uvloop`` or ``trio``."""
    name, options = BACKENDS[backend]
    with tempfile.TemporaryDirectory() as folder:
        raw = raw_rows_per_second(Path(folder) / "raw.sqlite", 1_000)
        alone = raw_commit_milliseconds(Path(folder) / "alone.sqlite")
        rate = anyio.run(
            facts_per_second, Path(folder) / "rate", backend=name, backend_options=options
        )
        latency = anyio.run(
            write_milliseconds, Path(folder) / "latency", backend=name, backend_options=options
        )
    return [
        Row(name="journalled facts", backend=backend, value=rate, unit="1/s", limit=raw),
        Row(name="durable write, p50", backend=backend, value=latency, unit="ms", limit=alone),
    ]


def raw_rows_per_second(path: Path, batch: int) -> float:
    """Return what plain SQLite stores of rows of a fact's size, so many to a commit."""
    database = _raw(path)
    rounds = 100_000 // batch
    begun = time.perf_counter()
    for round_ in range(rounds):
        first = round_ * batch
        rows = [
            (seq, seq // 18, seq % 18, "a_status_of_ours", 0.5, "")
            for seq in range(first, first + batch)
        ]
        _commit(database, rows)
    seconds = time.perf_counter() - begun
    database.close()
    return rounds * batch / seconds


def raw_commit_milliseconds(path: Path) -> float:
    """Return the median time in which plain SQLite stores one row durably."""
    database = _raw(path)
    seconds: list[float] = []
    for seq in range(500):
        begun = time.perf_counter()
        _commit(database, [(seq, 1, seq, "a_status_of_ours", 0.5, "")])
        seconds.append(time.perf_counter() - begun)
    database.close()
    return statistics.median(seconds) * 1e3


def _raw(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(
        "CREATE TABLE facts (seq INTEGER PRIMARY KEY, number, ordinal, status, time, note)"
    )
    return database


def _commit(database: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.execute("COMMIT")


async def facts_per_second(state: Path) -> float:
    """Return how many facts a second are called back, with a thousand jobs under way.

    Every job writes its next fact when the last one is durable, as the daemon's jobs do.
    """
    async with open_journal(state) as journal:
        begun = time.perf_counter()
        with anyio.fail_after(120):
            await _run_jobs(journal)
        return JOBS * len(RUNGS) / (time.perf_counter() - begun)


async def _run_jobs(journal: Journal) -> None:
    over = anyio.Event()
    left = JOBS
    numbers = iter(range(1, JOBS + 1))

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

    for _ in range(IN_FLIGHT):
        begin()
    await over.wait()


async def write_milliseconds(state: Path) -> float:
    """Return the median time of one durable write on an idle loop."""
    async with open_journal(state) as journal:
        job = JobId(str(uuid4()))
        await _durable(journal, JobStored(1, job, "qpu", SPEC, 0.5))
        seconds = [
            await _durable(journal, Fact(1, job, ordinal, 1, RUNGS[1], 0.5))
            for ordinal in range(2, 700)
        ]
    return statistics.median(seconds) * 1e3


async def _durable(journal: Journal, record: Record) -> float:
    """Return how many seconds one write took."""
    durable = anyio.Event()
    begun = time.perf_counter()
    journal.write([record], lambda _: durable.set())
    await durable.wait()
    return time.perf_counter() - begun
