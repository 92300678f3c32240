"""A backup is made of a station that is at work, and is whole or not there."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from stationd.proto.error import JournalFailed
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.care import backup, snapshot
from stationd.runtime.care.backup import ARTIFACTS, Source, make_backup
from stationd.runtime.care.manifest import BackupError, check_files, read_manifest
from stationd.runtime.journal.offline import bring_along
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.storage import Storage
from tests.runtime.care.stations import COMPILING, OVER, QUEUED, RESULT, fact, job_id

NOW = 1_000_000.0


def statuses(journal: Path) -> dict[int, int]:
    with closing(sqlite3.connect(journal)) as database:
        return dict(database.execute("SELECT number, ordinal FROM jobs").fetchall())


def test_all_that_matters_is_in_a_backup(source: Source, tmp_path: Path) -> None:
    manifest = make_backup(source, tmp_path / "b", NOW)
    assert manifest == read_manifest(tmp_path / "b")
    assert {file.path for file in manifest.files} == {
        DATABASE,
        f"artifacts/{job_id(OVER)}/1-0",
        "log/daemon/2026-01-01.jsonl",
        "configuration/stationd.toml",
        "configuration/conf.d/10-a.toml",
    }
    check_files(tmp_path / "b", manifest)
    assert (manifest.journal.jobs, manifest.journal.unfinished) == (4, 3)
    assert (tmp_path / "b" / ARTIFACTS / job_id(OVER) / "1-0").read_bytes() == RESULT
    assert manifest.made_unix_s == NOW
    assert manifest.missing == ()
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o700


def test_a_journal_is_copied_while_it_is_written_to_and_is_not_touched(
    made: Callable[[], Source], tmp_path: Path
) -> None:
    source = made()
    with Storage(source.journal) as writer:
        writer.commit([[fact(QUEUED, 3, S.EXECUTION_STARTED)]])
        wal = source.journal.with_name(DATABASE + "-wal")
        before = (wal.read_bytes(), source.journal.read_bytes())
        make_backup(source, tmp_path / "b", NOW)
        # Neither checkpointed nor written to.
        assert (wal.read_bytes(), source.journal.read_bytes()) == before
        writer.commit([[fact(COMPILING, 3, S.COMPILATION_ENDED)]])
    copied = statuses(tmp_path / "b" / DATABASE)
    # What was in the WAL is in the copy, which stands by itself; what came later is not.
    assert (copied[QUEUED], copied[COMPILING]) == (3, 2)
    assert not (tmp_path / "b" / (DATABASE + "-wal")).exists()


def test_a_result_that_comes_while_the_journal_is_copied_is_not_missed(
    made: Callable[[], Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = made()
    results = source.state / ARTIFACTS / job_id(OVER)
    results.rename(tmp_path / "later")
    take = snapshot.take

    def slow(journal: Path, copy: Path) -> None:
        take(journal, copy)
        (tmp_path / "later").rename(results)

    monkeypatch.setattr(snapshot, "take", slow)
    assert make_backup(source, tmp_path / "b", NOW).missing == ()


def test_a_result_that_is_not_what_it_was_is_named(
    made: Callable[[], Source], tmp_path: Path
) -> None:
    source = made()
    path = f"{ARTIFACTS}/{job_id(OVER)}/1-0"
    (source.state / path).write_bytes(b"x" * len(RESULT))
    manifest = make_backup(source, tmp_path / "b", NOW)
    assert manifest.missing == (path,)
    assert not (tmp_path / "b" / path).exists()
    check_files(tmp_path / "b", manifest)


def test_an_existing_destination_is_refused_and_left_alone(source: Source, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(BackupError, match="exists already"):
        make_backup(source, tmp_path / "b", NOW)
    assert list((tmp_path / "b").iterdir()) == []


def test_two_backups_to_the_same_place_do_not_mix(source: Source, tmp_path: Path) -> None:
    (tmp_path / "b.partial").mkdir()
    with pytest.raises(BackupError, match=r"b\.partial exists: another backup"):
        make_backup(source, tmp_path / "b", NOW)


def test_what_fails_leaves_nothing_behind(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "write_manifest", fail)
    with pytest.raises(BackupError, match="No space left"):
        make_backup(source, tmp_path / "b", NOW)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no journal at"),
        (b"", "empty database"),
        (b"no database at all" * 100, "cannot read the journal"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    if content is not None:
        (state / DATABASE).write_bytes(content)
    with pytest.raises(BackupError, match=reason):
        make_backup(Source("lab", state, ()), tmp_path / "b", NOW)
    assert not (tmp_path / "b").exists()


def test_whoever_may_not_look_into_the_state_is_told_who_may(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(snapshot, "check_known", closed)
    with pytest.raises(BackupError, match="Permission denied; run it as the user of the daemon"):
        make_backup(source, tmp_path / "b", NOW)


def test_whoever_may_not_see_whether_there_is_a_journal_is_told_who_may(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    # Whoever runs the tests may look anywhere.
    monkeypatch.setattr(Path, "exists", closed)
    with pytest.raises(BackupError, match="run this as the user of the daemon, or as root"):
        snapshot.check_known(source.journal)
    with pytest.raises(JournalFailed, match="run this as the user of the daemon"):
        bring_along(source.state)


def test_a_folder_that_is_not_there_is_named(source: Source, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is not there: make it first"):
        make_backup(source, tmp_path / "no" / "b", NOW)


def test_a_disk_without_room_is_told_before_anything_is_copied(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path) -> SimpleNamespace:
        return SimpleNamespace(free=1000)

    monkeypatch.setattr(shutil, "disk_usage", full)
    with pytest.raises(BackupError, match="has room for 0 MiB"):
        make_backup(source, tmp_path / "b", NOW)
    assert list(tmp_path.iterdir()) == []
