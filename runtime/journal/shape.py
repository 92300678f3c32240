"""Is a database as a format says? What is stored may be of a stationd between two releases.

Such a journal names the number of a format and has other tables. A station that began with it
would fail later, at the first row of a table that is not there, and after it has said yes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.formats import Format

MOST_NAMED: Final = 3
"""Differences that an error names; one is enough to know."""


def check_shape(database: sqlite3.Connection, path: Path, wanted: Format) -> None:
    """Refuse a database that names a format and has not got its tables, columns or indices.

    What it has besides is left alone, such as the tables that SQLite itself makes.

    Raises:
        JournalFailed: It is another; the message says in what, and what to do.
        sqlite3.Error: It cannot be read.
    """
    named = name_differences(database, wanted)
    if named:
        raise JournalFailed(
            f"the journal {path} says that it has the format {wanted.version}, but no release made"
            f" it: it has {named}. Go back to a backup with `stationd restore BACKUP --replace`, or"
            f" move the state directory {path.parent} away to begin with a new one; only the"
            " stationd that wrote the journal reads it"
        )


def name_differences(database: sqlite3.Connection, wanted: Format) -> str:
    """Say in what a database is not of a format; nothing if it is.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    return ", ".join(islice(differences(wanted.tables, _shape(database)), MOST_NAMED))


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    """Say what a database has not got, or has in another way.

    Args:
        wanted: The columns of tables and indices by their names, in order.
        found: The same.
    """
    for name, columns in wanted.items():
        if name not in found:
            yield f"no {name!r}"
        elif columns != found[name]:
            missing = sorted({*columns.split()} - {*found[name].split()})
            unknown = sorted({*found[name].split()} - {*columns.split()})
            yield _difference(name, missing, unknown)


def _difference(name: str, missing: list[str], unknown: list[str]) -> str:
    if missing:
        return f"no {', '.join(missing)} in {name!r}"
    if unknown:
        return f"{', '.join(unknown)} more in {name!r}"
    return f"the columns of {name!r} in another order"


def _shape(database: sqlite3.Connection) -> dict[str, str]:
    return dict(database.execute(_COLUMNS))


# All at once: a question for each table would cost ten times as much.
_COLUMNS: Final = """
SELECT name, (SELECT group_concat(part.name, ' ') FROM pragma_table_info(made.name) part)
FROM sqlite_master made WHERE type = 'table' AND sql IS NOT NULL
UNION ALL
SELECT name, (SELECT group_concat(part.name, ' ') FROM pragma_index_info(made.name) part)
FROM sqlite_master made WHERE type = 'index' AND sql IS NOT NULL"""
