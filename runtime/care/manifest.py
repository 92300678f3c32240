"""What a backup holds: a list of its files with their checksums, written last.

Rule. A folder without a whole manifest is no backup: making one may have been interrupted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.proto.error import StationError
from stationd.runtime.care.copying import digest, flush_file, flush_folder

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


class BackupError(StationError):
    """A backup cannot be made, or this one cannot be used; what there was is as it was."""


class FileEntry(Struct, frozen=True):
    """A file of a backup."""

    path: str
    """Within the backup."""
    size_bytes: int
    sha256: str


class JournalEntry(Struct, frozen=True):
    """What stands in a backup's journal."""

    station: str
    """The station's id."""
    format: int
    epoch: int
    seq: int
    """Of the newest fact."""
    jobs: int
    unfinished: int


class Manifest(Struct, frozen=True, kw_only=True):
    """What a backup is, and all that is in it but the manifest itself."""

    format: int = FORMAT
    made_unix_s: float
    """When the journal was as it is here."""
    version: str
    """Of the stationd that made it."""
    name: str
    """The station's, for people."""
    journal: JournalEntry
    files: tuple[FileEntry, ...]
    missing: tuple[str, ...] = ()
    """Results that the journal knows of and that were not there, or not as they should be."""

    @property
    def size_bytes(self) -> int:
        """What its files take up."""
        return sum(file.size_bytes for file in self.files)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a manifest, durably."""
    data = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    (folder / MANIFEST).write_bytes(data + b"\n")
    flush_file(folder / MANIFEST)
    flush_folder(folder)


def read_manifest(folder: Path) -> Manifest:
    """Return what a backup says that it is.

    Raises:
        BackupError: It is no backup, or of a newer stationd.
    """
    try:
        data = (folder / MANIFEST).read_bytes()
        manifest = msgspec.json.decode(data, type=Manifest)
    except FileNotFoundError:
        raise BackupError(
            f"{folder} is no backup: it has no {MANIFEST}, which is written last; name the folder"
            " that `stationd backup` has made"
        ) from None
    except OSError as error:
        raise BackupError(f"cannot read {folder / MANIFEST}: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError(f"{folder / MANIFEST} is damaged: {error}; use another backup") from error
    if manifest.format > FORMAT:
        raise BackupError(
            f"{folder} has the format {manifest.format} of backups, and this stationd knows only"
            f" {FORMAT}: install stationd {manifest.version}, which made it, or a newer one"
        )
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Read all files of a backup and compare them with its manifest.

    Raises:
        BackupError: One is missing, or is not what it was; the message names the first ones.
    """
    wrong = [reason for file in manifest.files if (reason := _problem(folder, file))]
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""  # noqa: PLR2004 - enough to see
        raise BackupError(
            f"the backup {folder} is damaged ({'; '.join(wrong[:3])}{more}): use another one"
        )


def _problem(folder: Path, file: FileEntry) -> str:
    path = folder / file.path
    if ".." in path.parts:
        return f"{file.path} is a path to somewhere else"
    try:
        if path.stat().st_size != file.size_bytes:
            return f"{file.path} has {path.stat().st_size} bytes instead of {file.size_bytes}"
        return "" if digest(path) == file.sha256 else f"{file.path} has changed"
    except FileNotFoundError:
        return f"{file.path} is missing"
    except OSError as error:
        return f"{file.path} cannot be read: {error.strerror}"
