"""What operators say of the queue is done, kept, and explained."""

# pyright: reportPrivateUsage=false

from typing import TypeVar, get_args

import anyio
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
    ListTargets,
    Move,
    Placed,
    Prioritise,
    QueueListing,
    Release,
    Reserve,
    SetTarget,
    Targets,
    Unreserve,
    Why,
)
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.api.people import Person
from stationd.runtime.api.queue_api import QueueReply, QueueRequest
from tests.runtime.bench import NOW, Bench, a_bench, client_of, job_id, null_spec, sweep_spec, until

pytestmark = pytest.mark.anyio

T = TypeVar("T")
ADMIN = Person("ada", "admin")
RESERVATION = "5c0ffee0-1234-4abc-8def-0123456789ab"


async def ask(bench: Bench, request: QueueRequest, kind: type[T], person: Person = ADMIN) -> T:
    """Return the reply to a request, while the journal commits what is written."""

    async def commit() -> None:
        while True:
            bench.commit()
            await checkpoint()

    reply: QueueReply | None = None
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(commit)
            reply = await bench.api._queue.answer(request, person)
            tasks.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    assert isinstance(reply, kind)
    return reply


def full(bench: Bench, *, jobs: int) -> None:
    """Let a's line be full, and some jobs wait; the first is at work."""
    for number in range(1, 4 + jobs):
        bench.queued(number)
    begin(bench, 1)


def begin(bench: Bench, number: int) -> None:
    ticket = bench.live(number).ticket
    assert ticket is not None
    bench.report("a", wire.Armed(ticket), wire.Started(ticket, bench.clock.now))
    bench.commit()


def give_back(bench: Bench, *numbers: int) -> None:
    """Let a controller give tickets back that it was asked for."""
    for number in numbers:
        ticket = bench.live(number).ticket
        assert ticket is not None
        bench.report("a", wire.Armed(ticket), wire.Revoked(ticket))
    bench.commit()


def finish(bench: Bench, number: int) -> None:
    ticket = bench.live(number).ticket
    assert ticket is not None
    bench.report("a", wire.Finished(ticket, 0, bench.clock.now + 1.0))
    bench.commit()


def armed(bench: Bench) -> list[str]:
    return [sent.ticket.job for sent in bench.lines.to("a") if isinstance(sent, wire.Arm)]


def revoked(bench: Bench) -> list[str]:
    return [sent.ticket.job for sent in bench.lines.to("a") if isinstance(sent, wire.Revoke)]


async def rules(bench: Bench, number: int) -> list[str]:
    found = await ask(bench, Why(1, job_id(number)), Explanation)
    assert all(reason.text for reason in found.reasons)
    return [reason.rule for reason in found.reasons]


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


async def test_nothing_begins_at_a_paused_target_until_it_is_open_again_after_a_restart_too() -> (
    None
):
    async with a_bench() as bench:
        full(bench, jobs=1)
        said = await ask(bench, SetTarget(1, "a", "paused", "a leak"), Targets)
        assert [(one.state, one.note) for one in said.targets if one.controller == "a"] == [
            ("paused", "a leak")
        ]
        assert sorted(revoked(bench)) == [job_id(2), job_id(3)]
        give_back(bench, 2, 3)
        finish(bench, 1)
        assert len(armed(bench)) == 3
        assert (await rules(bench, 2))[0] == "paused"
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        assert armed(bench) == []
        assert (await rules(bench, 4))[0] == "paused"
        await ask(bench, SetTarget(1, "a", "open"), Targets)
        await until(lambda: len(armed(bench)) == 3)
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        said = await ask(bench, ListTargets(1), Targets)
        assert {one.state for one in said.targets} == {"open"}


async def test_a_target_that_runs_empty_goes_on_and_takes_nothing_new() -> None:
    async with a_bench() as bench:
        full(bench, jobs=1)
        await ask(bench, SetTarget(1, "a", "draining", "service"), Targets)
        finish(bench, 1)
        assert armed(bench)[3:] == [job_id(4)]
        client = client_of(bench)
        await client.say(Submit(1, job_id(50), null_spec()))
        reply = await client.reply()
        assert isinstance(reply, Failure)
        assert reply.error.code is ErrorCode.TARGET_DRAINING
        assert "service" in reply.error.detail
        client.socket.close()


async def test_in_a_reserved_time_only_its_project_begins() -> None:
    async with a_bench() as bench:
        reserve = Reserve(1, RESERVATION, "a", "", NOW + 10, NOW + 20, "a demonstration")
        said = await ask(bench, reserve, Targets)
        assert [one.id for one in said.reservations] == [RESERVATION]
        bench.clock.now = NOW + 11
        bench.submit(1, msgspec.structs.replace(null_spec(), project="p"))
        bench.commit()
        assert armed(bench) == []
        assert (await rules(bench, 1))[0] == "reserved"
        bench.queued(2)
        assert armed(bench) == [job_id(2)]
        begin(bench, 2)
        await ask(bench, Unreserve(2, RESERVATION), Targets)
        assert armed(bench) == [job_id(2), job_id(1)]


async def test_a_reservation_that_makes_no_sense_is_refused() -> None:
    async with a_bench() as bench:
        with pytest.raises(RequestError, match="ends after it begins"):
            await ask(bench, Reserve(1, RESERVATION, "a", "", NOW + 20, NOW + 10), Targets)
        with pytest.raises(RequestError, match="no project"):
            await ask(bench, Reserve(1, RESERVATION, "a", "who", NOW, NOW + 10), Targets)
        with pytest.raises(RequestError, match="known are a, b, c, d"):
            await ask(bench, Reserve(1, RESERVATION, "x", "", NOW, NOW + 10), Targets)


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


async def test_every_request_about_the_queue_has_an_answer() -> None:
    async with a_bench() as bench:
        assert set(get_args(QueueRequest)) <= bench.api._slow.keys()
