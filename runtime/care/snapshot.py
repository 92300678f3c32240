"""A journal as it was at one moment, copied while its daemon writes.

Rule. Nothing here writes to the journal that it copies or checkpoints it: one read transaction
      sees a moment of it, and its writer goes on.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from stationd.actors.stages.artifact import artifact_path
from stationd.runtime.care.copying import flush_file
from stationd.runtime.care.manifest import BackupError, JournalEntry
from stationd.runtime.journal import opening
from stationd.runtime.journal.formats import NEWEST
from stationd.runtime.journal.opening import read_version
from stationd.runtime.journal.reader import connect

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

_PAGES: Final = 2048
"""Copied in one go: Ctrl-C is heard between."""


class Reference(NamedTuple):
    """A result that is a file, as the journal knows it."""

    path: Path
    size_bytes: int
    sha256: str


def check_known(journal: Path) -> None:
    """See that there is a journal that this stationd knows.

    Raises:
        BackupError: There is none, or it is not ours.
        JournalFailed: It is of a newer stationd.
    """
    if not _is_there(journal):
        raise BackupError(
            f"there is no journal at {journal}: is station.state of the configuration the"
            " directory of this station?"
        )
    with _said_plainly(journal), closing(connect(journal)) as database:
        version = read_version(database, journal)
    if version is None:
        raise BackupError(f"{journal} is an empty database, and no journal")
    opening.check_known(version, journal, NEWEST)


def _is_there(journal: Path) -> bool:
    try:
        return journal.exists()
    except PermissionError as error:
        raise BackupError(
            f"this user may not look into {journal.parent}: run this as the user of the daemon, or"
            " as root"
        ) from error


def take(journal: Path, copy: Path) -> None:
    """Copy a journal to a file that stands by itself, durable.

    Raises:
        BackupError: It cannot be read, or is damaged.
    """
    with (
        _said_plainly(journal),
        closing(connect(journal)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM meta")
        source.backup(target, pages=_PAGES)
        # It needs no WAL beside it, and can be read from where nothing can be written.
        target.execute("PRAGMA journal_mode = DELETE")
    check(copy, journal)
    flush_file(copy)


def check(copy: Path, whose: Path) -> None:
    """Look a copy through.

    Raises:
        BackupError: It is damaged; the message names `whose` copy it is.
    """
    try:
        with closing(_opened(copy)) as database:
            found = [row for (row,) in database.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        found = [str(error)]
    if found != ["ok"]:
        raise BackupError(f"the journal {whose} is damaged: {'; '.join(found)}")


def describe(copy: Path) -> JournalEntry:
    """Return what stands in a copy."""
    with closing(_opened(copy)) as database:
        query = "SELECT station, schema_version, epoch, seq FROM meta"
        station, version, epoch, seq = database.execute(query).fetchone()
        query = "SELECT count(*), count(*) FILTER (WHERE ended IS NULL) FROM jobs"
        jobs, unfinished = database.execute(query).fetchone()
    return JournalEntry(station, version, epoch, seq, jobs, unfinished)


def references(copy: Path, artifacts: Path) -> list[Reference]:
    """Return the results that are files, by their journal.

    Raises:
        BackupError: It cannot be read.
    """
    with _said_plainly(copy), closing(_opened(copy)) as database:
        return list(_references(database, artifacts))


@contextmanager
def _said_plainly(journal: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise BackupError(
            f"cannot read the journal {journal}: {error}; run this as the user of the daemon, or as"
            " root"
        ) from error
    except sqlite3.Error as error:
        raise BackupError(f"cannot read the journal {journal}: {error}") from error


def _references(database: sqlite3.Connection, artifacts: Path) -> Iterator[Reference]:
    for job, attempt, item, artifact, size, sha256 in database.execute(_FILES):
        path = artifact_path(artifacts, artifact or f"{job}/{attempt}/{item}")
        yield Reference(path, size, sha256.hex())


def _opened(copy: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


_FILES: Final = """
SELECT jobs.id, items.attempt, items.item, artifact, size_bytes, sha256
FROM items JOIN jobs USING (number)
WHERE artifact IS NOT NULL AND data IS NULL"""
