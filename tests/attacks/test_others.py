"""Whoever may not has no way to another user's job: not by any request that there is."""

# pyright: reportPrivateUsage=false

from typing import get_args

import msgspec
import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import Cancel, Failure, Request, Retry, Submit, Submitted
from stationd.proto.project_requests import Annotate, Delete
from stationd.proto.queue_requests import Hold, Move, Prioritise, Release
from stationd.runtime.api.auditing import CHANGING
from tests.runtime.api.roles import let_me_be, submitted_by
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import a_bench, job_id, null_spec

pytestmark = pytest.mark.anyio

THEIRS, MINE = job_id(1), job_id(2)
AT_THEIR_JOB: list[Request] = [
    Cancel(1, THEIRS),
    Retry(1, THEIRS, 1),
    Annotate(1, THEIRS, "mine now"),
    Delete(1, THEIRS),
    Hold(1, THEIRS),
    Release(1, THEIRS),
    Prioritise(1, THEIRS, 1000),
    Move(1, THEIRS, MINE),
]


def test_no_request_that_names_a_job_is_forgotten_here() -> None:
    naming = {kind for kind in get_args(Request) if "job" in kind.__struct_fields__}
    assert {type(request) for request in AT_THEIR_JOB} == naming & CHANGING - {Submit}


async def test_every_one_of_them_is_refused_and_the_job_goes_on() -> None:
    async with a_bench() as bench:
        let_me_be(bench, "submitter")
        bench.queued(1, submitted_by("other"))
        for request in AT_THEIR_JOB:
            reply = await asked(bench, request)
            assert isinstance(reply, Failure), request
            assert reply.error.code is ErrorCode.FORBIDDEN, request
        live = bench.live(1)
        assert (live.job.cancelling, live.spec.name, live.spec.priority) == (False, "", 0)


async def test_who_submits_in_somebody_elses_name_submits_in_their_own() -> None:
    async with a_bench() as bench:
        let_me_be(bench, "submitter")
        spec = msgspec.structs.replace(null_spec(), creator="max")
        assert isinstance(await asked(bench, Submit(1, MINE, spec)), Submitted)
        stored = await bench.journal.stored(MINE)
        assert stored is not None
        assert stored.spec.creator not in {"max", ""}


async def test_who_submits_under_the_id_of_anothers_job_gets_neither_it_nor_its_place() -> None:
    async with a_bench() as bench:
        let_me_be(bench, "submitter")
        bench.queued(1, submitted_by("other"))
        reply = await asked(bench, Submit(1, THEIRS, null_spec(priority=7)))
        assert isinstance(reply, Failure)
        assert reply.error.code is ErrorCode.CONFLICT
        assert bench.live(1).spec.creator == "other"
