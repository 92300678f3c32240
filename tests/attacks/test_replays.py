"""The same bytes once more: nothing happens twice."""

import pytest

from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.job import JobFilter
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    NewJob,
    Reply,
    Retry,
    RetryAnswer,
    Submit,
    SubmitMany,
    Submitted,
    SubmittedMany,
)
from stationd.proto.project_requests import Delete, Deleted
from stationd.proto.status import RemoteRetryStrategy
from tests.runtime.bench import Bench, a_bench, client_of, committed_until, job_id, null_spec

pytestmark = pytest.mark.anyio

FULL = RemoteRetryStrategy.FULL_RESTART


async def replayed(bench: Bench, frame: bytes, times: int = 3) -> list[Reply]:
    """Send the same bytes again and again, each time on another connection."""
    replies: list[Reply] = []
    for _ in range(times):
        with client_of(bench).socket as socket:
            await socket.send([frame])
            found: list[list[bytes]] = []

            def came() -> bool:
                parts = socket.receive_nowait()
                if parts is not None:
                    found.append(parts)  # noqa: B023 - as above
                return bool(found)  # noqa: B023 - as above

            await committed_until(bench, came)
            replies.append(REPLIES.decode(found[0][0]))
    return replies


async def test_a_submit_that_is_replayed_is_the_job_that_there_is() -> None:
    async with a_bench() as bench:
        frame = REQUESTS.encode(Submit(1, job_id(1), null_spec()))
        replies = await replayed(bench, frame)
        stored = [one for one in replies if isinstance(one, Submitted)]
        assert [(one.job, one.number, one.created) for one in stored] == [
            (job_id(1), 1, True),
            (job_id(1), 1, False),
            (job_id(1), 1, False),
        ]
        assert await bench.journal.count(JobFilter()) == 1


async def test_a_batch_that_is_replayed_makes_no_more_jobs() -> None:
    async with a_bench() as bench:
        jobs = tuple(NewJob(job_id(number), null_spec()) for number in (1, 2))
        replies = await replayed(bench, REQUESTS.encode(SubmitMany(1, jobs)))
        created = [
            [answer.created for answer in reply.answers]
            for reply in replies
            if isinstance(reply, SubmittedMany)
        ]
        assert created == [[True, True], [False, False], [False, False]]


async def test_a_cancel_that_is_replayed_changes_nothing_more() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        frame = REQUESTS.encode(Cancel(1, job_id(1)))
        assert await replayed(bench, frame) == [CancelAnswer(1, "accepted")] * 3
        seq = bench.durable
        await replayed(bench, frame)
        assert bench.durable == seq


async def test_a_retry_that_is_replayed_opens_one_attempt() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        frame = REQUESTS.encode(Retry(1, job_id(1), 1, FULL))
        assert await replayed(bench, frame) == [RetryAnswer(1, "opened", 2)] * 3


async def test_a_deletion_that_is_replayed_deletes_no_other_job() -> None:
    async with a_bench() as bench:
        for number in (1, 2):
            bench.run("a", bench.queued(number))
        replies = await replayed(bench, REQUESTS.encode(Delete(1, job_id(1))))
        assert replies == [Deleted(1, "deleted"), *[Deleted(1, "already_gone")] * 2]
        assert await bench.journal.stored(job_id(2)) is not None
