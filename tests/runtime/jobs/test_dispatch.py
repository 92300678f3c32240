"""Nothing is told or sent before it is on disk, and one job's failure is its own."""

# pyright: reportPrivateUsage=false

from functools import partial

import pytest

from stationd.actors.ladder import DeadlinePassed, Effect, PostProcessed
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import Ticket
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.work.outcome import Outcome
from tests.runtime.bench import (
    Bench,
    a_bench,
    committed_until,
    hello,
    job_id,
    null_spec,
    sweep_spec,
)

pytestmark = pytest.mark.anyio

FIRST_STEPS = [status for status in S if status <= S.PENDING_EXECUTION]


async def test_a_submit_is_answered_and_published_when_it_is_on_disk() -> None:
    async with a_bench() as bench:
        bench.listen()
        answers = bench.submit(1)
        assert answers.given == []
        assert bench.published == []
        assert bench.dispatch.get(job_id(1)) is None
        bench.journal.commit()
        assert answers.given == [(1, True)]
        assert [event.entry.status for event in bench.published] == FIRST_STEPS


async def test_nothing_is_told_or_sent_before_it_is_on_disk_on_the_whole_way() -> None:
    async with a_bench() as bench:
        bench.listen()
        bench.submit(1)
        assert bench.lines.sent == []
        assert len(bench.published) == bench.durable == 0
        bench.journal.commit()
        ticket = bench.live(1).ticket
        assert ticket is not None
        assert [type(command) for command in bench.lines.to("a")] == [wire.Arm]
        assert len(bench.published) == bench.durable == 10
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        assert len(bench.published) == bench.durable == 10
        bench.journal.commit()
        assert newest(bench) is S.EXECUTION_STARTED
        bench.report("a", wire.Finished(ticket, 0, 2.0))
        assert [type(command) for command in bench.lines.to("a")] == [wire.Arm]
        assert len(bench.published) == bench.durable == 11
        bench.commit()
        assert newest(bench) is S.READY
        assert bench.lines.to("a")[-1] == wire.Acknowledge(bench.fence, ticket)
        assert bench.dispatch.get(job_id(1)) is None
        seqs = [event.entry.seq for event in bench.published]
        assert seqs == list(range(1, bench.durable + 1))


async def test_a_chain_of_quick_stages_ends_up_in_one_write() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", wire.Started(ticket, 1.0))
        bench.commit()
        before = bench.journal.statistics().writes
        bench.report("a", wire.Finished(ticket, 0, 2.0))
        bench.commit()
        assert bench.journal.statistics().writes == before + 1
        assert bench.dispatch.get(job_id(1)) is None


async def test_a_submit_that_comes_twice_while_the_first_is_under_way_gives_one_job() -> None:
    async with a_bench() as bench:
        first, second = bench.submit(1), bench.submit(1)
        bench.commit()
        assert (first.given, second.given) == ([(1, True)], [(1, False)])
        assert bench.submit(1).given == [(1, False)]
        assert len(bench.dispatch) == 1


async def test_a_submit_of_a_job_that_is_over_gives_that_job() -> None:
    async with a_bench() as bench:
        bench.run("a", bench.queued(1))
        again = bench.submit(1)
        bench.commit()
        assert again.given == [(1, False)]
        assert len(bench.dispatch) == 0


async def test_a_cancel_is_answered_when_it_is_on_disk() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        answered: list[str] = []
        bench.dispatch.cancel(bench.live(1), lambda: answered.append("first"))
        bench.dispatch.cancel(bench.live(1), lambda: answered.append("second"))
        assert answered == []
        assert not any(isinstance(command, wire.Revoke) for command in bench.lines.to("a"))
        bench.journal.commit()
        assert answered == ["first", "second"]
        assert isinstance(bench.lines.to("a")[-1], wire.Revoke)


async def test_a_cancel_of_a_waiting_job_ends_it_before_execution() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        bench.listen()
        bench.queued(1)
        bench.dispatch.cancel(bench.live(1), lambda: None)
        bench.commit()
        assert bench.dispatch.get(job_id(1)) is None
        assert bench.published[-1].entry.status is S.ABORTED
        assert bench.published[-1].entry.note == "cancelled before execution"
        assert len(bench.instruments.queue) == 0


