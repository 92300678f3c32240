"""What operators say of the queue is done, kept, and explained."""

# pyright: reportPrivateUsage=false

import msgspec
import pytest
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.error import Conflict, ErrorCode, Forbidden, RequestError, UnknownJob
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import Failure, Submit
from stationd.proto.program import Compile, NullProgram
from stationd.proto.queue_requests import (
    Explanation,
    Hold,
    ListQueue,
    Move,
    Placed,
    Prioritise,
    QueueListing,
    Release,
    Why,
)
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.api.people import Person
from tests.runtime.api.at_the_queue import (
    armed,
    ask,
    begin,
    finish,
    full,
    give_back,
    revoked,
    rules,
)
from tests.runtime.bench import NOW, a_bench, client_of, job_id, null_spec, sweep_spec

pytestmark = pytest.mark.anyio


async def test_a_more_urgent_job_goes_before_what_was_sent_ahead() -> None:
    async with a_bench() as bench:
        full(bench, jobs=0)
        bench.queued(9, null_spec(priority=5))
        assert sorted(revoked(bench)) == [job_id(2), job_id(3)]
        assert job_id(9) not in armed(bench)
        assert await rules(bench, 2) == ["recall"]
        assert (await rules(bench, 9))[0] == "recall"
        give_back(bench, 2, 3)
        assert armed(bench)[3:] == [job_id(9), job_id(2)]


async def test_a_ticket_that_could_not_be_taken_back_goes_first_after_all() -> None:
    async with a_bench() as bench:
        full(bench, jobs=0)
        bench.queued(9, null_spec(priority=5))
        ticket = bench.live(2).ticket
        assert ticket is not None
        bench.report("a", wire.TooLate(ticket))
        finish(bench, 1)
        begin(bench, 2)
        give_back(bench, 3)
        assert armed(bench)[3:] == [job_id(9), job_id(3)]
        assert bench.live(2).job.status is S.EXECUTION_STARTED


async def test_a_held_job_waits_whatever_else_is_free_and_goes_when_released() -> None:
    async with a_bench() as bench:
        bench.queued(1, msgspec.structs.replace(null_spec(), hold=True))
        assert armed(bench) == []
        assert (await rules(bench, 1))[0] == "held"
        placed = await ask(bench, Release(1, job_id(1)), Placed)
        assert not placed.held
        assert armed(bench) == [job_id(1)]


async def test_a_ticket_that_was_sent_ahead_comes_back_when_its_job_is_held() -> None:
    async with a_bench() as bench:
        full(bench, jobs=1)
        assert (await ask(bench, Hold(1, job_id(2)), Placed)).held
        assert revoked(bench) == [job_id(2)]
        give_back(bench, 2)
        assert armed(bench)[3:] == [job_id(4)]
        assert bench.live(2).job.status is S.PENDING_EXECUTION


async def test_what_is_said_of_a_job_holds_after_a_restart() -> None:
    async with a_bench() as bench:
        full(bench, jobs=4)
        await ask(bench, Hold(1, job_id(4)), Placed)
        await ask(bench, Prioritise(2, job_id(7), 0), Placed)
        await ask(bench, Move(3, job_id(7), job_id(5)), Placed)
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        listing = await ask(bench, ListQueue(1), QueueListing)
        waiting = [(one.number, one.state) for one in listing.entries if one.number > 3]
        assert waiting[-1] == (4, "held")
        assert [number for number, _ in waiting[:-1]] == [7, 5, 6]
        assert (await ask(bench, Release(2, job_id(4)), Placed)).position == 0


async def test_a_moved_job_goes_just_before_the_other() -> None:
    async with a_bench() as bench:
        full(bench, jobs=3)
        placed = await ask(bench, Move(1, job_id(6), job_id(4)), Placed)
        assert placed.position == 0
        for number in (1, 2, 3):
            finish(bench, number)
            if number < 3:
                begin(bench, number + 1)
        assert armed(bench)[3:] == [job_id(6), job_id(4), job_id(5)]


