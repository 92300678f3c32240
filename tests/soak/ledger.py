"""The journal as the audit reads it, when all is over."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from stationd.proto.error import ErrorInfo
from stationd.proto.job import JobId
from stationd.runtime.journal.codes import STATUSES
from stationd.runtime.journal.queries.rows import FactRow, timeline_entries
from tests.soak.audit import Stored, StoredJob
from tests.soak.notes import Told

_JOBS = """
SELECT id, status, jobs.attempt, jobs.ticket, jobs.error, created_unix_s, modified_unix_s, spec,
  (SELECT count(*) FROM items WHERE items.number = jobs.number AND artifact IS NOT NULL)
FROM jobs JOIN specs USING (number)"""
_FACTS = """
SELECT id, facts.seq, facts.ordinal, facts.attempt, facts.status, facts.time_unix_s,
  facts.cancelling, facts.error, facts.note, facts.retrying, facts.passed
FROM facts JOIN jobs USING (number) ORDER BY facts.seq"""


class _Programs(msgspec.Struct):
    programs: list[msgspec.Raw]


class _Spec(msgspec.Struct):
    work: _Programs


_SPEC = msgspec.msgpack.Decoder(_Spec)
_ERROR = msgspec.msgpack.Decoder(ErrorInfo)


def read_journal(database: Path) -> Stored:
    """Return what a journal holds."""
    uri = f"file:{database}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        jobs = [_job(*row) for row in connection.execute(_JOBS)]
        facts = [
            Told(JobId(job), one.seq, one.ordinal, one.attempt, one.status, one.cancelling)
            for job, *fact in connection.execute(_FACTS)
            for one in timeline_entries(FactRow(*fact))
        ]
    return Stored({job.job: job for job in jobs}, facts)


def _job(  # noqa: PLR0917 - a row
    job: str,
    status: int,
    attempt: int,
    ticket: int | None,
    error: bytes | None,
    began: float,
    ended: float,
    spec: bytes,
    results: int,
) -> StoredJob:
    return StoredJob(
        JobId(job),
        STATUSES[status],
        attempt,
        len(_SPEC.decode(spec).work.programs),
        results,
        ticket,
        _ERROR.decode(error).code if error is not None else None,
        began,
        ended,
    )
