"""Rows of the journal's tables, turned into values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from stationd.proto.error import ErrorInfo
from stationd.proto.job import ArtifactRef, ItemView, JobId, JobSpec, JobView, TimelineEntry
from stationd.proto.project import Properties
from stationd.runtime.journal.codes import KINDS, STATUSES
from stationd.runtime.journal.stored import StoredJob
from stationd.runtime.journal.view import item_name
from stationd.runtime.queue.entry import Place

_SPEC: Final = msgspec.msgpack.Decoder(JobSpec)
_RUNNING: Final = msgspec.msgpack.Decoder(tuple[int, ...])
PLACEMENT: Final = msgspec.msgpack.Decoder(tuple[int, int, bool, Place | None])
"""The attempt that the place is for, priority, whether it is held, and the place."""
_ERROR: Final = msgspec.msgpack.Decoder(ErrorInfo)
_PROPERTIES: Final = msgspec.msgpack.Decoder(Properties)


def word(column: str) -> str:
    """Return the SQL of the word that a column of jobs means."""
    # In a join the planner might begin with the terms.
    return f"(SELECT word FROM terms WHERE terms.id = jobs.{column})"  # noqa: S608 - our own text


JOB_COLUMNS: Final = f"""
number, jobs.id, {word("target")}, status, attempt, ordinal, seq, created_unix_s,
modified_unix_s, cancelling, error, note, {word("calibration_set")}, ticket, ticket_attempt,
running, collected, {word("name")}, description, properties, placement, spec"""


class JobRow(NamedTuple):
    """`JOB_COLUMNS` of the tables jobs and specs."""

    number: int
    id: str
    target: str
    status: int
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
    name: str
    description: str | None
    properties: bytes | None
    placement: bytes | None
    spec: bytes


def stored_job(database: sqlite3.Connection, row: JobRow) -> StoredJob:
    """Return a job with the items that have ended."""
    spec = _SPEC.decode(row.spec)
    notes = (row.name, row.description or "", properties_in(row.properties))
    if notes != (spec.name, spec.description, spec.properties):
        name, description, properties = notes
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
        items=_ended_items(database, row.id, row.number, spec),
        running=None if row.running is None else _RUNNING.decode(row.running),
        collected=row.collected,
        place=place,
        note=row.note,
    )


LISTED_COLUMNS: Final = f"""
number, jobs.id, kind, {word("target")}, status, attempt, created_unix_s, modified_unix_s, seq,
{word("name")}, priority, cancelling, error, note, {word("calibration_set")}, description,
properties, {word("creator")}, {word("project")}"""


class ListedRow(NamedTuple):
    """`LISTED_COLUMNS` of the table jobs: a job without what is stored outside its row."""

    number: int
    id: str
    kind: int
    target: str
    status: int
    attempt: int
    created_unix_s: float
    modified_unix_s: float
    seq: int
    name: str
    priority: int
    cancelling: int
    error: bytes | None
    note: str
    calibration_set: str | None
    description: str | None
    properties: bytes | None
    creator: str
    project: str | None


def listed(row: ListedRow) -> JobView:
    """Return a job as it stands in a list."""
    return JobView(
        id=JobId(row.id),
        number=row.number,
        kind=KINDS[row.kind],
        target=row.target,
        status=STATUSES[row.status],
        attempt=row.attempt,
        created_unix_s=row.created_unix_s,
        modified_unix_s=row.modified_unix_s,
        seq=row.seq,
        name=row.name,
        priority=row.priority,
        cancelling=bool(row.cancelling),
        error=error_info(row.error),
        note=row.note,
        calibration_set=row.calibration_set,
        description=row.description or "",
        properties=properties_in(row.properties),
        creator=row.creator,
        project=row.project or "",
    )


def properties_in(blob: bytes | None) -> Properties:
    """Return the properties in a column that may be NULL."""
    return {} if blob is None else _PROPERTIES.decode(blob)


def error_info(blob: bytes | None) -> ErrorInfo | None:
    """Return the error in a column that may be NULL."""
    return None if blob is None else _ERROR.decode(blob)


FACT_COLUMNS: Final = (
    "seq, ordinal, attempt, status, time_unix_s, cancelling, error, note, retrying, passed"
)


class FactRow(NamedTuple):
    """`FACT_COLUMNS` of the table facts."""

    seq: int
    ordinal: int
    attempt: int
    status: int
    time_unix_s: float
    cancelling: int
    error: bytes | None
    note: str
    retrying: int
    passed: bytes | None


def timeline_entries(row: FactRow, after: int = 0) -> list[TimelineEntry]:
    """Return the facts of a row as clients see them, those with higher numbers than `after`."""
    passed = row.passed or b""
    first = row.seq - len(passed)
    entries = [
        TimelineEntry(
            seq=first + index,
            ordinal=row.ordinal - len(passed) + index,
            attempt=row.attempt,
            status=STATUSES[code],
            time_unix_s=row.time_unix_s,
        )
        for index, code in enumerate(passed)
        if first + index > after
    ]
    entries.append(_newest(row))
    return entries


def _newest(row: FactRow) -> TimelineEntry:
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


class _ItemRow(NamedTuple):
    item: int
    error: bytes | None
    artifact: str | None
    size_bytes: int
    sha256: bytes
    partial: int
    attempt: int


def _artifact_ref(job: str, row: _ItemRow) -> ArtifactRef | None:
    if row.artifact is None:
        return None
    artifact = row.artifact or f"{job}/{row.attempt}/{row.item}"
    return ArtifactRef(id=artifact, size_bytes=row.size_bytes, sha256=row.sha256.hex())


def _ended_items(
    database: sqlite3.Connection, job: str, number: int, spec: JobSpec
) -> tuple[ItemView, ...]:
    rows: Iterable[_ItemRow] = map(
        _ItemRow._make,
        database.execute(
            "SELECT item, error, artifact, size_bytes, sha256, partial, attempt FROM items"
            " WHERE number = ? ORDER BY item",
            (number,),
        ),
    )
    return tuple(
        ItemView(
            index=row.item,
            name=item_name(spec, row.item),
            result=_artifact_ref(job, row),
            error=error_info(row.error),
            partial=bool(row.partial),
            attempt=row.attempt,
        )
        for row in rows
    )
