"""Fills a stopped station's journal: copies one of its finished jobs as often as asked.

Rows are copied within SQLite, for what is wanted is a large journal and not the way there. What
tells jobs apart is made anew: numbers, ids, tickets, positions in the feed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

AT_ONCE: Final = 20_000
"""Jobs to a transaction."""
_UUID: Final = (
    "lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)), hex(randomblob(2)),"
    " substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6))))"
)
_NUMBERS: Final = (
    "WITH RECURSIVE copies(k) AS (SELECT ?1 UNION ALL SELECT k + 1 FROM copies WHERE k + 1 < ?2)"
)


def fill(state: Path, count: int) -> None:
    """Copy the newest job of a journal until there are so many; it has run alone.

    Args:
        state: The state directory of a station that has stopped.
        count: All jobs, those included that there are.
    """
    with closing(sqlite3.connect(state / "journal.sqlite", isolation_level=None)) as database:
        # Nobody minds if this is lost.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
            database.execute(f"PRAGMA {setting}").fetchall()
        (there,) = database.execute("SELECT count(*) FROM jobs").fetchone()
        (template,) = database.execute("SELECT max(number) FROM jobs").fetchone()
        for first in range(1, count - there + 1, AT_ONCE):
            _copy(database, template, first, min(first + AT_ONCE, count - there + 1))
        database.execute(
            "UPDATE meta SET number = (SELECT max(number) FROM jobs),"
            " seq = (SELECT max(seq) FROM facts), ticket = (SELECT max(ticket) FROM jobs)"
        )
        database.execute("PRAGMA journal_mode = WAL").fetchall()


def _copy(database: sqlite3.Connection, template: int, first: int, end: int) -> None:
    """Make the copies of a job from one number on up to another."""
    (facts,) = database.execute(
        "SELECT count(*) FROM facts WHERE number = ?", (template,)
    ).fetchone()
    new = {
        "number": "number + k",
        "ticket": "ticket + k",
        "seq": f"seq + k * {facts}",
        "id": _UUID,
    }
    database.execute("BEGIN")
    for table in _tables(database):
        columns = _columns(database, table)
        if "number" not in columns or table == "meta":
            continue
        values = ", ".join(new.get(column, f'"{column}"') for column in columns)
        database.execute(
            f"INSERT INTO {table} {_NUMBERS} SELECT {values} FROM copies, {table}"  # noqa: S608 - our own schema's names
            f" WHERE {table}.number = ?3",
            (first, end, template),
        )
    database.execute("COMMIT")


def _tables(database: sqlite3.Connection) -> Sequence[str]:
    """Return all tables, `jobs` first: the others refer to it."""
    names = [
        str(name)
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    return sorted(names, key=lambda name: (name != "jobs", name))


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")]
