"""What stands in a ledger's SQLite file, and how records change it."""

from __future__ import annotations

import sqlite3
import uuid
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from stationd.actors.line import facts
from stationd.actors.line.facts import HeldRow, Memory, Record, SpooledBlocks
from stationd.proto.error import StationError
from stationd.proto.job import Fence, JobId, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MOST_COLLECTED_BYTES: Final = 8 * 1024 * 1024
"""Data that is sent again at a time, about: the daemon asks for what is behind it."""
_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE ticket (
    number INTEGER PRIMARY KEY, job TEXT NOT NULL, attempt INTEGER NOT NULL,
    place INTEGER NOT NULL, work BLOB NOT NULL, cleared INTEGER NOT NULL, end BLOB
);
CREATE TABLE block (
    number INTEGER NOT NULL, position INTEGER NOT NULL, header BLOB NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (number, position)
);
CREATE TABLE over (number INTEGER PRIMARY KEY);
"""


class Block(Struct, frozen=True):
    """A block of data from the spool, as two frames."""

    header: bytes
    data: bytes


def open_database(path: Path) -> sqlite3.Connection:
    """Open a ledger's file, or make it.

    Raises:
        StationError: It was written by a newer version, or is no ledger.
    """
    try:
        return _open(path)
    except sqlite3.DatabaseError as error:
        raise StationError(
            f"the ledger {path} cannot be opened ({error}): free the disk or mend its rights; if"
            " the file is damaged, move it away, and what the controller held is given up as lost"
        ) from error


def _open(path: Path) -> sqlite3.Connection:
    # Opened here and used in the ledger's thread, never in two at once.
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        _set_up(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _set_up(database: sqlite3.Connection, path: Path) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Some systems' SQLite overwrites what is deleted, which is as much as was written.
    database.execute("PRAGMA secure_delete = FAST")
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > _SCHEMA_VERSION:
        raise StationError(
            f"{path} was written by a newer stationd (version {version} of the ledger, this one"
            f" knows {_SCHEMA_VERSION}): update this controller"
        )
    if version == 0:
        database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")


# --- reading ---------------------------------------------------------------------------------


def read_memory(database: sqlite3.Connection, boot: str, last_started: int) -> Memory:
    """Read all that a ledger knows but the data itself.

    Args:
        database: The ledger's.
        boot: What tells this boot of the machine from others; empty if the mark of the last
            ticket that was begun with cannot be trusted.
        last_started: That mark.
    """
    known = dict(database.execute("SELECT name, value FROM fact").fetchall())
    ledger = known.get("ledger", str(uuid.uuid4()))
    _put(database, "ledger", ledger)
    fence = Fence(known["station"], known["epoch"]) if "station" in known else None
    return Memory(
        ledger=ledger,
        fence=fence,
        forgotten=known.get("forgotten", 0),
        over=frozenset(number for (number,) in database.execute("SELECT number FROM over")),
        held=tuple(_held_rows(database)),
        last_started=last_started,
        certain=known.get("boot") == boot if boot else False,
    )


def _held_rows(database: sqlite3.Connection) -> list[HeldRow]:
    rows = database.execute(
        "SELECT number, job, attempt, place, work, cleared, end,"
        " (SELECT count(*) FROM block WHERE block.number = ticket.number),"
        " (SELECT coalesce(sum(length(data)), 0) FROM block WHERE block.number = ticket.number)"
        " FROM ticket ORDER BY place, number"
    )
    return [
        HeldRow(
            ticket=Ticket(number, JobId(job), attempt),
            place=place,
            work=work,
            cleared=bool(cleared),
            end=end,
            blocks=blocks,
            size_bytes=size_bytes,
        )
        for number, job, attempt, place, work, cleared, end, blocks, size_bytes in rows
    ]


def read_blocks(database: sqlite3.Connection, read: SpooledBlocks) -> list[Block]:
    """Read a ticket's blocks from the spool, as many as are sent at a time, at least one."""
    rows = database.execute(
        "SELECT header, data FROM block WHERE number = ? AND position >= ? ORDER BY position",
        (read.number, read.first),
    )
    found: list[Block] = []
    size = 0
    for header, data in rows:
        found.append(Block(header, data))
        size += len(data)
        if size >= MOST_COLLECTED_BYTES:
            break
    return found


