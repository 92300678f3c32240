"""Makes a backup of a station, whether its daemon runs or not, and without being in its way.

Rule 1. The journal is copied in one read transaction. Results are copied before and after: one
        that the copied journal knows of was there by then, or is there now.
Rule 2. What is being made has another name. It gets its own when all of it is on disk, the
        manifest last.
Rule 3. Controllers' ledgers are not in it: an older one would let tickets run twice.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd import __version__
from stationd.runtime.care import snapshot
from stationd.runtime.care.copying import copy, digest, flush_folder, flush_tree
from stationd.runtime.care.manifest import BackupError, FileEntry, Manifest, write_manifest
from stationd.runtime.journal.opening import DATABASE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.runtime.care.snapshot import Reference
    from stationd.runtime.settings import Configuration

ARTIFACTS: Final = "artifacts"
LOG: Final = "log"
"""What `stationctl logs` finds."""
CONFIGURATION: Final = "configuration"
_PARTIAL: Final = ".partial"
_SPARE: Final = 16 * 1024 * 1024
"""Bytes that a backup leaves free."""


class Source(Struct, frozen=True):
    """What is copied."""

    name: str
    """The station's, for people."""
    state: Path
    configuration: tuple[Path, ...]
    """The main file and its drop-ins."""

    @property
    def journal(self) -> Path:
        """The database."""
        return self.state / DATABASE


def source_of(configuration: Configuration) -> Source:
    """Return what there is to copy of a station."""
    settings = configuration.settings
    return Source(settings.station.name, settings.state, configuration.files)


def make_backup(source: Source, destination: Path, now_unix_s: float) -> Manifest:
    """Make a backup; blocks.

    Args:
        source: What to copy.
        destination: A folder that does not exist yet.
        now_unix_s: When it is made.

    Raises:
        BackupError: It cannot be made. There is nothing at the destination.
        JournalFailed: The journal is of a newer stationd.
    """
    partial = destination.with_name(destination.name + _PARTIAL)
    try:
        if destination.exists():
            raise BackupError(f"{destination} exists already: name a folder that does not")
        snapshot.check_known(source.journal)
        _make_folder(partial)
        try:
            manifest = _fill(partial, source, now_unix_s)
            partial.rename(destination)
            flush_folder(destination.parent)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    except OSError as error:
        raise BackupError(
            f"cannot make the backup {destination}: {error}{_whose(error)}"
        ) from error
    return manifest


def _whose(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "; run it as the user of the daemon, or as root"
    return ""


def _make_folder(partial: Path) -> None:
    try:
        # What people have measured is for the service alone, as it is in the state directory.
        partial.mkdir(mode=0o700)
    except FileExistsError:
        raise BackupError(
            f"{partial} exists: another backup to the same place is being made, or was"
            " interrupted; in that case remove it"
        ) from None
    except FileNotFoundError:
        raise BackupError(f"{partial.parent} is not there: make it first") from None


def _fill(folder: Path, source: Source, now_unix_s: float) -> Manifest:
    files = _Files(folder)
    journal = folder / DATABASE
    _check_room(folder, source)
    files.take_results(snapshot.references(source.journal, source.state / ARTIFACTS))
    snapshot.take(source.journal, journal)
    wanted = snapshot.references(journal, source.state / ARTIFACTS)
    files.take_results(wanted)
    files.keep_only(wanted)
    files.note(journal)
    files.take_tree(source.state / LOG, LOG)
    for file in source.configuration:
        files.take(file, f"{CONFIGURATION}/{file.relative_to(source.configuration[0].parent)}")
    manifest = Manifest(
        made_unix_s=now_unix_s,
        version=__version__,
        name=source.name,
        journal=snapshot.describe(journal),
        files=tuple(files.entries.values()),
        missing=tuple(sorted(files.missing)),
    )
    flush_tree(folder)
    write_manifest(folder, manifest)
    return manifest


def _check_room(folder: Path, source: Source) -> None:
    results = source.state / ARTIFACTS
    sizes = [file.stat().st_size for file in results.rglob("*") if file.is_file()]
    wanted = sum(sizes) + source.journal.stat().st_size + _SPARE
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise BackupError(
            f"{folder.parent} has room for {free / 2**20:,.0f} MiB, and the backup takes up"
            f" {wanted / 2**20:,.0f} MiB: choose another disk, or make room"
        )


class _Files:
    """The files of a backup that is being made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.entries: dict[str, FileEntry] = {}
        self.missing: set[str] = set()

    def take_results(self, references: Iterable[Reference]) -> None:
        """Copy results that are not there yet, and compare them with what the journal says."""
        for wanted in references:
            path = f"{ARTIFACTS}/{wanted.path.parent.name}/{wanted.path.name}"
            if path in self.entries:
                continue
            self.missing.discard(path)
            try:
                self.take(wanted.path, path)
            except FileNotFoundError:
                self.missing.add(path)
                continue
            if self.entries[path].sha256 != wanted.sha256:
                self._drop(path)
                self.missing.add(path)

    def keep_only(self, references: Iterable[Reference]) -> None:
        """Drop results of jobs that were deleted before the journal was copied."""
        wanted = {f"{ARTIFACTS}/{one.path.parent.name}/{one.path.name}" for one in references}
        for path in [path for path in self.entries if path not in wanted]:
            self._drop(path)
        self.missing &= wanted

    def take_tree(self, folder: Path, name: str) -> None:
        """Copy all files of a folder; one that is removed meanwhile is not missed."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                try:
                    self.take(file, f"{name}/{file.relative_to(folder)}")
                except FileNotFoundError:
                    continue

    def take(self, file: Path, path: str) -> None:
        """Copy a file."""
        copied = copy(file, self._folder / path)
        self.entries[path] = FileEntry(path, copied.size_bytes, copied.sha256)

    def note(self, file: Path) -> None:
        """Take note of a file that is there already."""
        path = str(file.relative_to(self._folder))
        self.entries[path] = FileEntry(path, file.stat().st_size, digest(file))

    def _drop(self, path: str) -> None:
        (self._folder / path).unlink(missing_ok=True)
        self.entries.pop(path, None)
