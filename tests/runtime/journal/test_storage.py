import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from stationd.proto.calibration import CalibrationSet
from stationd.proto.error import JournalFailed
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.interface import Opening
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import (
    BlocksDropped,
    BlockStored,
    CalibrationStored,
    CalibrationUsed,
    EpochRaised,
    Fact,
    ItemEnded,
    JobStored,
    Record,
    TicketIssued,
    WorkStored,
)
from stationd.runtime.journal.storage import Storage

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / DATABASE


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(path)
    found = database.execute(query).fetchall()
    database.close()
    return found


def test_a_new_journal_knows_nothing_and_has_an_id(path: Path) -> None:
    with Storage(path) as storage:
        opening = storage.opening
    assert (opening.epoch, opening.seq, opening.number, opening.ticket) == (1, 0, 0, 0)
    assert opening.station


def test_raw_data_is_not_written_once_more_to_be_forgotten(path: Path, job: MakeJob) -> None:
    size = 8 * 1024 * 1024
    with Storage(path) as storage:
        storage.commit([[job(1)]])
        for index in range(2):  # what is committed is moved out of the WAL, which begins anew
            storage.commit([[BlockStored(1, 1, "a", index, b"", bytes(size))]])
        (wal,) = path.parent.glob("*-wal")
        storage.commit([[BlockStored(1, 2, "a", 0, b"", b"small")]])
        before = wal.read_bytes()
        storage.commit([[BlocksDropped(1, 1)]])
        after = wal.read_bytes()
    changed = sum(
        before[place : place + 4096] != after[place : place + 4096]
        for place in range(0, len(after), 4096)
    )
    assert changed * 4096 < size / 4


def test_the_epoch_grows_with_every_opening_and_the_station_stays(path: Path) -> None:
    openings: list[Opening] = []
    for _ in range(3):
        with Storage(path) as storage:
            openings.append(storage.opening)
    assert [opening.epoch for opening in openings] == [1, 2, 3]
    assert len({opening.station for opening in openings}) == 1


def test_the_epoch_grows_from_where_it_has_been_raised_to(path: Path) -> None:
    with Storage(path) as storage:
        storage.commit([[EpochRaised(7)], [EpochRaised(5)]])
    with Storage(path) as storage:
        assert storage.opening.epoch == 8


def test_other_processes_have_their_turn_in_the_middle_of_a_commit(
    path: Path, job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Storage(path)) as storage, closing(sqlite3.connect(path)) as other:
        seen: list[int] = []

        def look() -> None:
            seen.extend(other.execute("SELECT count(*) FROM jobs").fetchone())

        monkeypatch.setattr(os, "sched_yield", look)
        storage.commit([[job(1)], [job(2)]])
        assert len(seen) > 1
        assert not any(seen)
        look()
        assert seen[-1] == 2


def test_the_newest_numbers_are_known_when_it_is_opened_again(
    path: Path, job: MakeJob, fact: MakeFact
) -> None:
    with Storage(path) as storage:
        storage.commit([[job(7), fact(7, 2)], [job(5), TicketIssued(7, 1, 31)]])
    with Storage(path) as storage:
        opening = storage.opening
    assert (opening.seq, opening.number, opening.ticket) == (3, 7, 31)


def test_sequence_numbers_run_through_the_writes_of_a_commit(
    path: Path, job: MakeJob, fact: MakeFact
) -> None:
    with Storage(path) as storage:
        first = storage.commit([[job(1), fact(1, 2)], [WorkStored(1, 1, b"")], [fact(1, 3)]])
        second = storage.commit([[fact(1, 4)]])
    assert [commit.first_seq for commit in first + second] == [1, 3, 3, 4]
    assert rows(path, "SELECT seq, ordinal FROM facts") == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_a_known_job_is_not_stored_again_but_what_came_with_it_is(
    path: Path, job: MakeJob, fact: MakeFact
) -> None:
    again = job(9, known_as=job(1).job)
    with Storage(path) as storage:
        storage.commit([[job(1)]])
        (commit,) = storage.commit([[again, fact(1, 2)]])
    assert commit.known == {job(1).job: 1}
    assert commit.first_seq == 2
    assert rows(path, "SELECT number FROM jobs") == [(1,)]
    assert rows(path, "SELECT count(*) FROM facts") == [(2,)]


