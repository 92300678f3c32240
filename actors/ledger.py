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
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.actors.facts import Record, SpooledBlocks
from stationd.actors.ledger_database import (
    Block,
    open_database,
    read_blocks,
    read_memory,
    store,
)
from stationd.proto.error import ErrorCode, ErrorInfo, StationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_log = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 0.5
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_PLACE: Final = struct.Struct("<q")


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
        try:
            self._database = open_database(state / "ledger.sqlite3")
        except StationError:
            os.close(self._lock)
            raise
        self._mark, is_new = _map(state / "started")
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._boot = _read_boot()
        # A mark that is new beside a ledger that is not says nothing.
        trusted = "" if is_new else self._boot
        self.memory = read_memory(self._database, trusted, _PLACE.unpack_from(self._mark)[0])

    def start(self, recovered: Sequence[Record], committed: Callable[[Committed], None]) -> None:
        """Store what came of the recovery, and begin to write in a thread.

        Args:
            recovered: On disk when this returns.
            committed: Called from the ledger's thread after each commit.
        """
        # In one transaction: from here on the mark is to be trusted again.
        store(self._database, recovered, self._boot)
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
                blocks = {read: read_blocks(self._database, read) for read in reads}
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
                    store(self._database, records)
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


def _map(path: Path) -> tuple[mmap.mmap, bool]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        is_new = os.fstat(descriptor).st_size != _PLACE.size
        if is_new:
            # Written, not only sized: a hole in a mapped file kills the process on a full disk.
            os.pwrite(descriptor, _PLACE.pack(0), 0)
        return mmap.mmap(descriptor, _PLACE.size), is_new
    finally:
        os.close(descriptor)


def _read_boot() -> str:
    return _BOOT_ID.read_text("ascii").strip() if _BOOT_ID.exists() else ""
