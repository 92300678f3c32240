"""Users who want more of the station than they may have."""

# pyright: reportPrivateUsage=false

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import msgspec
import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import (
    Failure,
    Listen,
    NewJob,
    Ping,
    Pong,
    Reply,
    Request,
    Retry,
    RetryAnswer,
    Snapshot,
    Submit,
    SubmitMany,
    Submitted,
    SubmittedMany,
    Unlisten,
)
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.limits.bounds import Limits
from tests.runtime.api.asking import asked, failed
from tests.runtime.bench import Bench, Peer, a_bench, client_of, committed_until, job_id, null_spec

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def limited(**said: float) -> AsyncGenerator[tuple[Bench, Peer]]:
    async with a_bench() as bench:
        reload(bench, **said)
        with client_of(bench).socket as socket:
            yield bench, Peer(socket)


def reload(bench: Bench, **said: float) -> None:
    limits = Limits(**said)  # type: ignore[arg-type]
    bench.api.reload(msgspec.structs.replace(bench.station.settings, limits=limits))


async def test_of_a_batch_those_are_refused_that_are_too_many() -> None:
    async with limited(jobs=2) as (bench, client):
        jobs = tuple(NewJob(job_id(number), null_spec()) for number in range(1, 5))
        await client.say(SubmitMany(1, jobs), Ping(2, "0"))
        assert isinstance(await client.reply(), Pong)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(2)) is not None)
        reply = await client.reply()
        assert isinstance(reply, SubmittedMany)
        codes = [None if one.error is None else one.error.code for one in reply.answers]
        assert codes == [None, None, ErrorCode.LIMIT_REACHED, ErrorCode.LIMIT_REACHED]


async def test_a_job_that_is_over_makes_room_and_a_job_sent_again_is_no_other() -> None:
    async with limited(jobs=1) as (bench, client):
        await submitted(bench, client, 1)
        await client.say(Submit(2, job_id(1), null_spec()), Submit(3, job_id(2), null_spec()))
        replies = {(reply := await client.reply()).request: reply for _ in range(2)}
        assert isinstance(replies[2], Submitted)
        refused = replies[3]
        assert isinstance(refused, Failure)
        assert refused.error.code is ErrorCode.LIMIT_REACHED
        end(bench, 1)
        await submitted(bench, client, 2)


def end(bench: Bench, number: int) -> None:
    ticket = bench.live(number).ticket
    assert ticket is not None
    bench.run("a", ticket)


async def submitted(bench: Bench, client: Peer, number: int) -> None:
    await client.say(Submit(number, job_id(number), null_spec()))
    await committed_until(bench, lambda: bench.dispatch.get(job_id(number)) is not None)
    bench.commit()
    assert isinstance(await client.reply(), Submitted)


async def test_a_job_that_is_over_is_known_when_it_is_sent_again_although_there_is_no_room() -> (
    None
):
    async with limited(jobs=1) as (bench, client):
        await submitted(bench, client, 1)
        end(bench, 1)
        bench.commit()
        await submitted(bench, client, 2)
        sent_again = await asked(client, Submit(3, job_id(1), null_spec()), Submitted)
        assert (sent_again.number, sent_again.created) == (1, False)
        jobs = tuple(NewJob(job_id(number), null_spec()) for number in (1, 3))
        batch = await asked(client, SubmitMany(4, jobs), SubmittedMany)
        codes = [None if one.error is None else one.error.code for one in batch.answers]
        assert codes == [None, ErrorCode.LIMIT_REACHED]
        other = await failed(client, Submit(5, job_id(1), null_spec(duration=1.0)))
        assert other.error.code is ErrorCode.CONFLICT


async def test_retries_open_no_more_attempts_than_there_is_room_for_and_each_of_them_once() -> None:
    async with limited(jobs=1) as (bench, client):
        for number in (1, 2):
            await submitted(bench, client, number)
            end(bench, number)
            bench.commit()
        again = RemoteRetryStrategy.FULL_RESTART
        retries = [Retry(number, job_id(number), 1, again) for number in (1, 2)]
        replies = await committed(bench, client, *retries)
        refused = [reply for reply in replies if isinstance(reply, Failure)]
        assert [reply.error.code for reply in refused] == [ErrorCode.LIMIT_REACHED]
        (first,) = (reply for reply in replies if isinstance(reply, RetryAnswer))
        assert await committed(bench, client, retries[first.request - 1]) == [first]


async def committed(bench: Bench, client: Peer, *requests: Request) -> list[Reply]:
    """Ask, commit until all is answered, and return the replies in the order they came."""
    replies: list[Reply] = []
    await client.say(*requests)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, client, replies, len(requests))
        await committed_until(bench, lambda: len(replies) == len(requests))
    return replies


async def take(client: Peer, replies: list[Reply], count: int) -> None:
    replies += [await client.reply() for _ in range(count)]


async def test_who_asks_too_often_is_refused_and_told_when_to_ask_again() -> None:
    async with limited(requests_per_second=4.0, burst=2) as (bench, client):
        await client.say(*(Ping(number, "0") for number in range(1, 5)))
        replies = [await client.reply() for _ in range(4)]
        assert [type(reply) for reply in replies] == [Pong, Pong, Failure, Failure]
        waits = [reply.error.retry_after for reply in replies if isinstance(reply, Failure)]
        assert waits == [0.25, 0.5]
        bench.clock.now += 0.25
        await client.say(Ping(5, "0"))
        assert isinstance(await client.reply(), Pong)
        reload(bench)
        await client.say(*(Ping(number, "0") for number in range(6, 20)))
        assert {type(await client.reply()) for _ in range(14)} == {Pong}


async def test_streams_are_counted_on_all_connections_of_a_user() -> None:
    async with limited(streams=2) as (bench, client):
        with client_of(bench).socket as socket:
            other = Peer(socket)
            await client.say(Listen(1, None, None, 0))
            assert isinstance(await client.reply(), Snapshot)
            await other.say(Listen(1, None, None, 0), Listen(2, None, None, 0))
            replies = {(reply := await other.reply()).request: reply for _ in range(2)}
            refused = replies[2]
            assert isinstance(refused, Failure)
            assert refused.error.code is ErrorCode.LIMIT_REACHED
            await client.say(Unlisten(1), Ping(2, "0"))
            assert isinstance(await client.reply(), Pong)
            await other.say(Listen(3, None, None, 0))
            assert isinstance(await other.reply(), Snapshot)


async def test_results_are_counted_from_the_reload_on_that_limits_them() -> None:
    async with limited() as (bench, client):
        assert not bench.dispatch.holdings.weighs
        await submitted(bench, client, 1)
        end(bench, 1)
        reload(bench, result_gib=1e-9)
        holdings = bench.dispatch.holdings
        await committed_until(bench, lambda: bool(holdings._bytes))
        await client.say(Submit(2, job_id(2), null_spec()))
        refused = await client.reply()
        assert isinstance(refused, Failure)
        assert "stationctl delete" in refused.error.detail
