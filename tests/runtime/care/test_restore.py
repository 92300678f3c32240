"""A backup is put where no station is, and the journal knows that it is a copy."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stationd.proto.error import AlreadyRunning
from stationd.runtime.care.backup import ARTIFACTS, Source, make_backup
from stationd.runtime.care.manifest import BackupError
from stationd.runtime.care.restore import SEQ_GAP, check_backup, restore
from stationd.runtime.journal.lock import take_lock
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries.jobs import Stored
from stationd.runtime.journal.reader import connect
from stationd.runtime.journal.storage import Storage
from tests.runtime.care.stations import COMPILED_ONLY, COMPILING, OVER, QUEUED, RESULT, job_id

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def backup(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backup") / "b"
    make_backup(source, folder, 1.0)
    return folder


def held(journal: Path) -> set[int]:
    with closing(connect(journal)) as database:
        found = [Stored(job_id(number)).answer(database) for number in range(1, 5)]
    return {job.number for job in found if job is not None and job.spec.hold}


def ledgers(journal: Path) -> list[str]:
    with closing(sqlite3.connect(journal)) as database:
        return [ledger for (ledger,) in database.execute("SELECT ledger FROM controllers")]


def with_ledger(state: Path) -> Path:
    """Make a state directory whose controller has outlived the journal."""
    ledger = state / "controllers" / "nothing" / "ledger.sqlite3"
    ledger.parent.mkdir(parents=True)
    ledger.write_text("the ledger")
    return state


def test_a_station_is_put_into_an_empty_directory(backup: Path, tmp_path: Path) -> None:
    state = with_ledger(tmp_path / "state")
    restored = restore(backup, state, NOW)
    assert restored.replaced is None
    assert restored.queued == 1
    assert (state / ARTIFACTS / job_id(OVER) / "1-0").read_bytes() == RESULT
    assert (state / "log" / "daemon" / "2026-01-01.jsonl").exists()
    assert (state / "controllers" / "nothing" / "ledger.sqlite3").read_text() == "the ledger"
    assert sorted(path.name for path in state.iterdir()) == [
        ARTIFACTS,
        "controllers",
        DATABASE,
        "lock",
        "log",
    ]


def test_a_listener_of_the_lost_time_cannot_go_on_as_if_nothing_had_been(
    backup: Path, tmp_path: Path
) -> None:
    before = check_backup(backup).journal
    restore(backup, with_ledger(tmp_path / "state"), NOW)
    with Storage(tmp_path / "state" / DATABASE) as storage:
        assert storage.opening.seq == storage.opening.forgotten == before.seq + SEQ_GAP
        assert storage.opening.station == before.station
        assert storage.opening.epoch == before.epoch + 1


def test_a_job_that_had_no_ticket_yet_is_held_if_it_could_have_run(
    backup: Path, tmp_path: Path
) -> None:
    restored = restore(backup, with_ledger(tmp_path / "state"), NOW)
    assert restored.held == (job_id(COMPILING),)
    assert held(tmp_path / "state" / DATABASE) == {COMPILING}
    assert QUEUED not in held(tmp_path / "state" / DATABASE)
    assert COMPILED_ONLY not in held(tmp_path / "state" / DATABASE)


def test_without_ledgers_somebody_has_to_decide_about_jobs_that_may_have_run(
    backup: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with pytest.raises(BackupError, match="no ledger of nothing that knows"):
        restore(backup, state, NOW)
    assert not (state / DATABASE).exists()
    assert not (state / "restoring").exists()
    restore(backup, state, NOW, rerun=False)
    assert ledgers(state / DATABASE) == ["the ledger"]
    assert held(state / DATABASE) == {COMPILING}


def test_whoever_wants_them_run_gets_them_run(backup: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert restore(backup, state, NOW, rerun=True).held == ()
    assert held(state / DATABASE) == set()
    # Whichever ledger comes is taken for the one that it was.
    assert ledgers(state / DATABASE) == [""]


def test_a_station_that_is_there_is_moved_aside_and_only_on_request(
    backup: Path, tmp_path: Path
) -> None:
    state = with_ledger(tmp_path / "state")
    (state / DATABASE).write_text("old")
    (state / f"{DATABASE}-wal").write_text("old")
    with pytest.raises(BackupError, match=r"already \(journal\.sqlite, journal\.sqlite-wal\)"):
        restore(backup, state, NOW)
    assert (state / DATABASE).read_text() == "old"
    restored = restore(backup, state, NOW, replace=True)
    assert restored.replaced == state / "replaced-20260102T030405Z"
    assert restored.replaced is not None
    assert (restored.replaced / DATABASE).read_text() == "old"
    assert (restored.replaced / f"{DATABASE}-wal").read_text() == "old"
    assert not (state / f"{DATABASE}-wal").exists()


def test_a_directory_that_a_daemon_has_is_refused(backup: Path, tmp_path: Path) -> None:
    state = with_ledger(tmp_path / "state")
    lock = take_lock(state)
    try:
        with pytest.raises(AlreadyRunning, match=f"in use by process {os.getpid()}"):
            restore(backup, state, NOW)
    finally:
        os.close(lock)
    assert not (state / DATABASE).exists()


def test_a_damaged_backup_changes_nothing(source: Source, tmp_path: Path) -> None:
    make_backup(source, tmp_path / "b", 1.0)
    (tmp_path / "b" / "log" / "daemon" / "2026-01-01.jsonl").unlink()
    with pytest.raises(BackupError, match="is missing"):
        restore(tmp_path / "b", tmp_path / "state", NOW)
    assert not (tmp_path / "state").exists()


def test_what_an_interrupted_restore_has_left_is_no_trouble(backup: Path, tmp_path: Path) -> None:
    state = with_ledger(tmp_path / "state")
    (state / "restoring").mkdir()
    (state / "restoring" / DATABASE).write_text("half of it")
    restore(backup, state, NOW)
    assert held(state / DATABASE) == {COMPILING}


def test_a_backup_of_a_journal_that_no_release_made_is_refused(
    made: Callable[[], Source], tmp_path: Path
) -> None:
    source = made()
    with closing(sqlite3.connect(source.journal)) as database:
        database.execute("DROP TABLE versions")
    make_backup(source, tmp_path / "b", 1.0)
    with pytest.raises(BackupError, match=r"no release made .* its journal has no 'versions'"):
        restore(tmp_path / "b", tmp_path / "state", NOW)
    assert not (tmp_path / "state").exists()
