"""What can be wrong with a disk so that it may heal, and how it is said."""

from __future__ import annotations

import sqlite3
from typing import Final

from stationd.proto.error import StorageTrouble

_PRIMARY: Final = 0xFF
"""An extended result code of SQLite has the primary one in its lowest byte."""
_WORDS: Final[dict[int, str]] = {
    sqlite3.SQLITE_FULL: "the station's disk is full: make room",
    sqlite3.SQLITE_IOERR: "the station's disk fails: see the kernel's log",
    sqlite3.SQLITE_READONLY: "the station's disk is read-only: see the kernel's log",
    sqlite3.SQLITE_PERM: "the journal must not be written to: mend its rights",
    sqlite3.SQLITE_CANTOPEN: "the journal cannot be opened: mend the state directory",
    sqlite3.SQLITE_BUSY: "another program has locked the journal: close it",
    sqlite3.SQLITE_LOCKED: "another program has locked the journal: close it",
}
_UNSTORED: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""After these SQLite itself has taken everything back, and the connection is as good as new."""


class CommitFailed(StorageTrouble):
    """A commit has failed for a reason that may go away.

    Attributes:
        wants_room: It may succeed if there is more room.
        in_doubt: Perhaps it is stored nevertheless: only the database, opened anew, can tell.
    """

    wants_room = False
    in_doubt = True


def trouble(error: sqlite3.Error, path: object) -> CommitFailed | None:
    """Return what is wrong, or None if waiting does not help.

    Args:
        error: As SQLite raised it.
        path: The database, for the message.
    """
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    words = _WORDS.get(code & _PRIMARY)
    if words is None:
        return None
    found = CommitFailed(f"{words} ({path}: {error}, {error.sqlite_errorname})")
    # A quota and a limit of the file's size come as errors of the disk.
    found.wants_room = code & _PRIMARY in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
    found.in_doubt = code & _PRIMARY not in _UNSTORED
    return found
