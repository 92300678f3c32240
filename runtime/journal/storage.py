"""The one connection that writes: opening, commits, closing. Lives in the writer's process.

Rule. A flush that failed is never tried again as if nothing had been: the kernel may have dropped
      what it could not write, and say yes the next time. The database is opened anew, and the
      number of the newest fact tells whether the commit is in it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from stationd.proto.error import JournalFailed
from stationd.proto.job import JobId
from stationd.runtime.journal.amending import amend
from stationd.runtime.journal.batch import Batch
from stationd.runtime.journal.formats import NEWEST, Format
from stationd.runtime.journal.interface import Commit, Opening
from stationd.runtime.journal.opening import (
    damaged,
    flush_wal,
    open_database,
    reopen_database,
)
from stationd.runtime.journal.records import JobStored, Record
from stationd.runtime.journal.statement import Statement
from stationd.runtime.journal.terms import Key, Labels, Terms
from stationd.runtime.journal.trouble import trouble


class _Doubt(NamedTuple):
    """A commit that failed, and may be stored nevertheless."""

    seq: int
    """The newest sequence number if it is."""
    commits: list[Commit]


class Storage:
    """An open journal database.

    Args:
        path: The database; made if it does not exist.
        wanted: The format that it is to have.
        migrating: Called with the old and the new version if its format is older.

    Raises:
        CommitFailed: It cannot be opened, but perhaps later.
        JournalFailed: It cannot be opened, is not ours, or is of a newer version. Nothing has
            been changed.
    """

    opening: Opening
    """What was known when it was opened."""

    def __init__(
        self,
        path: Path,
        wanted: Format = NEWEST,
        migrating: Callable[[int, int], None] | None = None,
    ) -> None:
        self._path = path
        with self._failures("open"):
            self._database = open_database(path, wanted, migrating)
        try:
            with self._failures("open"):
                self.opening = self._begin()
        except BaseException:
            self._database.close()
            raise
        self._terms = Terms(self._find_term, self._newest_term)
        self._seq = self.opening.seq
        self._doubt: _Doubt | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self, writes: Sequence[Sequence[Record]]) -> list[Commit]:
        """Store writes together, durably, and return what became of each.

        After a `CommitFailed` the next call must begin with the same writes. If it turns out
        that they have been stored after all, what became of them is returned, and of no others.

        Raises:
            CommitFailed: Nothing is known to be stored; to be tried again in a while.
            JournalFailed: Nothing of them is stored; the message says why.
        """
        with self._failures("write"):
            stored = self._settle()
            if stored:
                return stored
            doubt = _Doubt(self._seq, [])
            try:
                labels = Labels(self._terms)
                batch = Batch(self._seq, self._find(writes), labels, self._ended)
                commits = [batch.add(records) for records in writes]
                if batch.records == 0:  # somebody flushes
                    return commits
                doubt = _Doubt(batch.seq, commits)
                self._store(batch)
            except BaseException as error:
                self._terms.forget()
                if not isinstance(error, sqlite3.Error):
                    raise
                failed = trouble(error, self._path)
                if failed is not None and failed.in_doubt:
                    self._doubt = doubt
                raise
        self._seq = batch.seq
        self._terms.committed(labels.new)
        return commits

    def close(self) -> None:
        """Close the database; the WAL is folded into it."""
        self._database.close()

    def _begin(self) -> Opening:
        with self._transaction():
            self._database.execute("UPDATE meta SET epoch = epoch + 1")
        query = "SELECT station, epoch, seq, number, ticket, forgotten FROM meta"
        station, epoch, seq, number, ticket, forgotten = self._database.execute(query).fetchone()
        return Opening(
            station=station,
            epoch=epoch,
            seq=seq,
            number=number,
            ticket=ticket,
            forgotten=forgotten,
        )

    def _settle(self) -> list[Commit]:
        """Find out what a commit has left that failed; return what it has stored, if it has."""
        doubt = self._doubt
        if doubt is None:
            return []
        self._database.close()
        self._database = reopen_database(self._path)
        station, seq = self._database.execute("SELECT station, seq FROM meta").fetchone()
        if station != self.opening.station or seq not in {self._seq, doubt.seq}:
            raise JournalFailed(
                f"the journal {self._path} has been replaced or written to by another program"
            )
        stored: list[Commit] = []
        if seq != self._seq:
            flush_wal(self._database, self._path)
            stored = doubt.commits
        # What made no fact changes nothing if it is stored twice, so it need not be known.
        self._doubt, self._seq = None, seq
        return stored

    def _store(self, batch: Batch) -> None:
        with self._transaction():
            for statement in batch.statements():
                if statement.rows:
                    self._execute(statement)
                    # Who has been woken meanwhile would wait for the kernel's next tick, long
                    # for a controller; a large commit takes several milliseconds.
                    os.sched_yield()
            self._note_newest(batch)
            if batch.amendments:
                amend(self._database, batch.amendments, self._terms)
                self._shrink()

    def _note_newest(self, batch: Batch) -> None:
        query = "SELECT newest_created, set_back, changed_back FROM meta"
        newest, set_back, changed_back = self._database.execute(query).fetchone()
        for time in batch.created:
            set_back = max(set_back, newest - time)
            newest = max(newest, time)
        earliest = batch.earliest_change
        if earliest is not None:
            changed_back = max(changed_back, newest - earliest)
        numbers = (batch.seq, batch.number, batch.ticket, newest, set_back, changed_back)
        self._database.execute(_NUMBERS, numbers)

    def _shrink(self) -> None:
        """Give room back to the file system, a little, if much of the database is empty."""
        (pages,) = self._database.execute("PRAGMA page_count").fetchone()
        (free,) = self._database.execute("PRAGMA freelist_count").fetchone()
        if free > _MOST_FREE and free * 4 > pages:
            # To the end: every row of it is a page.
            self._database.execute(f"PRAGMA incremental_vacuum({_GIVEN_BACK})").fetchall()

    def _find_term(self, key: Key) -> int | None:
        query = "SELECT id FROM terms WHERE kind = ? AND word = ?"
        row = self._database.execute(query, key).fetchone()
        return None if row is None else row[0]

    def _newest_term(self) -> int:
        return int(self._database.execute("SELECT coalesce(max(id), 0) FROM terms").fetchone()[0])

    def _ended(self, number: int) -> int | None:
        query = "SELECT ended FROM jobs WHERE number = ?"
        row = self._database.execute(query, (number,)).fetchone()
        return None if row is None else row[0]

    def _find(self, writes: Sequence[Sequence[Record]]) -> Mapping[JobId, int]:
        """Return the numbers of jobs that come once more, asking for all at once."""
        jobs = [
            record.job for records in writes for record in records if isinstance(record, JobStored)
        ]
        if not jobs:
            return {}
        query = "SELECT id, number FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._database.execute(query, (msgspec.json.encode(jobs).decode(),)))

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
            raise _explained(error, what, self._path) from error


def _explained(error: sqlite3.Error | OverflowError, what: str, path: Path) -> Exception:
    if isinstance(error, sqlite3.Error) and (found := trouble(error, path)) is not None:
        return found
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT:
        return JournalFailed(damaged(path, error))
    return JournalFailed(f"cannot {what} the journal {path}: {error}")


_MOST_FREE: Final = 1024
"""Pages that are kept for what comes, whatever the database's size is."""
_GIVEN_BACK: Final = 256
"""Pages in one commit; a job is a third of one."""
_NUMBERS: Final = """
UPDATE meta SET seq = ?, number = max(number, ?), ticket = max(ticket, ?), newest_created = ?,
  set_back = ?, changed_back = ?"""
