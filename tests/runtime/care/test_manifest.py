"""What is no backup, or not the one that was made, is refused with the reason."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from stationd.runtime.care.backup import Source, make_backup
from stationd.runtime.care.manifest import (
    MANIFEST,
    BackupError,
    FileEntry,
    check_files,
    read_manifest,
)


@pytest.fixture
def made_backup(source: Source, tmp_path: Path) -> Path:
    make_backup(source, tmp_path / "b", 1.0)
    return tmp_path / "b"


def refusal(folder: Path) -> str:
    with pytest.raises(BackupError) as caught:
        check_files(folder, read_manifest(folder))
    return str(caught.value)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "is no backup": lambda backup: (backup / MANIFEST).unlink(),
    "manifest.json is damaged: Input data was truncated": lambda backup: (
        backup / MANIFEST
    ).write_text("{"),
    "manifest.json is damaged: Expected": lambda backup: (backup / MANIFEST).write_text("[]"),
    "journal.sqlite is missing": lambda backup: (backup / "journal.sqlite").unlink(),
    "bytes instead of": lambda backup: append(backup / "journal.sqlite"),
    "journal.sqlite has changed": lambda backup: flip(backup / "journal.sqlite"),
}


@pytest.mark.parametrize("reason", DAMAGE)
def test_what_is_wrong_with_a_backup_is_said(made_backup: Path, reason: str) -> None:
    DAMAGE[reason](made_backup)
    assert reason in refusal(made_backup)


def test_a_newer_format_is_refused_with_the_version_that_knows_it(made_backup: Path) -> None:
    manifest = made_backup / MANIFEST
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 9', 1))
    assert "the format 9 of backups, and this stationd knows only 1" in refusal(made_backup)


def test_a_manifest_leads_nowhere_else(made_backup: Path) -> None:
    manifest = read_manifest(made_backup)
    outside = msgspec.structs.replace(manifest, files=(FileEntry("../x", 1, ""),))
    with pytest.raises(BackupError, match="is a path to somewhere else"):
        check_files(made_backup, outside)
