"""Questions about jobs and facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar, Final, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.msgpack import Decoder

from stationd.proto.job import JobId, JobView
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.program import Sweep
from stationd.runtime.journal.codes import KINDS, STATUSES
from stationd.runtime.journal.queries.query import PAGE_BYTES, Query
from stationd.runtime.journal.queries.rows import (
    FACT_COLUMNS,
    JOB_COLUMNS,
    PLACEMENT,
    FactRow,
    JobRow,
    stored_job,
    timeline_entries,
    word,
)
from stationd.runtime.journal.stored import Outline, StoredJob, began
from stationd.runtime.journal.view import MOST_FACTS, job_view

_JOB: Final = f"SELECT {JOB_COLUMNS} FROM jobs JOIN specs USING (number)"  # noqa: S608 - our own text


class Stored(Query[StoredJob | None], frozen=True, array_like=True, tag=1):
    """What is stored of a job?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(StoredJob | None)
    job: JobId

    def answer(self, database: sqlite3.Connection) -> StoredJob | None:
        """Return the job, or None if the id is unknown."""
        row = _row(database, self.job)
        return None if row is None else stored_job(database, row)


class View(Query[JobView | None], frozen=True, array_like=True, tag=2):
    """What do clients see of a job?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(JobView | None)
    job: JobId

    def answer(self, database: sqlite3.Connection) -> JobView | None:
        """Return the job with timeline and items, or None if the id is unknown."""
        row = _row(database, self.job)
        if row is None:
            return None
        facts = database.execute(
            f"SELECT {FACT_COLUMNS} FROM facts WHERE number = ? ORDER BY ordinal",  # noqa: S608 - our own text
            (row.number,),
        )
        timeline = [entry for fact in facts for entry in timeline_entries(FactRow(*fact))]
        return job_view(stored_job(database, row), row.note, timeline, items=True)


class Facts(Query[tuple[list[FeedEvent], int]], frozen=True, array_like=True, tag=4):
    """What has happened since?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[list[FeedEvent], int])
    after: int
    jobs: tuple[JobId, ...] | None
    limit: int
    creator: str | None = None
    """Whose jobs, if `jobs` is None; None for everybody's."""

    def answer(self, database: sqlite3.Connection) -> tuple[list[FeedEvent], int]:
        """Return the facts, and the number up to which they are complete."""
        most = max(0, min(self.limit, MOST_FACTS))
        if self.jobs is None and self.creator is not None:
            return self._of_creator(database, self.creator, most)
        if self.jobs is None:
            rows = database.execute(_FACTS_OF_ALL, (self.after, most))
        else:
            rows = database.execute(_FACTS_OF_JOBS, (_json(self.jobs), self.after, most))
        events = [event for _, event in islice(self._events(rows), most)]
        return events, self._complete(database, events, most)

    def _of_creator(
        self, database: sqlite3.Connection, creator: str, most: int
    ) -> tuple[list[FeedEvent], int]:
        """Look through so many facts: where one user has few, the others' are not all read."""
        rows = database.execute(_FACTS_BY_CREATOR, (self.after, most))
        found = list(islice(self._events(rows), most))
        position = self._complete(database, [event for _, event in found], most)
        return [event for whose, event in found if whose == creator], position

    def _events(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, FeedEvent]]:
        """Yield facts, each with its job's creator if that was asked for."""
        for job, whose, *fact in rows:
            for entry in timeline_entries(FactRow(*fact), self.after):
                yield whose or "", FeedEvent(JobId(job), entry)

    def _complete(self, database: sqlite3.Connection, looked_at: list[FeedEvent], most: int) -> int:
        """Return up to where facts are complete."""
        if len(looked_at) == most:  # there may be more behind the last one
            return looked_at[-1].entry.seq if looked_at else self.after
        newest: int = database.execute("SELECT seq FROM meta").fetchone()[0]
        return max(newest, self.after)