def test_of_two_equal_jobs_in_one_commit_the_first_is_stored(path: Path, job: MakeJob) -> None:
    with Storage(path) as storage:
        first, second = storage.commit([[job(1)], [job(2, known_as=job(1).job)]])
    assert (first.known, second.known) == ({}, {job(1).job: 1})


@pytest.mark.parametrize("ordinal", [pytest.param(3, id="hole"), pytest.param(1, id="repeat")])
def test_a_fact_that_does_not_follow_is_refused(
    path: Path, job: MakeJob, fact: MakeFact, ordinal: int
) -> None:
    with Storage(path) as storage:
        storage.commit([[job(1)]])
        with pytest.raises(JournalFailed):
            storage.commit([[fact(1, ordinal)]])
        with pytest.raises(JournalFailed):  # in one commit too
            storage.commit([[fact(1, 2)], [fact(1, ordinal + 1)]])


def test_after_its_end_a_job_goes_on_only_in_a_new_attempt(
    path: Path, job: MakeJob, fact: MakeFact
) -> None:
    end, on = fact(1, 2, Status.FAILED), fact(1, 3)
    with Storage(path) as storage:
        with pytest.raises(JournalFailed):
            storage.commit([[job(1), end, on]])
        storage.commit([[job(1), end]])
        with pytest.raises(JournalFailed):
            storage.commit([[on]])
        storage.commit([[fact(1, 3, attempt=2)]])
    assert rows(path, "SELECT status, ended, attempt FROM jobs") == [(2, None, 2)]


def test_an_end_and_a_new_attempt_in_one_commit_reopen_the_job(
    path: Path, job: MakeJob, fact: MakeFact
) -> None:
    with Storage(path) as storage:
        storage.commit([[job(1)], [fact(1, 2, Status.FAILED), fact(1, 3, attempt=2)]])
        storage.commit([[fact(1, 4, Status.READY, attempt=2)]])
    assert rows(path, "SELECT ordinal, ended FROM jobs") == [(4, 16)]


@pytest.mark.parametrize(
    "orphan",
    [
        TicketIssued(5, 1, 1),
        WorkStored(5, 1, b""),
        ItemEnded(5, 0, 1),
        CalibrationUsed("qpu", "unknown"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_without_its_owner_is_refused(path: Path, orphan: Record) -> None:
    with Storage(path) as storage, pytest.raises(JournalFailed):
        storage.commit([[orphan]])


def test_a_refused_commit_leaves_nothing_and_takes_no_number(
    path: Path, job: MakeJob, fact: MakeFact
) -> None:
    with Storage(path) as storage:
        with pytest.raises(JournalFailed):
            storage.commit([[job(1)], [fact(2, 2)]])
        (commit,) = storage.commit([[job(3)]])
    assert commit.first_seq == 1
    assert rows(path, "SELECT number FROM jobs") == [(3,)]


def test_a_ticket_number_is_given_once(path: Path, job: MakeJob) -> None:
    with Storage(path) as storage, pytest.raises(JournalFailed, match="UNIQUE"):
        storage.commit([[job(1), job(2), TicketIssued(1, 1, 4), TicketIssued(2, 1, 4)]])


def test_a_default_may_come_with_its_set(path: Path) -> None:
    new = CalibrationSet(id="c", target="qpu", observations=(), created_unix_s=1.0)
    with Storage(path) as storage:
        storage.commit([[CalibrationUsed("qpu", "c"), CalibrationStored(new)]])
    assert rows(path, "SELECT * FROM calibration_defaults") == [("qpu", "c")]


def test_a_newer_journal_is_refused_and_left_as_it_is(path: Path) -> None:
    Storage(path).close()
    database = sqlite3.connect(path)
    with database:
        database.execute("UPDATE meta SET schema_version = 99")
    database.close()
    with pytest.raises(
        JournalFailed, match=r"format 99.*install the newer stationd.*stationd restore"
    ):
        Storage(path)
    assert rows(path, "SELECT epoch FROM meta") == [(1,)]


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE recipes (name)")
    database.close()
    with pytest.raises(JournalFailed, match="not a journal of stationd"):
        Storage(path)


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_text("Dear diary, today I cooled down the fridge." * 100)
    with pytest.raises(JournalFailed, match="not a database"):
        Storage(path)


def test_what_is_committed_is_flushed_to_the_disk(path: Path) -> None:
    with Storage(path):
        assert rows(path, "PRAGMA journal_mode") == [("wal",)]