async def test_a_priority_given_later_counts_and_another_one_takes_a_move_back() -> None:
    async with a_bench() as bench:
        full(bench, jobs=3)
        await ask(bench, Move(1, job_id(6), job_id(4)), Placed)
        assert (await ask(bench, Prioritise(2, job_id(6), 0), Placed)).position == 2
        assert (await ask(bench, Prioritise(3, job_id(5), -1), Placed)).position == 2
        assert "place" in await rules(bench, 5)


@pytest.mark.parametrize("request_type", [Hold, Release])
async def test_a_job_that_has_begun_or_is_over_has_no_place(
    request_type: type[Hold | Release],
) -> None:
    async with a_bench() as bench:
        full(bench, jobs=1)
        with pytest.raises(Conflict, match="has begun"):
            await ask(bench, request_type(1, job_id(1)), Placed)
        finish(bench, 1)
        with pytest.raises(Conflict, match="is over"):
            await ask(bench, request_type(1, job_id(1)), Placed)
        with pytest.raises(UnknownJob):
            await ask(bench, request_type(1, job_id(99)), Placed)


async def test_a_job_can_be_moved_only_before_another_one_that_waits() -> None:
    async with a_bench() as bench:
        full(bench, jobs=2)
        with pytest.raises(RequestError, match="before itself"):
            await ask(bench, Move(1, job_id(4), job_id(4)), Placed)
        with pytest.raises(Conflict, match="has begun"):
            await ask(bench, Move(1, job_id(4), job_id(1)), Placed)


async def test_a_job_begins_when_its_time_has_come() -> None:
    async with a_bench() as bench:
        bench.queued(1, msgspec.structs.replace(null_spec(), not_before=NOW + 60))
        assert armed(bench) == []
        assert (await rules(bench, 1))[0] == "not_before"
        bench.clock.now = NOW + 60
        bench.instruments.grant()
        assert armed(bench) == [job_id(1)]


async def test_a_job_that_has_not_begun_by_its_deadline_fails_and_says_so() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        bench.submit(1, msgspec.structs.replace(null_spec(), deadline=NOW))
        while bench.dispatch.get(job_id(1)) is not None or not bench.durable:
            bench.commit()
            await checkpoint()
        view = await bench.journal.view(job_id(1))
        assert view is not None
        assert view.error is not None
        assert (view.status, view.error.code) == (S.FAILED, ErrorCode.DEADLINE_PASSED)
        assert (await rules(bench, 1)) == ["status"]


async def test_a_job_that_can_never_begin_is_refused() -> None:
    async with a_bench() as bench:
        client = client_of(bench)
        late = msgspec.structs.replace(null_spec(), not_before=NOW + 2, deadline=NOW + 1)
        compiled = JobSpec(work=Compile(programs=(NullProgram(),), target="a"), hold=True)
        for spec in (late, compiled):
            await client.say(Submit(1, job_id(1), spec))
            reply = await client.reply()
            assert isinstance(reply, Failure)
            assert reply.error.code is ErrorCode.INVALID_JOB
        client.socket.close()


async def test_a_job_outside_of_the_queue_is_explained_too() -> None:
    async with a_bench() as bench:
        full(bench, jobs=0)
        assert await rules(bench, 1) == ["status"]
        assert await rules(bench, 3) == ["line"]
        bench.queued(4)
        assert await rules(bench, 4) == ["line", "place"]
        bench.queued(5)
        assert await rules(bench, 5) == ["ahead", "place"]
        bench.queued(6, sweep_spec())
        finish(bench, 1)
        assert await rules(bench, 1) == ["status"]
        with pytest.raises(UnknownJob):
            await ask(bench, Why(1, job_id(99)), Explanation)


async def test_only_operators_change_what_belongs_to_others() -> None:
    async with a_bench() as bench:
        full(bench, jobs=1)
        submitter = Person("bob", "submitter")
        with pytest.raises(Forbidden):
            await ask(bench, Hold(1, job_id(4)), Placed, submitter)
