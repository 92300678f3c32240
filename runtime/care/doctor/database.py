"""Is the journal whole? Nothing here writes to it: a daemon may have it."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from stationd.proto.error import JournalFailed
from stationd.runtime.care.doctor.finding import Finding, fail, ok, warn
from stationd.runtime.journal.formats import NEWEST
from stationd.runtime.journal.opening import DATABASE, check_known, read_version
from stationd.runtime.journal.reader import connect
from stationd.runtime.journal.shape import check_shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stationd.runtime.settings import Settings

_LARGE_WAL: Final = 256 * 1024 * 1024
"""Bytes; the writer keeps it below 64 MiB when nobody reads for long."""
_LONGEST: Final = 60.0
"""Seconds that the journal is looked through at most."""
_STEPS: Final = 100_000
_MENDED: Final = (3, 51, 3)
"""From this SQLite on, two connections that reset a WAL at the same time cannot damage it."""


def sqlite(_: Settings) -> Iterator[Finding]:
    """Look at SQLite's version."""
    yield judge(sqlite3.sqlite_version_info)


def judge(version: tuple[int, ...]) -> Finding:
    """Judge a version of SQLite."""
    text = ".".join(map(str, version))
    if version < _MENDED:
        return warn(
            "SQLite",
            f"{text}: before {'.'.join(map(str, _MENDED))} a journal can be damaged if two"
            " connections write to it or checkpoint it; stationd has one alone that does",
            "open the journal with nothing else that writes, also not with `sqlite3` while the"
            " daemon runs; use `stationd backup` for copies",
        )
    return ok("SQLite", text)


def journal(settings: Settings) -> Iterator[Finding]:
    """Look the journal through, its format, and the size of its WAL."""
    path = settings.state / DATABASE
    try:
        there = path.exists()
    except PermissionError:
        there = False
    if not there:
        yield ok("journal", "there is none yet, or this user may not see it")
        return
    try:
        with closing(connect(path)) as database:
            version = read_version(database, path)
            if version is not None:
                check_known(version, path, NEWEST)
                if version == NEWEST.version:
                    check_shape(database, path, NEWEST)
                yield _format(version)
            yield _through(database)
    except JournalFailed as error:
        yield fail("journal", str(error), "as it says; go back to a backup if it is no journal")
    except sqlite3.Error as error:
        yield fail("journal", f"{path} cannot be read: {error}", _GO_BACK)
    yield from _wal(path)


_GO_BACK: Final = (
    "stop the daemon, copy the state directory away, and go back to a backup with `stationd"
    " restore BACKUP --replace`"
)


def _format(version: int) -> Finding:
    if version < NEWEST.version:
        return warn(
            "format",
            f"the journal has the format {version}, the newest is {NEWEST.version}",
            "make a backup; the next start brings it along, or `stationd migrate` before that",
        )
    return ok("format", f"the journal has the newest format, {version}")


def _through(database: sqlite3.Connection) -> Finding:
    begin = time.monotonic()
    database.set_progress_handler(lambda: time.monotonic() - begin > _LONGEST, _STEPS)
    try:
        found = [row for (row,) in database.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return warn(
            "journal",
            f"it was looked through for {_LONGEST:.0f} s, and there is more",
            "make a backup, which looks all of it through",
        )
    if found != ["ok"]:
        return fail("journal", f"it is damaged: {'; '.join(found)}", _GO_BACK)
    return ok("journal", f"it is whole, looked through in {time.monotonic() - begin:.1f} s")


def _wal(path: Path) -> Iterator[Finding]:
    try:
        size = path.with_name(path.name + "-wal").stat().st_size
    except OSError:
        return
    if size > _LARGE_WAL:
        yield warn(
            "WAL",
            f"{size / 2**20:,.0f} MiB stand in the WAL: somebody reads the journal for long",
            "end whatever reads it, such as a backup that hangs or an open `sqlite3`",
        )
