"""Rows of the journal's tables, turned into values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from stationd.proto.error import ErrorInfo
from stationd.proto.job import ArtifactRef, ItemView, JobId, JobSpec, TimelineEntry
from stationd.proto.project import Properties
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.interface import StoredJob
from stationd.runtime.journal.view import item_name
from stationd.runtime.queue.entry import Place

STATUSES: Final = {str(status): status for status in JobExecutorStatus}
_SPEC: Final = msgspec.msgpack.Decoder(JobSpec)
_RUNNING: Final = msgspec.msgpack.Decoder(tuple[int, ...])
_ANNOTATIONS: Final = msgspec.msgpack.Decoder(tuple[str, str, Properties])
PLACEMENT: Final = msgspec.msgpack.Decoder(tuple[int, int, bool, Place | None])
"""The attempt that the place is for, priority, whether it is held, and the place."""
_ERROR: Final = msgspec.msgpack.Decoder(ErrorInfo)

JOB_COLUMNS: Final = """
number, id, target, status, attempt, ordinal, seq, created_unix_s, modified_unix_s, cancelling,
error, note, calibration_set, ticket, ticket_attempt, running, collected, annotations, placement,
spec"""


class JobRow(NamedTuple):
    """`JOB_COLUMNS` of the tables jobs and specs."""

    number: int
    id: str
    target: str
    status: str
    attempt: int
    ordinal: int
    seq: int
    created_unix_s: float
    modified_unix_s: float
    cancelling: int
    error: bytes | None
    note: str
    calibration_set: str | None
    ticket: int | None
    ticket_attempt: int | None
    running: bytes | None
    collected: int
    annotations: bytes | None
    placement: bytes | None
    spec: bytes


def stored_job(database: sqlite3.Connection, row: JobRow) -> StoredJob:
    """Return a job with the items that have ended."""
    spec = _SPEC.decode(row.spec)
    if row.annotations is not None:
        name, description, properties = _ANNOTATIONS.decode(row.annotations)
        spec = msgspec.structs.replace(
            spec, name=name, description=description, properties=properties
        )
    place = None
    if row.placement is not None:
        attempt, priority, held, place = PLACEMENT.decode(row.placement)
        spec = msgspec.structs.replace(spec, priority=priority, hold=held)
        place = place if attempt == row.attempt else None
    return StoredJob(
        number=row.number,
        job=JobId(row.id),
        spec=spec,
        target=row.target,
        status=STATUSES[row.status],
        attempt=row.attempt,
        ordinal=row.ordinal,
        seq=row.seq,
        created_unix_s=row.created_unix_s,
        modified_unix_s=row.modified_unix_s,
        cancelling=bool(row.cancelling),
        error=error_info(row.error),
        calibration_set=row.calibration_set,
        ticket=row.ticket if row.ticket_attempt == row.attempt else None,
        items=_ended_items(database, row.number, spec),
        running=None if row.running is None else _RUNNING.decode(row.running),
        collected=row.collected,
        place=place,
    )


def error_info(blob: bytes | None) -> ErrorInfo | None:
    """Return the error in a column that may be NULL."""
    return None if blob is None else _ERROR.decode(blob)


FACT_COLUMNS: Final = (
    "seq, ordinal, attempt, status, time_unix_s, cancelling, error, note, retrying"
)


class FactRow(NamedTuple):
    """`FACT_COLUMNS` of the table facts."""

    seq: int
    ordinal: int
    attempt: int
    status: str
    time_unix_s: float
    cancelling: int
    error: bytes | None
    note: str
    retrying: int


def timeline_entry(row: FactRow) -> TimelineEntry:
    """Return a fact as clients see it."""
    return TimelineEntry(
        seq=row.seq,
        ordinal=row.ordinal,
        attempt=row.attempt,
        status=STATUSES[row.status],
        time_unix_s=row.time_unix_s,
        cancelling=bool(row.cancelling),
        error=error_info(row.error),
        note=row.note,
        retrying=bool(row.retrying),
    )


def artifact_ref(artifact: str | None, size_bytes: int, sha256: str) -> ArtifactRef | None:
    """Return where a result is, from columns that may be NULL."""
    if artifact is None:
        return None
    return ArtifactRef(id=artifact, size_bytes=size_bytes, sha256=sha256)


def _ended_items(database: sqlite3.Connection, number: int, spec: JobSpec) -> tuple[ItemView, ...]:
    rows: Iterable[tuple[int, bytes | None, str | None, int, str, int, int]] = database.execute(
        "SELECT item, error, artifact, size_bytes, sha256, partial, attempt FROM items"
        " WHERE number = ? ORDER BY item",
        (number,),
    )
    return tuple(
        ItemView(
            index=index,
            name=item_name(spec, index),
            result=artifact_ref(artifact, size, digest),
            error=error_info(error),
            partial=bool(partial),
            attempt=attempt,
        )
        for index, error, artifact, size, digest, partial, attempt in rows
    )
