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
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from msgspec import Struct

from stationd.actors.ledger.database import Block, open_database, read_blocks, read_memory, store
from stationd.actors.line.facts import Record, SpooledBlocks
from stationd.proto.error import ErrorCode, ErrorInfo, StationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

_T = TypeVar("_T")

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
        StationError: Another process has it (code ALREADY_RUNNING), it is of a newer version, or
            the disk is full or fails.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        with _said_plainly(state):
            state.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(state)
            try:
                self._open(state)
            except BaseException:
                os.close(self._lock)
                raise
        self._writes: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def _open(self, state: Path) -> None:
        self._boot = _read_boot()
        self._database = open_database(state / "ledger.sqlite3")
        self._mark, is_new = _map(state / "started")
        # As quick as it can be: the instrument waits for it.
        self._started = memoryview(self._mark).cast("q")
        # A mark that is new beside a ledger that is not says nothing.
        trusted = "" if is_new else self._boot
        self.memory = read_memory(self._database, trusted, self._started[0])

    def start(self, recovered: Sequence[Record], committed: Callable[[Committed], None]) -> None:
        """Store what came of the recovery, and begin to write in a thread.

        Args:
            recovered: On disk when this returns.
            committed: Called from the ledger's thread after each commit.

        Raises:
            StationError: The disk is full or fails.
        """
        # In one transaction: from here on the mark is to be trusted again.
        with _said_plainly(self._state):
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
        self._started[0] = place

    def close(self) -> None:
        """Write what has come, and let go of the directory."""
        self._closing.set()
        self._writes.put(None)
        if self._thread is not None:
            self._thread.join()
        self._database.close()
        self._started.release()
        self._mark.close()
        os.close(self._lock)

    # --- the thread --------------------------------------------------------------------------

    def _work(self, committed: Callable[[Committed], None]) -> None:
        more = True
        while more:
            writes, more = self._gather()
            records = [record for write in writes for record in write.records]
            if not records or self._persist(partial(self._store, records)) is not None:
                reads = [read for write in writes for read in write.reads]
                blocks = self._persist(partial(self._read, reads))
                if writes and blocks is not None:
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

    def _store(self, records: Sequence[Record]) -> int:
        store(self._database, records)
        return len(records)

    def _read(self, reads: Sequence[SpooledBlocks]) -> dict[SpooledBlocks, list[Block]]:
        return {read: read_blocks(self._database, read) for read in reads}

    def _persist(self, attempt: Callable[[], _T]) -> _T | None:
        """Try until it succeeds; None if the controller ends before."""
        said = False
        while True:
            try:
                done = attempt()
            except sqlite3.Error as error:
                if not said:
                    _log.error(
                        "the ledger's disk is full or fails (%s): what runs goes on, nothing new"
                        " is begun, and it is tried again until it succeeds",
                        error,
                    )
                said = True
                if self._closing.wait(_RETRY_SECONDS):
                    return None
            else:
                if said:
                    _log.info("the ledger's disk is in order again")
                return done


# --- opening ---------------------------------------------------------------------------------


@contextmanager
def _said_plainly(state: Path) -> Generator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StationError(
            f"the controller cannot write to its state directory {state} ({error}): free the disk"
            " or mend its rights"
        ) from error


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
