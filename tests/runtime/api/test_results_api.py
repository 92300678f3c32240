"""What there is of the results of a job that is at work can be had before its end."""

# pyright: reportPrivateUsage=false

from functools import partial
from pathlib import Path

import msgspec
import pytest
from anyio import to_thread
from anyio.lowlevel import checkpoint

from stationd.actors.stages.requests import ItemOutcome
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPLIES
from stationd.proto.error import ErrorCode, ErrorInfo, StationError
from stationd.proto.job import ItemView, JobSpec, Ticket
from stationd.proto.jobs_protocol import Chunk, Failure, Fetch, Get, Job, Request
from stationd.proto.program import Axis, Sweep
from stationd.proto.project_requests import Delete, Deleted
from stationd.proto.result import SweepResult, decode_result
from stationd.proto.result_requests import Peek
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.live import LiveJob
from stationd.runtime.work import previews
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, Peer, a_bench, client_of, committed_until, job_id

pytestmark = pytest.mark.anyio

SWEEP = JobSpec(work=Sweep(axes=((Axis("c.x", (1.0, 2.0, 3.0)),),), returns=("d.y",), name="t1"))


def at_work(bench: Bench) -> Ticket:
    ticket = bench.queued(1, SWEEP)
    for name in ("c", "d"):
        bench.report(name, wire.Armed(ticket), wire.Started(ticket, 1.0))
    bench.commit()
    assert bench.live(1).job.status is S.EXECUTION_STARTED
    return ticket


def measure(bench: Bench, ticket: Ticket, index: int) -> None:
    header = wire.Data(ticket, index, "y", 0, index, "<f8", (1,))
    bench.instruments.data("d", header, bytes(8))
    bench.commit()


async def peeked(bench: Bench) -> ItemView:
    reply = await asked(bench, Peek(1, job_id(1)))
    assert isinstance(reply, Job), reply
    (item,) = reply.view.items
    return item


async def fetched(bench: Bench, request: Request) -> bytes:
    with client_of(bench).socket as socket:
        await Peer(socket).say(request)
        while (found := socket.receive_nowait()) is None:
            await checkpoint()
    reply = REPLIES.decode(found[0])
    assert isinstance(reply, Chunk), reply
    return b"".join(found[1:])


async def result_of(bench: Bench, item: ItemView) -> SweepResult:
    assert item.result is not None
    result = decode_result(await fetched(bench, Fetch(1, item.result.id)))
    assert isinstance(result, SweepResult)
    return result


async def test_the_points_of_a_sweep_so_far_are_a_partial_result() -> None:
    async with a_bench() as bench:
        ticket = at_work(bench)
        assert (await peeked(bench)).result is None
        measure(bench, ticket, 0)
        first = await peeked(bench)
        assert (first.index, first.name, first.partial, first.attempt) == (0, "t1", True, 1)
        assert (await result_of(bench, first)).spots_done == 1
        measure(bench, ticket, 1)
        second = await peeked(bench)
        assert (await result_of(bench, second)).spots_done == 2
        assert (await result_of(bench, first)).spots_done == 1
        plain = await asked(bench, Get(1, job_id(1)))
        assert isinstance(plain, Job)
        assert plain.view.items[0].result is None


async def test_nothing_is_built_again_while_no_data_comes() -> None:
    async with a_bench() as bench:
        measure(bench, at_work(bench), 0)
        assert await peeked(bench) == await peeked(bench)


async def test_data_that_is_in_the_journal_alone_is_found() -> None:
    async with a_bench() as bench:
        measure(bench, at_work(bench), 0)
        bench.live(1).blocks = None
        assert (await result_of(bench, await peeked(bench))).spots_done == 1


async def test_a_job_that_is_over_shows_its_own_result() -> None:
    async with a_bench() as bench:
        ticket = at_work(bench)
        for index in range(3):
            measure(bench, ticket, index)
        before = await peeked(bench)
        assert not before.partial
        bench.report("c", wire.Finished(ticket, 0, 2.0))
        bench.report("d", wire.Finished(ticket, 3, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        after = await peeked(bench)
        assert after.result is not None
        assert after.result.id == f"{job_id(1)}/1/0"
        assert before.result is not None
        assert msgspec.structs.replace(before.result, id=after.result.id) == after.result


async def test_one_that_is_not_kept_any_more_is_to_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(previews, "MOST_KEPT", 1)
    async with a_bench() as bench:
        ticket = at_work(bench)
        measure(bench, ticket, 0)
        first = await peeked(bench)
        measure(bench, ticket, 1)
        await peeked(bench)
        assert first.result is not None
        reply = await asked(bench, Fetch(1, first.result.id))
        assert isinstance(reply, Failure)
        assert reply.error.code is ErrorCode.UNKNOWN_ARTIFACT
        assert "ask for the job's results again" in reply.error.detail


async def test_of_one_that_cannot_be_built_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def begin_and_fail(_: LiveJob, folder: Path) -> list[ItemOutcome]:
        await to_thread.run_sync(partial(folder.mkdir, parents=True))
        raise StationError(ErrorInfo(ErrorCode.STAGE_TIMEOUT, "too much of it"))

    async with a_bench() as bench:
        measure(bench, at_work(bench), 0)
        built = bench.api.parts.results._previews
        monkeypatch.setattr(built._results, "so_far", begin_and_fail)
        reply = await asked(bench, Peek(1, job_id(1)))
        assert isinstance(reply, Failure), reply
        assert reply.error.code is ErrorCode.STAGE_TIMEOUT
        assert not await to_thread.run_sync(lambda: list(built._folder.iterdir()))


async def test_a_job_that_nobody_knows_has_none() -> None:
    async with a_bench() as bench:
        reply = await asked(bench, Peek(1, job_id(9)))
        assert isinstance(reply, Failure)
        assert reply.error.code is ErrorCode.UNKNOWN_JOB


async def test_a_result_that_went_with_its_job_is_said_to_be_gone() -> None:
    async with a_bench() as bench:
        ticket = at_work(bench)
        for index in range(3):
            measure(bench, ticket, index)
        bench.report("c", wire.Finished(ticket, 0, 2.0))
        bench.report("d", wire.Finished(ticket, 3, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        item = await peeked(bench)
        assert (await result_of(bench, item)).spots_done == 3
        assert await asked(bench, Delete(1, job_id(1))) == Deleted(1, "deleted")
        assert item.result is not None
        reply = await asked(bench, Fetch(2, item.result.id))
        assert isinstance(reply, Failure)
        assert reply.error.code is ErrorCode.UNKNOWN_ARTIFACT
        assert "take their results with them" in reply.error.detail
