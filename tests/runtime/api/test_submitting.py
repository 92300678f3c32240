"""Jobs that come in, one or many at a time."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.instruments_protocol import Arm
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import (
    Failure,
    NewJob,
    Submit,
    SubmitMany,
    Submitted,
    SubmittedMany,
)
from stationd.proto.program import Axis, Sweep
from tests.runtime.api.stored import stored
from tests.runtime.bench import NOW, Peer, a_bench, client_of, job_id, null_spec, until

pytestmark = pytest.mark.anyio


def batch(*numbers: int, target: str = "a") -> SubmitMany:
    return SubmitMany(1, tuple(NewJob(job_id(one), null_spec(target)) for one in numbers))


async def test_a_batch_is_answered_when_all_of_it_is_on_disk() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(batch(*range(1, 26)))
            await until(lambda: bench.dispatch.knows(job_id(25)))
            assert socket.receive_nowait() is None
            bench.commit()
            reply = await client.reply()
            assert isinstance(reply, SubmittedMany)
            assert [answer.number for answer in reply.answers] == list(range(1, 26))
            assert all(answer.created for answer in reply.answers)
            assert len(bench.dispatch) == 25


async def test_one_that_is_refused_does_not_keep_the_others_out() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            wrong = NewJob(job_id(2), null_spec("nowhere"))
            good = [NewJob(job_id(number), null_spec()) for number in (1, 3)]
            await client.say(SubmitMany(7, (good[0], wrong, good[1])))
            await until(lambda: bench.dispatch.knows(job_id(3)))
            bench.commit()
            reply = await client.reply()
            assert isinstance(reply, SubmittedMany)
            first, second, third = reply.answers
            assert first.created
            assert third.created
            assert second.error is not None
            assert (second.number, second.error.code) == (0, ErrorCode.INVALID_JOB)
            assert not bench.dispatch.knows(job_id(2))


def for_other_wiring() -> JobSpec:
    return JobSpec(work=Sweep(axes=((Axis("c.z", (1.0,)),),), returns=("d.y", "e.y")))


async def test_a_job_for_other_wiring_is_refused_with_the_difference_and_nothing_is_stored() -> (
    None
):
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Submit(1, job_id(1), for_other_wiring()))
            reply = await client.reply()
            assert isinstance(reply, Failure)
            assert reply.error.detail == "the job was made for other wiring"
            assert [str(problem) for problem in reply.error.problems] == [
                "c.z: there is no such setting; did you mean 'c.x'?",
                "e.y: there is no controller 'e'; did you mean 'c.y' or 'd.y'?",
            ]
            assert not bench.dispatch.knows(job_id(1))


async def test_what_is_known_is_compared_although_another_controller_never_said_anything() -> None:
    async with a_bench() as bench:
        bench.bus.peers["d"].capabilities = None
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Submit(1, job_id(1), for_other_wiring()))
            reply = await client.reply()
            assert isinstance(reply, Failure)
            assert [problem.field for problem in reply.error.problems] == ["c.z", "e.y"]
            sound = Sweep(axes=((Axis("c.x", (1.0,)),),), returns=("d.anything",))
            await client.say(Submit(2, job_id(2), JobSpec(work=sound)))
            await until(lambda: bench.dispatch.knows(job_id(2)))


async def test_a_batch_of_nothing_but_bad_jobs_is_answered_at_once() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(batch(1, 2, target="nowhere"), SubmitMany(2, ()))
            reply = await client.reply()
            assert isinstance(reply, SubmittedMany)
            assert [answer.error is not None for answer in reply.answers] == [True, True]
            reply = await client.reply()
            assert isinstance(reply, SubmittedMany)
            assert (reply.request, reply.answers) == (2, ())


async def test_a_batch_that_is_sent_twice_gives_its_jobs_once() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(batch(1, 2), batch(2, 1, 1), Submit(3, job_id(2), null_spec()))
            asking = bench.dispatch._arrivals._answers
            await until(lambda: len(asking.get(job_id(2), ())) == 3)
            bench.commit()
            replies = [await client.reply() for _ in range(3)]
            created = [
                [(one.number, one.created) for one in reply.answers]
                for reply in replies
                if isinstance(reply, SubmittedMany)
            ]
            assert created == [[(1, True), (2, True)], [(2, False), (1, False), (1, False)]]
            first = next(reply for reply in replies if isinstance(reply, SubmittedMany))
            assert {one.created_unix_s for one in first.answers} == {NOW}
            assert first.creator == stored(1, 1).creator
            assert Submitted(3, job_id(2), 2, created=False) in replies
            bench.commit()
            assert len(bench.dispatch) == 2


async def test_another_job_under_an_id_that_is_taken_is_refused() -> None:
    other = null_spec(duration=1.0)
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Submit(1, job_id(1), null_spec()), Submit(2, job_id(1), other))
            await client.say(SubmitMany(3, (NewJob(job_id(1), other), NewJob(job_id(2), other))))
            await until(lambda: bench.dispatch.knows(job_id(2)))
            bench.commit()
            replies = {reply.request: reply for reply in [await client.reply() for _ in range(3)]}
            assert replies[1] == stored(1, 1)
            refused = replies[2]
            assert isinstance(refused, Failure)
            assert refused.error.code is ErrorCode.CONFLICT
            assert job_id(1) in refused.error.detail
            answers = replies[3]
            assert isinstance(answers, SubmittedMany)
            first, second = answers.answers
            assert first.error is not None
            assert first.error.code is ErrorCode.CONFLICT
            assert second.created
            # It is the first one that runs.
            bench.commit()
            assert bench.live(1).spec.work == null_spec().work


async def test_jobs_of_a_batch_go_in_its_order() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(batch(*range(1, 8)))
            await until(lambda: bench.dispatch.knows(job_id(7)))
            bench.commit()
            sent = [one.ticket.job for one in bench.lines.to("a") if isinstance(one, Arm)]
            assert sent == [job_id(number) for number in range(1, len(sent) + 1)]
            assert sent
