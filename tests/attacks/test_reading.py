"""Whoever reads their own jobs alone gets nothing of another's, by no request that there is."""

# pyright: reportPrivateUsage=false

from typing import get_args

import msgspec
import pytest

from stationd.proto.audit_requests import ReadAudit
from stationd.proto.codec import REPLIES
from stationd.proto.compiled_requests import ReadCompiled
from stationd.proto.guard_requests import ListGuards
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import (
    Cancel,
    Get,
    GetCalibration,
    Grant,
    ImportCalibration,
    ListCalibrations,
    ListControllers,
    Ping,
    Request,
    ResetController,
    Submit,
    SubmitMany,
    Unlisten,
    UseCalibration,
)
from stationd.proto.jobs_protocol import NewJob as OneOfMany
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.project_requests import ChangeProject, CreateProject, ListProjects
from stationd.proto.provenance import ReadProvenance
from stationd.proto.queue_requests import (
    ListQueue,
    ListTargets,
    Lock,
    Maintain,
    Move,
    Reserve,
    SetTarget,
    Unlock,
    Unreserve,
    Why,
)
from stationd.proto.station_requests import Survey
from stationd.proto.version_requests import ReadVersions
from tests.runtime.api.at_the_queue import begin
from tests.runtime.api.privately import ANOTHER, about, read_by_owners, searches, streams
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, a_bench, job_id, null_spec

pytestmark = pytest.mark.anyio

RUNNING, WAITING, OVER, MINE = map(job_id, (1, 2, 3, 50))
MARK = b"s3cret"
"""In all that somebody else has written of their jobs."""
UNANSWERED = (Grant(1, 1), Unlisten(1))


def marked() -> JobSpec:
    mark = MARK.decode()
    programs = (NullProgram(name=mark),)
    return JobSpec(
        work=Circuits(programs=programs, n_shots=(1,), target="a"),
        name=mark,
        description=mark,
        properties={mark: mark},
        creator=ANOTHER,
    )


def every_request() -> list[Request]:
    """Return each request of the protocol, about another's job if it can be."""
    named = [one for job in (RUNNING, WAITING, OVER) for one in (*about(job), *streams(job))]
    return [
        *named,
        *searches(RUNNING),
        Move(1, MINE, WAITING),
        Submit(1, WAITING, null_spec()),
        SubmitMany(1, (OneOfMany(OVER, null_spec()),)),
        Why(1, MINE),
        Cancel(1, MINE),
        Get(1, MINE),
        Ping(1, "0"),
        Survey(1),
        ListQueue(1),
        ListControllers(1),
        ListTargets(1),
        ListProjects(1),
        CreateProject(1, job_id(60), "mine"),
        ChangeProject(1, job_id(60), "mine"),
        ReadVersions(1),
        ReadProvenance(1, MINE),
        ReadCompiled(1, MINE),
        ListGuards(1),
        ReadAudit(1),
        ImportCalibration(1, job_id(61), "q", ()),
        ListCalibrations(1),
        GetCalibration(1, job_id(61)),
        UseCalibration(1, job_id(61)),
        ResetController(1, "a"),
        SetTarget(1, "a", "paused"),
        Reserve(1, job_id(62), "a", "", 0.0, 1e12),
        Unreserve(1, job_id(62)),
        Maintain(1, job_id(63), "a", 0.0, 1e12),
        Lock(1, "a"),
        Unlock(1, "a"),
    ]


def test_no_request_is_forgotten_here() -> None:
    kinds = {type(request) for request in (*every_request(), *UNANSWERED)}
    assert kinds == set(get_args(Request))


async def a_lab(bench: Bench) -> None:
    """Let another's jobs be at work, waiting and over, and one of mine wait behind them."""
    bench.run("a", bench.queued(3, marked()))
    bench.queued(1, marked())
    begin(bench, 1)
    for number in (2, 4, 5, 6):
        bench.submit(number, marked())
    bench.commit()
    await asked(bench, Submit(1, MINE, null_spec()))
    bench.commit()


async def test_no_answer_tells_what_another_has_written_or_which_jobs_are_theirs() -> None:
    async with a_bench() as bench:
        await a_lab(bench)
        read_by_owners(bench)
        for request in every_request():
            said = REPLIES.encode(await asked(bench, request))
            assert MARK not in said, request
            assert ANOTHER.encode() not in said.replace(b"another", b""), request
            foreign = {job_id(number).encode() for number in range(1, 7)}
            sent = msgspec.msgpack.encode(request)
            assert not [job for job in foreign if job in said and job not in sent], request
