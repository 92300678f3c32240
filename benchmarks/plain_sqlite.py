"""What SQLite gives without us: rows of a fact's size, durable, so many to a commit."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROWS: Final = 60_000
COMMITS: Final = 300


def rows_per_second(batch: int) -> float:
    """Return how many rows a second are durable with so many of them to a commit."""
    batch = max(1, batch)
    rounds = max(1, min(ROWS // batch, 5 * COMMITS))
    with _database() as database:
        begun = time.perf_counter()
        for round_ in range(rounds):
            _commit(database, round_ * batch, batch)
        return rounds * batch / (time.perf_counter() - begun)


def commit_ms() -> float:
    """Return the median time in which one row is durable, milliseconds."""
    seconds: list[float] = []
    with _database() as database:
        for number in range(COMMITS):
            begun = time.perf_counter()
            _commit(database, number, 1)
            seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds) * 1e3


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "plain.sqlite", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(
            "CREATE TABLE facts (seq INTEGER PRIMARY KEY, number, ordinal, status, time, note)"
        )
        try:
            yield database
        finally:
            database.close()


def _commit(database: sqlite3.Connection, first: int, batch: int) -> None:
    rows = [
        (number, number // 16, number % 16, "a_status_of_ours", 0.5, "")
        for number in range(first, first + batch)
    ]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.execute("COMMIT")
