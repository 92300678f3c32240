"""Opening a journal's database: is it ours, whole, and of a format that we know?

Rule 1. Whatever is refused is left as it was.
Rule 2. An older format is brought along, in one transaction; a newer one is refused, and what
        names our format but has other tables.
Rule 3. After a station that did not end in order the database is looked through, for a bounded
        time, and what stands in the WAL is made durable before it is believed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final
from uuid import uuid4

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.formats import NEWEST, Format
from stationd.runtime.journal.shape import check_shape
from stationd.runtime.journal.trouble import CommitFailed

DATABASE: Final = "journal.sqlite"
"""The database's name within the state directory."""
CHECK_SECONDS: Final = 1.0
"""How long a database may be looked through."""
BUSY_SECONDS: Final = 5.0
"""How long another program may keep the database locked before that is trouble."""
_SETTINGS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Pages of 4 KiB. A checkpoint stops commits for as long as it copies; this many take
    # some milliseconds, and the WAL stays below 64 MiB.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA cache_size = -65536",
    # Some systems' SQLite overwrites what is deleted: raw data of a gibibyte would be written
    # once more to be forgotten, and every commit would wait for it.
    "PRAGMA secure_delete = FAST",
)


def open_database(
    path: Path, wanted: Format = NEWEST, migrating: Callable[[int, int], None] | None = None
) -> sqlite3.Connection:
    """Open a journal's database for writing, or make it.

    Args:
        path: The database.
        wanted: The format that it is to have.
        migrating: Called with the old and the new version if the format is older.

    Raises:
        sqlite3.Error: The disk or the file is bad.
        JournalFailed: It is not ours, is damaged, is of a newer version, or has other tables.
    """
    crashed = _has_wal(path)
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        version = read_version(database, path)
        if version is None:
            _create(database, wanted.version)
        else:
            check_known(version, path, wanted)
        if crashed:
            _look_through(database, path)
        if version is not None and version < wanted.version:
            _migrate(path, version, wanted, migrating)
        check_shape(database, path, wanted)
        _set_up(database)
        if crashed:
            flush_wal(database, path)
    except BaseException:
        database.close()
        raise
    return database


def check_known(version: int, path: Path, wanted: Format) -> None:
    """Refuse a newer format.

    Raises:
        JournalFailed: It is one; the message names both versions.
    """
    if version > wanted.version:
        raise JournalFailed(
            f"the journal {path} has the format {version}, this stationd knows only"
            f" {wanted.version}: install the newer stationd that wrote it, or"
            " go back to a backup that this one has made (stationd restore)"
        )


def reopen_database(path: Path) -> sqlite3.Connection:
    """Open a database that was open before; never make one.

    Raises:
        sqlite3.Error: The disk or the file is bad.
    """
    address = f"{path.absolute().as_uri()}?mode=rw"
    database = sqlite3.connect(address, timeout=BUSY_SECONDS, isolation_level=None, uri=True)
    try:
        _set_up(database)
    except BaseException:
        database.close()
        raise
    return database


def read_version(database: sqlite3.Connection, path: Path) -> int | None:
    """Return the version of a journal's format; None if the database is empty.

    Raises:
        JournalFailed: It is not a journal.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    tables = {name for (name,) in database.execute(query)}
    if not tables:
        return None
    if "meta" not in tables:
        raise JournalFailed(f"{path} is a database, but not a journal of stationd")
    (version,) = database.execute("SELECT schema_version FROM meta").fetchone()
    return int(version)


def flush_wal(database: sqlite3.Connection, path: Path) -> None:
    """Write all that stands in the WAL into the database, and flush that.

    A WAL whose flush has failed may be read back from memory although it is on no disk, and
    flushing it again then succeeds without writing. What is copied out of it is written anew.

    Raises:
        CommitFailed: A reader is in the way; later it will not be.
    """
    busy, frames, copied = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if busy or frames != copied:
        raise CommitFailed(f"the journal {path} is being read: it is made safe in a moment")


def _has_wal(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def _set_up(database: sqlite3.Connection) -> None:
    for setting in _SETTINGS:
        database.execute(setting)


def _create(database: sqlite3.Connection, version: int) -> None:
    # Imported here for it is needed once in a journal's life and takes long.
    from stationd.runtime.journal import schema  # noqa: PLC0415

    # Before anything is written: later it would take a copy of the whole.
    database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("BEGIN IMMEDIATE")
    for statement in schema.statements():
        database.execute(statement)
    values = (str(uuid4()), version)
    database.execute("INSERT INTO meta VALUES (1, ?, ?, 0, 0, 0, 0, 0.0, 0.0, 0.0, 0)", values)
    database.execute("COMMIT")


def _migrate(
    path: Path, version: int, wanted: Format, migrating: Callable[[int, int], None] | None
) -> None:
    # Imported here for it is needed once in a format's life and takes longer still.
    from stationd.runtime.journal.migrate import migrate  # noqa: PLC0415

    if migrating is not None:
        migrating(version, wanted.version)
    migrate(path, version, wanted)


def _look_through(database: sqlite3.Connection, path: Path) -> None:
    """Look for damage, but not for long.

    Raises:
        JournalFailed: There is some.
    """
    over = threading.Event()

    def interrupt() -> None:
        over.set()
        database.interrupt()

    timer = threading.Timer(CHECK_SECONDS, interrupt)
    timer.start()
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError:
        if not over.is_set():
            raise
        return
    finally:
        timer.cancel()
        timer.join()
    # A check that was interrupted takes what it has not seen for damaged.
    if found != "ok" and not over.is_set():
        raise JournalFailed(damaged(path, found))


def damaged(path: Path, found: object) -> str:
    """Say that a database is damaged, and what can be done."""
    where = str(found).splitlines()[-1]
    return (
        f"the journal {path} is damaged ({where}): put a backup in its place, or recover what can"
        f" be recovered with `sqlite3 {path} .recover`"
    )
