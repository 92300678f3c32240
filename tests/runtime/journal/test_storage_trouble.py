"""A commit that fails may be stored or not; which of them is found out, never guessed."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal import opening
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import Fact, JobStored, Record, TicketIssued
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.trouble import CommitFailed, trouble

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


class Faulty(sqlite3.Connection):
    """Fails its next COMMIT as a disk does whose flush fails, with everything stored or nothing."""

    stored = False
    armed = False

    def execute(self, sql: str, parameters: object = (), /) -> sqlite3.Cursor:
        if sql != "COMMIT" or not self.armed:
            return super().execute(sql, parameters)  # type: ignore[arg-type]
        self.armed = False
        super().execute("COMMIT" if self.stored else "ROLLBACK")
        raise failed_flush()


def failed_flush() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    return error


class DoubtfulStorage(Storage):
    """Fails when it is told to, until it opens its database anew."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._database.close()
        self._faulty = sqlite3.connect(path, isolation_level=None, factory=Faulty)
        self._database = self._faulty

    def fail_next(self, *, stored: bool) -> None:
        """Fail the next commit, with everything stored or nothing."""
        self._faulty.armed, self._faulty.stored = True, stored

    def frames(self) -> tuple[int, int]:
        """Return how many frames the WAL has, and how many of them are in the database."""
        _, frames, copied = self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return frames, copied


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[DoubtfulStorage]:
    with DoubtfulStorage(tmp_path / DATABASE) as found:
        yield found


def sequence(path: Path) -> list[tuple[int, int]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT seq, number FROM facts ORDER BY seq").fetchall()


@pytest.mark.parametrize("stored", [True, False])
def test_a_flush_that_failed_leaves_neither_a_hole_nor_a_repeat(
    storage: DoubtfulStorage, tmp_path: Path, job: MakeJob, *, stored: bool
) -> None:
    storage.commit([[job(1)]])
    storage.fail_next(stored=stored)
    writes: list[list[Record]] = [[job(2)], [job(3), TicketIssued(3, 1, 8)]]
    with pytest.raises(CommitFailed, match=r"disk fails.*SQLITE_IOERR_FSYNC"):
        storage.commit(writes)
    commits = storage.commit(writes)
    assert [(commit.first_seq, commit.known) for commit in commits] == [(2, {}), (3, {})]
    assert [commit.first_seq for commit in storage.commit([[job(4)]])] == [4]
    storage.close()
    assert sequence(tmp_path / DATABASE) == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_of_a_commit_that_was_stored_no_more_is_told_than_it_was(
    storage: DoubtfulStorage, job: MakeJob
) -> None:
    storage.fail_next(stored=True)
    with pytest.raises(CommitFailed):
        storage.commit([[job(1)], [job(2)]])
    # Meanwhile more has come, or fewer are tried at once.
    assert [commit.first_seq for commit in storage.commit([[job(1)]])] == [1, 2]
    assert [commit.first_seq for commit in storage.commit([[job(3)]])] == [3]
    storage.close()


def test_what_was_stored_in_doubt_is_copied_out_of_the_wal(
    storage: DoubtfulStorage, tmp_path: Path, job: MakeJob
) -> None:
    storage.fail_next(stored=True)
    with pytest.raises(CommitFailed):
        storage.commit([[job(1)]])
    storage.commit([[job(1)]])
    # All that the WAL holds stands in the database itself, which was flushed.
    frames, copied = storage.frames()
    assert frames == copied
    alone = tmp_path / "alone.sqlite"
    alone.write_bytes((tmp_path / DATABASE).read_bytes())
    assert sequence(alone) == [(1, 1)]
    storage.close()


def test_a_reader_in_the_way_only_delays_it(
    storage: DoubtfulStorage, tmp_path: Path, job: MakeJob
) -> None:
    reader = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM facts").fetchall()
    storage.fail_next(stored=True)
    with pytest.raises(CommitFailed):
        storage.commit([[job(1)]])
    with pytest.raises(CommitFailed, match="is being read"):
        storage.commit([[job(1)]])
    reader.execute("ROLLBACK")
    reader.close()
    assert [commit.first_seq for commit in storage.commit([[job(1)]])] == [1]
    storage.close()


def test_a_journal_that_somebody_else_has_put_in_its_place_is_refused(
    storage: DoubtfulStorage, tmp_path: Path, job: MakeJob
) -> None:
    storage.fail_next(stored=False)
    with pytest.raises(CommitFailed):
        storage.commit([[job(1)]])
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other, other:
        other.execute("UPDATE meta SET station = 'another'")
    with pytest.raises(JournalFailed, match="has been replaced"):
        storage.commit([[job(1)]])


def test_a_journal_that_is_gone_is_waited_for_and_not_made_anew(
    storage: DoubtfulStorage, tmp_path: Path, job: MakeJob
) -> None:
    storage.fail_next(stored=False)
    with pytest.raises(CommitFailed):
        storage.commit([[job(1)]])
    away = tmp_path / "away"
    storage.close()
    (tmp_path / DATABASE).rename(away)
    for _ in range(2):
        with pytest.raises(CommitFailed, match="cannot be opened"):
            storage.commit([[job(1)]])
    assert not (tmp_path / DATABASE).exists()
    away.rename(tmp_path / DATABASE)
    assert [commit.first_seq for commit in storage.commit([[job(1)]])] == [1]
    storage.close()


def test_a_lock_of_another_program_leaves_nothing_in_doubt(
    tmp_path: Path, job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.01)
    with Storage(tmp_path / DATABASE) as storage:
        other = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CommitFailed, match="another program has locked the journal") as caught:
            storage.commit([[job(1)]])
        assert not caught.value.in_doubt
        assert not caught.value.wants_room
        other.execute("ROLLBACK")
        other.close()
        assert [commit.first_seq for commit in storage.commit([[job(1)]])] == [1]


def test_a_bug_is_not_waited_for(tmp_path: Path, job: MakeJob, fact: MakeFact) -> None:
    with Storage(tmp_path / DATABASE) as storage, pytest.raises(JournalFailed):
        storage.commit([[fact(7, 2)]])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "is full: make room"),
        (sqlite3.SQLITE_IOERR_WRITE, "fails: see the kernel's log"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "is read-only"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "another program"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
    ],
)
def test_what_may_heal_is_named(code: int, words: str) -> None:
    error = sqlite3.OperationalError("as SQLite says")
    error.sqlite_errorcode, error.sqlite_errorname = code, "SQLITE_SO"
    found = trouble(error, "journal.sqlite")
    assert found is not None
    assert words in str(found)
    assert "(journal.sqlite: as SQLite says, SQLITE_SO)" in str(found)


def test_what_will_not_heal_is_no_trouble() -> None:
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
    assert trouble(error, "journal.sqlite") is None
    assert trouble(sqlite3.ProgrammingError("closed"), "journal.sqlite") is None
