"""What is opened is ours, whole and of a format that is known; everything else is told apart."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal import opening
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import Fact, JobStored
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.trouble import CommitFailed

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]
PAGE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE


def fill(path: Path, job: MakeJob, jobs: int = 200) -> None:
    with Storage(path) as storage:
        storage.commit([[job(number)] for number in range(1, jobs + 1)])


def crash(path: Path) -> None:
    """Leave a WAL behind, as a station does that is killed."""
    path.with_name(path.name + "-wal").write_bytes(bytes(32))


def test_a_torn_last_page_is_found_after_a_crash(path: Path, job: MakeJob) -> None:
    fill(path, job)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size - PAGE // 2)
    crash(path)
    with pytest.raises(JournalFailed, match=r"is damaged \(.*put a backup in its place.*\.recover"):
        Storage(path)
    assert path.stat().st_size == size - PAGE // 2


def test_a_page_of_rubbish_is_found_after_a_crash(path: Path, job: MakeJob) -> None:
    fill(path, job)
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // PAGE // 2 * PAGE)
        file.write(b"\xa5" * PAGE)
    crash(path)
    with pytest.raises(JournalFailed, match="is damaged"):
        Storage(path)


def test_looking_for_damage_does_not_take_long(
    path: Path, job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(path, job)
    crash(path)
    monkeypatch.setattr(opening, "CHECK_SECONDS", 0.0)
    with Storage(path) as storage:
        assert storage.opening.seq == 200


def test_the_torn_end_of_a_wal_costs_only_what_was_not_acknowledged(
    path: Path, job: MakeJob, tmp_path: Path
) -> None:
    storage = Storage(path)
    storage.commit([[job(1)]])
    wal = path.with_name(path.name + "-wal")
    acknowledged = wal.stat().st_size
    storage.commit([[job(2)]])
    again = tmp_path / "again"
    again.mkdir()
    (again / DATABASE).write_bytes(path.read_bytes())
    torn = wal.read_bytes()[: acknowledged + PAGE // 3] + b"\xa5" * 100
    (again / wal.name).write_bytes(torn)
    storage.close()
    with Storage(again / DATABASE) as found:
        assert (found.opening.seq, found.opening.number) == (1, 1)


def test_a_locked_journal_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Storage(path).close()
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(CommitFailed, match=f"another program has locked the journal.*{path}"):
        Storage(path)
    other.close()


def test_both_versions_are_named_when_the_journal_is_newer(path: Path) -> None:
    Storage(path).close()
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE meta SET schema_version = 99")
    database.close()
    with pytest.raises(JournalFailed, match=r"format 99.*knows only 1: install the newer"):
        Storage(path)
