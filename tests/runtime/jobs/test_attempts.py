"""Attempts that follow one another by themselves, if the job asks for them."""

# pyright: reportPrivateUsage=false

import pytest

from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobSpec
from stationd.proto.program import Axis, Sweep
from stationd.proto.status import JobExecutorStatus as S
from tests.runtime.bench import a_bench, committed_until, job_id
from tests.runtime.jobs.asking_again import asking, fail, no_result, seen

pytestmark = pytest.mark.anyio


async def test_the_end_of_an_attempt_and_the_beginning_of_the_next_are_one_write() -> None:
    async with a_bench() as bench:
        bench.listen()
        first = bench.queued(1, asking(max_attempts=2))
        fail(bench, first)
        bench.commit()
        entries = [event.entry for event in bench.published]
        ended = next(entry for entry in entries if entry.status is S.FAILED)
        begun = entries[entries.index(ended) + 1]
        assert ended.retrying
        assert ended.error is not None
        assert ended.error.code is ErrorCode.DRIVER_FAILED
        assert (begun.attempt, begun.status) == (2, S.PENDING_EXECUTION)
        assert begun.seq == ended.seq + 1
        # The old ticket is let go, and the new one is out.
        fence = bench.fence
        second = bench.live(1).ticket
        assert second is not None
        assert second.attempt == 2
        assert wire.Acknowledge(fence, first) in bench.lines.to("a")
        assert isinstance(bench.lines.to("a")[-1], wire.Arm)
        bench.run("a", second)
        assert (await seen(bench)).status is S.READY
        assert not bench.instruments.executions.tickets
        assert len(bench.dispatch) == 0


async def test_a_crash_before_the_commit_leaves_the_attempt_running_and_after_it_the_next() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, asking(max_attempts=2))
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.commit()
        bench.report("a", wire.Failed(ticket, 0, ErrorCode.DRIVER_FAILED, "warm", 2.0))
        view = await seen(bench)
        assert (view.attempt, view.status) == (1, S.EXECUTION_STARTED)
        await committed_until(bench, lambda: bench.live(1).job.attempt == 2)
        for _ in range(3):
            bench.commit()
        view = await seen(bench)
        assert (view.attempt, view.status) == (2, S.PENDING_EXECUTION)
        assert not [entry for entry in view.timeline if entry.retrying and entry.attempt == 2]
        left = bench.journal.reopened()
    async with a_bench(left) as bench:
        live = bench.live(1)
        assert (live.job.attempt, live.job.status) == (2, S.PENDING_EXECUTION)
        assert live.ticket is not None
        assert live.ticket.attempt == 2


async def test_the_last_attempt_ends_the_job_with_its_own_error() -> None:
    async with a_bench() as bench:
        bench.queued(1, asking(max_attempts=3))
        for attempt in (1, 2, 3):
            ticket = bench.live(1).ticket
            assert ticket is not None
            assert ticket.attempt == attempt
            fail(bench, ticket)
            bench.commit()
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.FAILED, 3)
        ends = [entry for entry in view.timeline if entry.status is S.FAILED]
        assert [entry.retrying for entry in ends] == [True, True, False]
        assert all(entry.error is not None for entry in ends)
        assert len(bench.dispatch) == 0


async def test_a_job_that_was_lost_after_its_last_data_lacks_nothing() -> None:
    async with a_bench() as bench:
        axis = Axis("c.x", (1.0, 2.0))
        work = Sweep(axes=((axis,),), returns=("d.y",))
        ticket = bench.queued(1, JobSpec(work=work, max_attempts=2))
        for name in ("c", "d"):
            bench.report(name, wire.Armed(ticket), wire.Started(ticket, 1.0))
        for index in (0, 1):
            header = wire.Data(ticket, index, "y", 0, index, "<f8", (1,))
            bench.instruments.data("d", header, bytes(8))
        bench.report("d", wire.Finished(ticket, 2, 2.0))
        bench.instruments.absent("c")
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.READY, 2)
        assert next(entry.status for entry in view.timeline if entry.attempt == 2) is (
            S.EXECUTION_ENDED
        )
        assert view.items[0].result is not None


async def test_a_job_that_does_not_ask_has_one_attempt() -> None:
    async with a_bench() as bench:
        await no_result(bench)
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.FAILED, 1)
        assert not view.timeline[-1].retrying


async def test_a_job_can_be_cancelled_between_its_attempts() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, asking(max_attempts=2))
        bench.lines.names.remove("a")
        fail(bench, ticket)
        bench.commit()
        assert bench.live(1).job.status is S.PENDING_EXECUTION
        bench.dispatch.cancel(bench.live(1), lambda: None)
        bench.commit()
        view = await seen(bench)
        assert (view.status, view.attempt) == (S.ABORTED, 2)
        assert view.error is None
