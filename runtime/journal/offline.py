"""What is done to a journal while no daemon runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.formats import NEWEST, Format
from stationd.runtime.journal.lock import take_lock
from stationd.runtime.journal.migrate import migrate
from stationd.runtime.journal.opening import DATABASE, check_known, read_version
from stationd.runtime.journal.shape import check_shape


class Migrated(NamedTuple):
    """The formats that a journal had and has."""

    old: int
    new: int


def bring_along(state: Path, wanted: Format = NEWEST) -> Migrated:
    """Bring the journal in a state directory to a newer format; blocks.

    Raises:
        AlreadyRunning: A daemon has the directory.
        JournalFailed: There is no journal, it is damaged or newer, or it cannot be done: then it
            is as it was.
    """
    path = state / DATABASE
    try:
        there = path.exists()
    except PermissionError as error:
        reason = f"this user may not look into {state}: run this as the user of the daemon"
        raise JournalFailed(reason) from error
    if not there:
        raise JournalFailed(f"there is no journal in {state}: the daemon makes one when it starts")
    lock = take_lock(state)
    try:
        version = _version(path, wanted)
        if version < wanted.version:
            migrate(path, version, wanted)
    finally:
        os.close(lock)
    return Migrated(version, wanted.version)


def _version(path: Path, wanted: Format) -> int:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            version = read_version(database, path)
            if version == wanted.version:
                check_shape(database, path, wanted)
    except sqlite3.Error as error:
        raise JournalFailed(f"cannot open the journal {path}: {error}") from error
    if version is None:
        raise JournalFailed(f"{path} is an empty database, and no journal")
    check_known(version, path, wanted)
    return version
