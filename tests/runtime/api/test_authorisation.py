"""What somebody else has submitted is left alone, unless an operator asks."""

# pyright: reportPrivateUsage=false

import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Failure,
    Get,
    Job,
    Request,
    ResetController,
    Retry,
    RetryAnswer,
)
from stationd.proto.project_requests import Annotate, Delete
from stationd.proto.queue_requests import (
    Hold,
    Move,
    Placed,
    Prioritise,
    Release,
    Reserve,
    SetTarget,
    Unreserve,
)
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.api.people import Role
from tests.runtime.api.roles import ME, let_me_be, submitted_by
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, a_bench, job_id

pytestmark = pytest.mark.anyio

ONE, TWO = job_id(1), job_id(2)
UNDER_WAY: list[Request] = [
    Cancel(1, ONE),
    Annotate(1, ONE, "mine now"),
    Hold(1, ONE),
    Release(1, ONE),
    Prioritise(1, ONE, 1000),
]
OVER: list[Request] = [Cancel(1, ONE), Retry(1, ONE, 1), Delete(1, ONE), Annotate(1, ONE, "mine")]
FOR_OPERATORS: list[Request] = [
    Move(1, ONE, TWO),
    SetTarget(1, "a", "paused"),
    Reserve(1, ONE, "a", "", 0.0, 1e12),
    Unreserve(1, ONE),
    ResetController(1, "a"),
]


async def refused(bench: Bench, request: Request) -> str:
    reply = await asked(bench, request)
    assert isinstance(reply, Failure), reply
    assert reply.error.code is ErrorCode.FORBIDDEN
    return reply.error.detail


@pytest.mark.parametrize("request_", UNDER_WAY, ids=lambda request: type(request).__name__)
async def test_a_submitter_leaves_the_jobs_of_others_alone(request_: Request) -> None:
    async with a_bench() as bench:
        let_me_be(bench, "submitter")
        bench.queued(1, submitted_by("other"))
        said = await refused(bench, request_)
        assert said == (
            f"job {ONE} belongs to other: for {ME}, who has the role submitter, that takes the role"
            " operator: ask max (operator)"
        )
        shown = await asked(bench, Get(2, ONE))
        assert isinstance(shown, Job)
        assert (shown.view.cancelling, shown.view.name, shown.view.priority) == (False, "", 0)


@pytest.mark.parametrize("request_", OVER, ids=lambda request: type(request).__name__)
async def test_also_when_they_are_over(request_: Request) -> None:
    async with a_bench() as bench:
        let_me_be(bench, "submitter")
        bench.run("a", bench.queued(1, submitted_by("other")))
        assert "belongs to other" in await refused(bench, request_)


@pytest.mark.parametrize("request_", FOR_OPERATORS, ids=lambda request: type(request).__name__)
async def test_the_queue_and_the_controllers_are_for_operators(request_: Request) -> None:
    async with a_bench() as bench:
        let_me_be(bench, "submitter")
        said = await refused(bench, request_)
        assert said.endswith("takes the role operator: ask max (operator)")


@pytest.mark.parametrize(("role", "creator"), [("submitter", ME), ("operator", "other")])
async def test_the_creator_and_an_operator_may_change_a_job(role: Role, creator: str) -> None:
    async with a_bench() as bench:
        let_me_be(bench, role)
        bench.queued(1, submitted_by(creator))
        assert isinstance(await asked(bench, Prioritise(1, ONE, 5)), Placed)
        assert await asked(bench, Cancel(2, ONE)) == CancelAnswer(2, "accepted")
        bench.run("a", bench.queued(2, submitted_by(creator)))
        assert bench.dispatch.get(TWO) is None
        again = Retry(3, TWO, 1, RemoteRetryStrategy.FULL_RESTART)
        assert await asked(bench, again) == RetryAnswer(3, "opened", 2)


async def test_without_roles_whoever_reaches_the_socket_may_do_everything() -> None:
    async with a_bench() as bench:
        bench.queued(1, submitted_by("other"))
        assert bench.live(1).job.status is S.PENDING_EXECUTION
        assert await asked(bench, Cancel(1, ONE)) == CancelAnswer(1, "accepted")