async def test_a_deadline_that_passes_while_the_queue_is_being_asked_for_takes_the_job_out() -> (
    None
):
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        bench.listen()
        bench.do_nothing_ahead()
        bench.submit(1)
        bench.journal.commit()
        # It stands in the queue's status, and its place there waits for the disk.
        live = bench.live(1)
        assert live.job.status is S.PENDING_EXECUTION
        assert len(bench.instruments.queue) == 0
        error = ErrorInfo(ErrorCode.JOB_TIMEOUT, "too long")
        bench.dispatch.deliver(live, DeadlinePassed(error))
        bench.commit()
        assert len(bench.instruments.queue) == 0
        assert bench.dispatch.get(job_id(1)) is None
        assert (newest(bench), bench.published[-1].entry.error) == (S.FAILED, error)


def newest(bench: Bench) -> S:
    return bench.published[-1].entry.status


def broken_stage(_: object) -> Outcome:
    raise RuntimeError("this stage is broken")


async def _break() -> Outcome:
    raise RuntimeError("this stage is broken")


def break_stage(bench: Bench, effect: Effect, *, slowly: bool = False) -> None:
    bench.dispatch._at_work._stages._begin[effect] = (lambda _: _break) if slowly else broken_stage


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize("effect", [Effect.VALIDATE, Effect.COMPILE, Effect.POST_PROCESS])
async def test_an_exception_in_a_stage_fails_its_job_alone(effect: Effect, slowly: bool) -> None:  # noqa: FBT001
    async with a_bench() as bench:
        bench.listen()
        ticket = bench.queued(1)
        stages = dict(bench.dispatch._at_work._stages._begin)
        break_stage(bench, effect, slowly=slowly)
        bench.submit(2, null_spec("b"))
        bench.commit()
        if effect is Effect.POST_PROCESS:
            bench.run("b", _ticket(bench, 2))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(2)) is None)
        end = bench.published[-1]
        assert (end.job, end.entry.status) == (job_id(2), S.FAILED)
        assert end.entry.error is not None
        assert end.entry.error.code is ErrorCode.INTERNAL_ERROR
        assert "this stage is broken" in end.entry.error.detail
        bench.dispatch._at_work._stages._begin.update(stages)
        bench.run("a", ticket)
        assert bench.published[-1].entry.status is S.READY


def _ticket(bench: Bench, number: int) -> Ticket:
    ticket = bench.live(number).ticket
    assert ticket is not None
    return ticket


async def test_an_event_without_a_meaning_changes_nothing_and_is_counted() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        before = bench.live(1).job
        bench.dispatch.deliver(bench.live(1), PostProcessed())
        assert bench.live(1).job is before
        assert bench.count("stationd_unexpected_events_total") == 1
        bench.run("a", ticket)
        assert bench.dispatch.get(job_id(1)) is None


async def test_a_restarted_station_goes_on_with_every_job() -> None:
    async with a_bench() as bench:
        bench.listen()
        running, _ = bench.queued(1), bench.queued(2)
        bench.report("a", wire.Armed(running), wire.Started(running, 1.0))
        bench.commit()
        bench.do_nothing_ahead()
        bench.submit(3)
        bench.journal.commit()  # its validation has begun, and nothing more
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.listen()
        statuses = [bench.live(number).job.status for number in (1, 2, 3)]
        assert statuses == [S.EXECUTION_STARTED, S.PENDING_EXECUTION, S.PENDING_EXECUTION]
        bench.commit()
        held = wire.HeldTicket(running, "finished")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        assert isinstance(bench.lines.to("a")[0], wire.Collect)
        bench.report("a", wire.Finished(running, 0, 2.0))
        bench.commit()
        for number in (2, 3):
            await committed_until(bench, partial(_armed, bench, number))
            bench.run("a", _ticket(bench, number))
        await committed_until(bench, lambda: len(bench.dispatch) == 0)
        ended = [event.job for event in bench.published if event.entry.status is S.READY]
        assert sorted(ended) == [job_id(1), job_id(2), job_id(3)]


def _armed(bench: Bench, number: int) -> bool:
    ticket = bench.live(number).ticket
    sent = bench.lines.to("a")
    return any(isinstance(command, wire.Arm) and command.ticket == ticket for command in sent)


async def test_tickets_and_numbers_grow_across_restarts() -> None:
    async with a_bench() as bench:
        first = bench.queued(1)
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.commit()
        second = bench.queued(2, null_spec("b"))
        assert second.number > first.number
        assert bench.live(2).job.number == 2


async def test_a_sweep_is_sent_to_all_its_controllers_at_once() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, sweep_spec())
        assert {name for name, _ in bench.lines.sent} == {"c", "d"}
        assert all(
            isinstance(command, wire.Arm) and command.ticket == ticket and not command.start
            for _, command in bench.lines.sent
        )
