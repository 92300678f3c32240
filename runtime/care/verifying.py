"""Are the stored results what they were when they were stored? Every byte is read.

Rule 1. Nothing is written, and nothing is locked: the daemon may run.
Rule 2. A result that went while it was looked at went with its job: it is looked for once more in
        the journal before it is called damaged.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.error import JournalFailed
from stationd.runtime.care import snapshot
from stationd.runtime.care.copying import digest
from stationd.runtime.journal.reader import connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAGE: Final = 500
"""Results that are looked up at a time: no page keeps the journal from being tidied for long."""


class Damaged(Struct, frozen=True):
    """A result that is not what it was."""

    artifact: str
    job: str
    text: str
    """What is wrong with it."""


class Looked(Struct, frozen=True):
    """One result that was looked at."""

    size_bytes: int
    damaged: Damaged | None = None


class _Row(NamedTuple):
    number: int
    item: int
    job: str
    artifact: str
    size: int
    sha256: bytes
    data: bytes | None


Elsewhere = Callable[[str, int], Iterable[bytes]]
"""Returns a result that is in another store piece by piece, by its file's name and size; raises
`FileNotFoundError` if it is not there either."""


def verify(journal: Path, artifacts: Path, elsewhere: Elsewhere | None = None) -> Iterator[Looked]:
    """Look at every result, and yield what was found of each; blocks.

    Args:
        journal: The database.
        artifacts: Where results are that are files.
        elsewhere: Reads those whose files are not here; None if there is no other store.

    Raises:
        StorageTrouble: The other store is away.
        BackupError: There is no journal, or it cannot be read.
        JournalFailed: It is of a newer stationd, or damaged.
    """
    snapshot.check_known(journal)
    try:
        with closing(connect(journal)) as database:
            after = (0, -1)
            while rows := [_row(*row) for row in database.execute(_RESULTS, (*after, _PAGE))]:
                for row in rows:
                    yield _looked(database, artifacts, row, elsewhere)
                after = rows[-1].number, rows[-1].item
    except sqlite3.Error as error:
        raise JournalFailed(f"the journal {journal} cannot be read: {error}") from error


def _row(  # noqa: PLR0917 - the columns of a query
    number: int, item: int, job: str, attempt: int, artifact: str, size: int, sha256: bytes,
    data: bytes | None,
) -> _Row:  # fmt: skip
    # Most ids say again which item of which attempt it is.
    return _Row(number, item, job, artifact or f"{job}/{attempt}/{item}", size, sha256, data)


def _looked(
    database: sqlite3.Connection, artifacts: Path, row: _Row, elsewhere: Elsewhere | None
) -> Looked:
    try:
        size, found = _measured(artifacts, row, elsewhere)
    except FileNotFoundError:
        return _judged(database, row, "its file is gone")
    except OSError as error:
        return _judged(database, row, f"its file cannot be read: {error.strerror}")
    if size != row.size:
        return _judged(database, row, f"{size:,} bytes of {row.size:,} are there")
    if found != row.sha256.hex():
        return _judged(database, row, f"its SHA-256 is {found}, and was {row.sha256.hex()}")
    return Looked(size)


def _measured(artifacts: Path, row: _Row, elsewhere: Elsewhere | None) -> tuple[int, str]:
    """Return a result's size and digest."""
    if row.data is not None:
        return len(row.data), hashlib.sha256(row.data).hexdigest()
    path = artifact_path(artifacts, row.artifact)
    try:
        return path.stat().st_size, digest(path)
    except FileNotFoundError:
        if elsewhere is None:
            raise
    size, sha256 = 0, hashlib.sha256()
    for piece in elsewhere(f"{path.parent.name}/{path.name}", row.size):
        size += len(piece)
        sha256.update(piece)
    return size, sha256.hexdigest()


def _judged(database: sqlite3.Connection, row: _Row, text: str) -> Looked:
    there = database.execute(_STILL, (row.number, row.item, row.sha256)).fetchone()
    damaged = Damaged(row.artifact, row.job, text) if there is not None else None
    return Looked(row.size, damaged)


_RESULTS: Final = """
SELECT number, items.item, jobs.id, items.attempt, artifact, size_bytes, sha256, data
FROM items JOIN jobs USING (number)
WHERE (number, items.item) > (?, ?) AND artifact IS NOT NULL
ORDER BY number, items.item LIMIT ?"""
_STILL: Final = "SELECT 1 FROM items WHERE number = ? AND item = ? AND sha256 = ?"