# --- writing ---------------------------------------------------------------------------------


def _put(database: sqlite3.Connection, name: str, value: str | int) -> None:
    database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def store(database: sqlite3.Connection, records: Sequence[Record], boot: str = "") -> None:
    """Store records in one transaction, and the machine's boot if it is given."""
    try:
        database.execute("BEGIN IMMEDIATE")
        for kind, group in groupby(records, type):
            _STORE[kind](database, list(group))
        if boot:
            _put(database, "boot", boot)
        database.execute("COMMIT")
    except BaseException:
        # SQLite has rolled back by itself after some errors, and not after others.
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _store_armed(database: sqlite3.Connection, records: Sequence[facts.TicketArmed]) -> None:
    rows = [
        (one.ticket.number, one.ticket.job, one.ticket.attempt, one.place, one.work, one.cleared)
        for one in records
    ]
    database.executemany("INSERT INTO ticket VALUES (?, ?, ?, ?, ?, ?, NULL)", rows)


def _store_cleared(database: sqlite3.Connection, records: Sequence[facts.TicketCleared]) -> None:
    rows = [(cleared.number,) for cleared in records]
    database.executemany("UPDATE ticket SET cleared = 1 WHERE number = ?", rows)


def _store_revoked(database: sqlite3.Connection, records: Sequence[facts.TicketRevoked]) -> None:
    rows = [(revoked.number,) for revoked in records]
    database.executemany("DELETE FROM ticket WHERE number = ?", rows)


def _store_ended(database: sqlite3.Connection, records: Sequence[facts.TicketEnded]) -> None:
    # A ticket that was aborted before it came has no row yet.
    rows = [
        (ended.ticket.number, ended.ticket.job, ended.ticket.attempt, ended.end)
        for ended in records
    ]
    database.executemany(
        "INSERT INTO ticket VALUES (?, ?, ?, 0, x'', 0, ?)"
        " ON CONFLICT (number) DO UPDATE SET end = excluded.end, work = x''",
        rows,
    )


def _store_over(database: sqlite3.Connection, records: Sequence[facts.TicketOver]) -> None:
    rows = [(over.number,) for over in records]
    database.executemany("DELETE FROM ticket WHERE number = ?", rows)
    database.executemany("INSERT OR IGNORE INTO over VALUES (?)", rows)
    spooled = [(over.number,) for over in records if over.blocks]
    if spooled:
        database.executemany("DELETE FROM block WHERE number = ?", spooled)


def _store_blocks(database: sqlite3.Connection, records: Sequence[facts.BlockSpooled]) -> None:
    rows = [(block.number, block.index, block.header, block.data) for block in records]
    database.executemany("INSERT INTO block VALUES (?, ?, ?, ?)", rows)


def _store_fence(database: sqlite3.Connection, records: Sequence[facts.FenceSeen]) -> None:
    newest = records[-1].fence
    _put(database, "station", newest.station)
    _put(database, "epoch", newest.epoch)


def _store_forgotten(database: sqlite3.Connection, records: Sequence[facts.Forgotten]) -> None:
    up_to = records[-1].up_to
    _put(database, "forgotten", up_to)
    database.execute("DELETE FROM over WHERE number < ?", (up_to,))


_STORE: Final[dict[type, Callable[[sqlite3.Connection, Any], None]]] = {
    facts.TicketArmed: _store_armed,
    facts.TicketCleared: _store_cleared,
    facts.TicketRevoked: _store_revoked,
    facts.TicketEnded: _store_ended,
    facts.TicketOver: _store_over,
    facts.BlockSpooled: _store_blocks,
    facts.FenceSeen: _store_fence,
    facts.Forgotten: _store_forgotten,
}
