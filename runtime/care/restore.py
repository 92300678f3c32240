"""Puts a backup into a state directory in which no daemon runs.

Rule 1. Nothing that is there is deleted. A journal that is in the way is moved aside, if that is
        asked for.
Rule 2. Controllers' ledgers stay as they are: those that have outlived the journal are what keeps
        a ticket from running twice.
Rule 3. The journal comes last. Before it is there, no daemon takes the directory for this station.
Rule 4. Jobs that may have run after the backup was made do not run again unbidden. Those that
        waited in the queue have their tickets, which a controller does not execute twice; those
        that had none yet are held.
Rule 5. The numbers of the feed begin again far above those of the lost time: a listener that has
        heard of that gets a snapshot, whenever it comes back.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.proto.job import JobId
from stationd.runtime.care import snapshot
from stationd.runtime.care.backup import ARTIFACTS, LOG
from stationd.runtime.care.copying import copy, flush_file, flush_folder, flush_tree
from stationd.runtime.care.manifest import (
    BackupError,
    Manifest,
    check_files,
    read_manifest,
)
from stationd.runtime.journal.codes import KIND_CODES, STATUS_CODES
from stationd.runtime.journal.formats import NEWEST
from stationd.runtime.journal.lock import LOCK, take_lock
from stationd.runtime.journal.opening import DATABASE, check_known
from stationd.runtime.journal.reader import connect
from stationd.runtime.journal.shape import name_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

SEQ_GAP: Final = 2**40
"""More facts than a station has between a backup and the next; 2**53 are there in all."""
CONTROLLERS: Final = "controllers"
LEDGER: Final = "ledger.sqlite3"
_RESTORING: Final = "restoring"
_REPLACED: Final = "replaced-{time:%Y%m%dT%H%M%SZ}"
_PARTS: Final = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", ARTIFACTS, LOG)
"""What a backup replaces; the journal is last to come."""


class Restored(Struct, frozen=True, kw_only=True):
    """What was put where."""

    manifest: Manifest
    state: Path
    replaced: Path | None = None
    """Where what was there is now."""
    queued: int = 0
    """Jobs that waited in the queue."""
    held: tuple[JobId, ...] = ()
    """Jobs that are held: they had no ticket yet, and may have run since."""


def check_backup(source: Path) -> Manifest:
    """Look a backup through; blocks.

    Raises:
        BackupError: It is none, is damaged, or is of a stationd between two releases.
        JournalFailed: It is of a newer stationd.
    """
    manifest = read_manifest(source)
    check_files(source, manifest)
    journal = source / DATABASE
    snapshot.check(journal, journal)
    check_known(manifest.journal.format, journal, NEWEST)
    if manifest.journal.format == NEWEST.version:
        _check_shape(source, journal)
    return manifest


def _check_shape(source: Path, journal: Path) -> None:
    with closing(connect(journal)) as database:
        named = name_differences(database, NEWEST)
    if named:
        raise BackupError(
            f"no release made the backup {source}: its journal has {named}; only the stationd that"
            " wrote it reads it"
        )


def restore(
    source: Path, state: Path, now: datetime, *, replace: bool = False, rerun: bool | None = None
) -> Restored:
    """Put a backup into a state directory; blocks.

    Args:
        source: The backup.
        state: The state directory; made if need be.
        now: The time, for the name of what is moved aside.
        replace: Move a journal aside that is there.
        rerun: Whether jobs that had not begun run, although they may have run since and no
            ledger says so. None if that need not be known.

    Raises:
        AlreadyRunning: A daemon has the directory.
        BackupError: The backup cannot be used, there is a journal already, or `rerun` must be
            said.
        HostError: The directory cannot be made or written to.
    """
    manifest = check_backup(source)
    lock = take_lock(state)
    try:
        return _restore(source, manifest, state, now, replace=replace, rerun=rerun)
    except OSError as error:
        raise BackupError(f"cannot restore to {state}: {error}") from error
    finally:
        os.close(lock)


def _restore(
    source: Path,
    manifest: Manifest,
    state: Path,
    now: datetime,
    *,
    replace: bool,
    rerun: bool | None,
) -> Restored:
    in_the_way = [part for part in _PARTS if (state / part).exists()]
    if in_the_way and not replace:
        raise BackupError(
            f"there is a station in {state} already ({', '.join(in_the_way)}): restore with"
            " --replace to have it moved aside, or give another state directory"
        )
    fresh = state / _RESTORING
    shutil.rmtree(fresh, ignore_errors=True)  # of a restore that was interrupted
    try:
        for file in manifest.files:
            if _is_part(file.path):
                copy(source / file.path, fresh / file.path)
        journal = fresh / DATABASE
        if rerun is None:
            _check_ledgers(journal, state)
        restored = _amend(journal, manifest, state, rerun=bool(rerun))
        flush_tree(fresh)
        replaced = _move_aside(state, in_the_way, now) if in_the_way else None
        for part in reversed(_PARTS):
            if (fresh / part).exists():
                (fresh / part).rename(state / part)
        flush_folder(state)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    _give(state)
    return msgspec.structs.replace(restored, replaced=replaced)


def _is_part(path: str) -> bool:
    return path.partition("/")[0] in _PARTS


def _move_aside(state: Path, parts: list[str], now: datetime) -> Path:
    folder = state / _REPLACED.format(time=now.astimezone(UTC))
    folder.mkdir(mode=0o700)
    for part in parts:
        (state / part).rename(folder / part)
    flush_folder(folder)
    return folder


def _give(state: Path) -> None:
    """Give what root has made to whom the directory belongs."""
    if os.geteuid() != 0:
        return
    owner = state.stat()
    for path in _made(state):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _made(state: Path) -> Iterator[Path]:
    for part in (*_PARTS, LOCK):
        if (state / part).exists():
            yield state / part
            yield from (state / part).rglob("*")


# --- the journal -----------------------------------------------------------------------------


def _check_ledgers(journal: Path, state: Path) -> None:
    """Let somebody decide about jobs of which no ledger knows whether they have run."""
    with closing(sqlite3.connect(journal)) as database:
        (queued,) = database.execute(_QUEUED, (_PENDING,)).fetchone()
        names = [name for (name,) in database.execute("SELECT name FROM controllers")]
    gone = [name for name in names if not (state / CONTROLLERS / name / LEDGER).exists()]
    if queued and gone:
        raise BackupError(
            f"{queued} job{'s' * (queued != 1)} waited in the queue, and {state / CONTROLLERS} has"
            f" no ledger of {', '.join(sorted(gone))} that knows whether they have run since:"
            " restore with --rerun to run them (again, perhaps), or with --no-rerun to have those"
            " whose controller comes with another ledger end with `instrument_lost`"
        )


def _amend(journal: Path, manifest: Manifest, state: Path, *, rerun: bool) -> Restored:
    """Let a copied journal know that it is a copy."""
    try:
        with closing(sqlite3.connect(journal, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute(_NEW_NUMBERS, (SEQ_GAP,))
            (queued,) = database.execute(_QUEUED, (_PENDING,)).fetchone()
            held = [] if rerun else _hold(database)
            if rerun:
                # Tickets that waited are sent to whoever is there now.
                database.execute("UPDATE controllers SET ledger = ''")
            database.execute("COMMIT")
    except sqlite3.Error as error:
        raise BackupError(f"cannot write to {journal}: {error}") from error
    flush_file(journal)
    return Restored(manifest=manifest, state=state, queued=queued, held=tuple(held))


def _hold(database: sqlite3.Connection) -> list[JobId]:
    """Hold the jobs that had no ticket yet: what controllers remember are tickets."""
    rows = database.execute(_WITHOUT_TICKET, (_PENDING, KIND_CODES["compile"])).fetchall()
    for number, _, attempt, priority in rows:
        placement = msgspec.msgpack.encode((attempt, priority, True, None))
        database.execute("UPDATE jobs SET placement = ? WHERE number = ?", (placement, number))
    return [JobId(job) for _, job, _, _ in rows]


_PENDING: Final = STATUS_CODES["pending_execution"]
_NEW_NUMBERS: Final = "UPDATE meta SET seq = seq + ?1, forgotten = seq + ?1"
_QUEUED: Final = "SELECT count(*) FROM jobs WHERE ended IS NULL AND status = ?"
_WITHOUT_TICKET: Final = """
SELECT number, id, attempt, priority FROM jobs
WHERE ended IS NULL AND cancelling = 0 AND status <= ?1 AND kind != ?2
  AND (ticket IS NULL OR ticket_attempt != attempt)
ORDER BY number"""
