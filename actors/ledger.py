"""A controller's durable memory: its tickets, the newest fence, and the spool of data.

Rule 1. A commit takes all that has come while the one before it was under way, and is on disk
        when it is reported.
Rule 2. A thread of its own writes; what is asked of it is answered in order.
Rule 3. A disk that is full or fails stops the answers, and nothing else: the same commit is tried
        again until it succeeds.
Rule 4. That the instrument is about to begin with a ticket is written to a mapped file, which
        costs no system call and outlives the process. It does not outlive a crash of the machine;
        after one, everything that may have been begun with counts as begun.
"""

from __future__ import annotations

import fcntl
import logging
import mmap
import os
import queue
import sqlite3
import struct
import threading
import uuid
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from stationd.actors import facts
from stationd.actors.facts import HeldRow, Memory, Record, SpooledBlocks
from stationd.proto.error import ErrorCode, ErrorInfo, StationError
from stationd.proto.job import Fence, JobId, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)

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
_RETRY_SECONDS: Final = 0.5
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PLACE: Final = struct.Struct("<q")


class Block(Struct, frozen=True):
    """A block of data from the spool, as two frames."""

    header: bytes
    data: bytes


class Committed(Struct, frozen=True):
    """All writes up to a number are on disk."""

    up_to: int
    blocks: dict[SpooledBlocks, list[Block]]
    """What was asked for."""


class _Write(Struct, frozen=True):
    number: int
    records: Sequence[Record]
    reads: Sequence[SpooledBlocks]


class Ledger:
    """The ledger in a directory, which it creates and locks.

    Args:
        state: The directory.

    Raises:
        StationError: Another process has it (code ALREADY_RUNNING), or it is of a newer version.
    """

    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(state)
        self._database = _open(state / "ledger.sqlite3")
        self._mark = _map(state / "started")
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._boot = _read_boot()
        self.memory = _read(self._database, self._boot, _PLACE.unpack_from(self._mark)[0])

    def start(self, recovered: Sequence[Record], committed: Callable[[Committed], None]) -> None:
        """Store what came of the recovery, and begin to write in a thread.

        Args:
            recovered: On disk when this returns.
            committed: Called from the ledger's thread after each commit.
        """
        # In one transaction: from here on the mark is to be trusted again.
        _store(self._database, recovered, self._boot)
        self._thread = threading.Thread(
            target=self._work, args=(committed,), name="ledger", daemon=True
        )
        self._thread.start()

    def write(
        self, number: int, records: Sequence[Record], reads: Sequence[SpooledBlocks] = ()
    ) -> None:
        """Ask for records to be made durable, and then for blocks to be read.

        Args:
            number: Grows with every write, and comes back when it is done.
            records: Stored together.
            reads: What to read from the spool.
        """
        self._writes.put(_Write(number, records, reads))

    def mark_started(self, place: int) -> None:
        """Remember that the instrument is about to begin with the ticket at a place in line."""
        _PLACE.pack_into(self._mark, 0, place)

    def close(self) -> None:
        """Write what has come, and let go of the directory."""
        self._closing.set()
        self._writes.put(None)
        if self._thread is not None:
            self._thread.join()
        self._database.close()
        self._mark.close()
        os.close(self._lock)

    # --- the thread --------------------------------------------------------------------------

    def _work(self, committed: Callable[[Committed], None]) -> None:
        more = True
        while more:
            writes, more = self._gather()
            if writes and self._commit(writes):
                reads = [read for write in writes for read in write.reads]
                blocks = {read: _blocks(self._database, read) for read in reads}
                committed(Committed(writes[-1].number, blocks))

    def _gather(self) -> tuple[list[_Write], bool]:
        """Wait for a write and take all others that are there; and whether more may come."""
        write = self._writes.get()
        writes: list[_Write] = []
        while write is not None:
            writes.append(write)
            try:
                write = self._writes.get_nowait()
            except queue.Empty:
                return writes, True
        return writes, False

    def _commit(self, writes: list[_Write]) -> bool:
        """Commit, however long it takes; False if the controller ends before it succeeds."""
        while True:
            try:
                records = [record for write in writes for record in write.records]
                if records:
                    _store(self._database, records)
            except sqlite3.Error as error:
                _log.error("the ledger cannot be written, trying again: %s", error)
                if self._closing.wait(_RETRY_SECONDS):
                    return False
            else:
                return True


# --- opening ---------------------------------------------------------------------------------


def _lock(state: Path) -> int:
    descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise StationError(
            ErrorInfo(
                ErrorCode.ALREADY_RUNNING,
                f"process {holder or 'unknown'} has the controller's state directory {state}:"
                " stop it, or give this controller a directory of its own",
            )
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
    return descriptor


def _open(path: Path) -> sqlite3.Connection:
    # Opened here and used in the ledger's thread, never in two at once.
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    version = int(database.execute("PRAGMA user_version").fetchone()[0])
    if version > _SCHEMA_VERSION:
        database.close()
        raise StationError(
            f"{path} was written by a newer stationd (version {version} of the ledger, this one"
            f" knows {_SCHEMA_VERSION}): update this controller"
        )
    if version == 0:
        database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_SCHEMA_VERSION}; COMMIT;")
    return database


def _map(path: Path) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if os.fstat(descriptor).st_size != _PLACE.size:
            # Written, not only sized: a hole in a mapped file kills the process on a full disk.
            os.pwrite(descriptor, _PLACE.pack(0), 0)
        return mmap.mmap(descriptor, _PLACE.size)
    finally:
        os.close(descriptor)


# --- reading ---------------------------------------------------------------------------------


def _read_boot() -> str:
    return _BOOT_ID.read_text("ascii").strip() if _BOOT_ID.exists() else ""


def _read(database: sqlite3.Connection, boot: str, last_started: int) -> Memory:
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


def _blocks(database: sqlite3.Connection, read: SpooledBlocks) -> list[Block]:
    rows = database.execute(
        "SELECT header, data FROM block WHERE number = ? AND position >= ? ORDER BY position",
        (read.number, read.first),
    )
    return [Block(header, data) for header, data in rows]


# --- writing ---------------------------------------------------------------------------------


def _put(database: sqlite3.Connection, name: str, value: str | int) -> None:
    database.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))


def _store(database: sqlite3.Connection, records: Sequence[Record], boot: str = "") -> None:
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
        (armed.ticket.number, armed.ticket.job, armed.ticket.attempt)
        + (armed.place, armed.work, armed.cleared)
        for armed in records
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
