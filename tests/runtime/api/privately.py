"""A station in memory whose jobs are read by their owners, and what somebody asks there."""

# pyright: reportPrivateUsage=false

from typing import Final

from stationd.proto.compiled_requests import ReadCompiled
from stationd.proto.job import JobFilter, JobId
from stationd.proto.jobs_protocol import (
    Cancel,
    Fetch,
    Get,
    List,
    Listen,
    Request,
    Retry,
)
from stationd.proto.project_requests import Annotate, Count, Delete, GetInput
from stationd.proto.provenance import ReadProvenance
from stationd.proto.queue_requests import Hold, Prioritise, Release, Why
from stationd.proto.result_requests import Peek
from stationd.proto.station_requests import ReadLog
from tests.runtime.api.roles import let_me_be
from tests.runtime.bench import Bench

ANOTHER: Final = "other"
"""Somebody else, a submitter as the one who asks."""


def about(job: JobId) -> list[Request]:
    """Return all requests of submitters that name a job, but for those that open a stream."""
    return [
        Get(1, job),
        Peek(1, job),
        GetInput(1, job),
        GetInput(1, job, 99),
        ReadProvenance(1, job),
        ReadCompiled(1, job),
        Fetch(1, f"{job}/1/0/compiled"),
        ReadProvenance(1, job, 99),
        ReadLog(1, job),
        ReadLog(1, job, wait=True),
        Why(1, job),
        Fetch(1, f"{job}/1/0"),
        Fetch(1, f"{job}/1/0@1-1"),
        Cancel(1, job),
        Retry(1, job, 1),
        Annotate(1, job, "mine now"),
        Delete(1, job),
        Hold(1, job),
        Release(1, job),
        Prioritise(1, job, 1000),
    ]


def searches(job: JobId) -> list[List | Count]:
    """Return requests that would find a job."""
    wanted = [
        JobFilter(),
        JobFilter(ids=(job,)),
        JobFilter(creators=(ANOTHER,)),
        JobFilter(name_like="secret"),
    ]
    return [*(List(1, one) for one in wanted), *(Count(1, one) for one in wanted)]


def streams(job: JobId) -> list[Request]:
    """Return requests for streams of a job by its name, from the beginning and from a place on."""
    return [Listen(1, (job,), after, 100) for after in (None, 0, 1)]


def read_by_owners(bench: Bench) -> None:
    """Let whoever asks be a submitter of a station whose jobs are read by their owners."""
    let_me_be(bench, "submitter")
    bench.api.parts.privacy.readers = "owners"
