"""A cancel is answered once it is on disk, and so is one of a job that is over."""

import pytest
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPLIES
from stationd.proto.jobs_protocol import Cancel, CancelAnswer, Ping, Pong
from stationd.proto.status import JobExecutorStatus as S
from tests.runtime.api.asking import answered, asked
from tests.runtime.bench import Bench, Peer, a_bench, client_of, committed_until, job_id, until

pytestmark = pytest.mark.anyio


async def test_a_cancel_is_answered_when_it_is_on_disk_and_again_when_it_is_repeated() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Cancel(1, job_id(1)), Cancel(2, job_id(1)), Ping(3, "0"))
            await answered(client, Pong)
            await until(lambda: bench.live(1).job.cancelling)
            await checkpoint()
            assert socket.receive_nowait() is None
            answers = await committed_answers(bench, client, 2)
            assert {answer.request for answer in answers} == {1, 2}
            assert {answer.outcome for answer in answers} == {"accepted"}


async def committed_answers(bench: Bench, client: Peer, count: int) -> list[CancelAnswer]:
    """Commit until so many cancels have been answered."""
    answers: list[CancelAnswer] = []

    def come() -> bool:
        frames = client.socket.receive_nowait()
        if frames is not None:
            answer = REPLIES.decode(frames[0])
            assert isinstance(answer, CancelAnswer), answer
            answers.append(answer)
        return len(answers) == count

    await committed_until(bench, come)
    return answers


async def test_a_cancel_of_what_is_over_says_so_when_that_is_on_disk() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.report("a", wire.Finished(ticket, 0, 2.0))
        assert bench.live(1).job.status is S.READY
        with client_of(bench).socket as socket:
            client = Peer(socket)
            await client.say(Cancel(1, job_id(1)), Ping(2, "0"))
            await answered(client, Pong)
            await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
            assert await committed_answers(bench, client, 1) == [CancelAnswer(1, "already_over")]
            assert (await asked(client, Cancel(3, job_id(1)), CancelAnswer)).outcome == (
                "already_over"
            )