class Unfinished(Query[tuple[list[StoredJob], bool]], frozen=True, array_like=True, tag=5):
    """Which jobs are not over?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(tuple[list[StoredJob], bool])
    after: int
    limit: int

    def answer(self, database: sqlite3.Connection) -> tuple[list[StoredJob], bool]:
        """Return a page of jobs in the order of their numbers, and whether there may be more."""
        found: list[StoredJob] = []
        size = 0
        rows = database.execute(_UNFINISHED, (self.after, self.limit))
        for row in map(JobRow._make, rows):
            found.append(stored_job(database, row))
            size += len(row.spec)
            if size >= PAGE_BYTES:
                return found, True
        return found, len(found) == self.limit


class Outlines(Query[list[Outline]], frozen=True, array_like=True, tag=30):
    """Which jobs are not over, in short?"""

    decoder: ClassVar[Decoder[Any]] = Decoder(list[Outline])
    after: int
    limit: int

    def answer(self, database: sqlite3.Connection) -> list[Outline]:
        """Return a page of outlines in the order of the jobs' numbers."""
        found: list[Outline] = []
        size = 0
        for *row, spec in database.execute(_OUTLINES, (self.after, self.limit)):
            found.append(_outline(OutlineRow._make(row), spec))
            size += len(spec)
            if size >= PAGE_BYTES:
                break
        return found


def _row(database: sqlite3.Connection, job: JobId) -> JobRow | None:
    row = database.execute(_JOB + " WHERE id = ?", (job,)).fetchone()
    return None if row is None else JobRow(*row)


class OutlineRow(NamedTuple):
    """The columns of `_OUTLINES` before the spec."""

    number: int
    id: str
    kind: int
    target: str
    status: int
    attempt: int
    cancelling: int
    ticket: int | None
    ticket_attempt: int | None
    priority: int
    created_unix_s: float
    modified_unix_s: float
    placement: bytes | None


class _Head(Struct):
    """What is read of a spec; its work, which may be large, is skipped."""

    timeout: float | None = None
    project: str = ""
    not_before: float | None = None
    deadline: float | None = None
    hold: bool = False


class _SweepHead(Struct):
    work: Sweep


_HEAD: Final = Decoder(_Head)
_SWEEP: Final = Decoder(_SweepHead)


def _outline(row: OutlineRow, spec: bytes) -> Outline:
    kind = KINDS[row.kind]
    sweep = kind == "sweep"
    head = _HEAD.decode(spec)
    held, place = head.hold, None
    if row.placement is not None:
        attempt, _, held, place = PLACEMENT.decode(row.placement)
        place = place if attempt == row.attempt else None
    return Outline(
        row.number,
        JobId(row.id),
        kind,
        row.target,
        STATUSES[row.status],
        row.attempt,
        bool(row.cancelling),
        row.ticket if row.ticket_attempt == row.attempt else None,
        row.priority,
        began(row.attempt, row.created_unix_s, row.modified_unix_s),
        head.timeout,
        tuple(sorted(_SWEEP.decode(spec).work.controllers())) if sweep else (),
        head.project,
        head.not_before,
        head.deadline,
        held,
        place,
    )


def _json(values: object) -> str:
    """Return what `json_each` takes apart: one parameter, however many values."""
    return msgspec.json.encode(values).decode()


_FACTS: Final = ", ".join(f"facts.{column}" for column in FACT_COLUMNS.split(", "))
_FACTS_OF_ALL: Final = f"""
SELECT jobs.id, NULL, {_FACTS} FROM facts CROSS JOIN jobs USING (number)
WHERE facts.seq > ? ORDER BY facts.seq LIMIT ?"""  # noqa: S608 - our own text
_FACTS_BY_CREATOR: Final = f"""
SELECT jobs.id, {word("creator")}, {_FACTS} FROM facts CROSS JOIN jobs USING (number)
WHERE facts.seq > ? ORDER BY facts.seq LIMIT ?"""  # noqa: S608 - our own text
# From the jobs to their facts, whose index holds the sequence number too.
_FACTS_OF_JOBS: Final = f"""
SELECT jobs.id, NULL, {_FACTS} FROM jobs CROSS JOIN facts USING (number)
WHERE jobs.id IN (SELECT value FROM json_each(?)) AND facts.seq > ?
ORDER BY facts.seq LIMIT ?"""  # noqa: S608 - our own text
_OUTLINES: Final = f"""
SELECT number, id, kind, {word("target")}, status, attempt, cancelling, ticket, ticket_attempt,
  priority, created_unix_s, modified_unix_s, placement, spec
FROM jobs JOIN specs USING (number)
WHERE ended IS NULL AND number > ? ORDER BY number LIMIT ?"""  # noqa: S608 - our own text
_UNFINISHED: Final = _JOB + " WHERE ended IS NULL AND number > ? ORDER BY number LIMIT ?"
