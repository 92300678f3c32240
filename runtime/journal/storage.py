"""The one connection that writes: opening, commits, closing. Lives in the writer's process."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from stationd.proto.error import JournalFailed
from stationd.proto.job import JobId
from stationd.runtime.journal.batch import Batch, Statement
from stationd.runtime.journal.interface import Commit, Opening
from stationd.runtime.journal.records import Record

DATABASE: Final = "journal.sqlite"
"""The database's name within the state directory."""
SCHEMA_VERSION: Final = 1
_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Pages of 4 KiB. A checkpoint stops commits for as long as it copies; this many take
    # some milliseconds, and the WAL stays below 64 MiB.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -65536",
)


class Storage:
    """An open journal database.

    Args:
        path: The database; made if it does not exist.

    Raises:
        JournalFailed: It cannot be opened, is not ours, or is of a newer version. Nothing has
            been changed.
    """

    opening: Opening
    """What was known when it was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._failures("open"):
            self._database = sqlite3.connect(path, isolation_level=None)
        try:
            with self._failures("open"):
                self.opening = self._open()
        except BaseException:
            self._database.close()
            raise
        self._seq = self.opening.seq

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self, writes: Sequence[Sequence[Record]]) -> list[Commit]:
        """Store writes together, durably, and return what became of each.

        Raises:
            JournalFailed: Nothing of them is stored; the message says why.
        """
        with self._failures("write"):
            batch = Batch(self._seq, self._find)
            commits = [batch.add(records) for records in writes]
            if batch.records == 0:  # somebody flushes
                return commits
            with self._transaction():
                for statement in batch.statements():
                    if statement.rows:
                        self._execute(statement)
                numbers = (batch.seq, batch.number, batch.ticket)
                self._database.execute(_NUMBERS, numbers)
        self._seq = batch.seq
        return commits

    def close(self) -> None:
        """Close the database; the WAL is folded into it."""
        self._database.close()

    def _open(self) -> Opening:
        version = self._version()
        if version is None:
            self._create()
        elif version != SCHEMA_VERSION:
            raise JournalFailed(
                f"the journal {self._path} has the format {version}, this stationd knows only"
                f" {SCHEMA_VERSION}: install the newer stationd that wrote it"
            )
        for setting in _SETTINGS:
            self._database.execute(setting)
        with self._transaction():
            self._database.execute("UPDATE meta SET epoch = epoch + 1")
        row = self._database.execute("SELECT station, epoch, seq, number, ticket FROM meta")
        station, epoch, seq, number, ticket = row.fetchone()
        return Opening(station=station, epoch=epoch, seq=seq, number=number, ticket=ticket)

    def _version(self) -> int | None:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {name for (name,) in self._database.execute(query)}
        if not tables:
            return None
        if "meta" not in tables:
            raise JournalFailed(f"{self._path} is a database, but not a journal of stationd")
        (version,) = self._database.execute("SELECT schema_version FROM meta").fetchone()
        return int(version)

    def _create(self) -> None:
        # Imported here for it is needed once in a journal's life and takes long.
        from stationd.runtime.journal import schema  # noqa: PLC0415

        self._database.execute("PRAGMA journal_mode = WAL")
        with self._transaction():
            for statement in schema.statements():
                self._database.execute(statement)
            self._database.execute(
                "INSERT INTO meta VALUES (1, ?, ?, 0, 0, 0, 0)", (str(uuid4()), SCHEMA_VERSION)
            )

    def _find(self, job: JobId) -> int | None:
        query = "SELECT number FROM jobs WHERE id = ?"
        row = self._database.execute(query, (job,)).fetchone()
        return None if row is None else row[0]

    def _execute(self, statement: Statement) -> None:
        found = self._database.executemany(statement.sql, statement.rows).rowcount
        if statement.exact and found != len(statement.rows):
            raise JournalFailed(
                f"{len(statement.rows) - found} records do not follow what is stored of their"
                f" jobs: please report this bug ({statement.sql.strip()})"
            )

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back already after some failures, a full disk among them.
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    @contextmanager
    def _failures(self, what: str) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OverflowError) as error:
            raise JournalFailed(f"cannot {what} the journal {self._path}: {error}") from error


_NUMBERS: Final = "UPDATE meta SET seq = ?, number = max(number, ?), ticket = max(ticket, ?)"
