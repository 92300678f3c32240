"""Tickets from the queue through the controllers' lines to the end."""

# pyright: reportPrivateUsage=false

from typing import Literal

import anyio
import pytest
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.proto.job import Ticket
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.controllers import data_room
from stationd.runtime.controllers.pace import MOST_IN_LINE
from tests.runtime.bench import (
    Bench,
    a_bench,
    committed_until,
    hello,
    job_id,
    null_spec,
    sweep_spec,
    until,
)

pytestmark = pytest.mark.anyio


def armed(bench: Bench, controller: str = "a") -> list[int]:
    """Return the tickets that a controller was sent, in order."""
    sent = bench.lines.to(controller)
    return [command.ticket.number for command in sent if isinstance(command, wire.Arm)]


async def test_tickets_are_sent_ahead_up_to_the_prefetch() -> None:
    async with a_bench() as bench:
        tickets = [bench.queued(number) for number in range(1, 6)]
        assert armed(bench) == [ticket.number for ticket in tickets[:3]]
        bench.run("a", tickets[0], seconds=1.0)
        assert armed(bench) == [ticket.number for ticket in tickets[:4]]


async def test_what_several_reports_free_is_given_away_at_their_end() -> None:
    async with a_bench() as bench:
        tickets = [bench.queued(number) for number in range(1, 8)]
        with bench.instruments.together():
            for ticket in tickets[:2]:
                bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
                bench.report("a", wire.Finished(ticket, 0, 2.0))
            assert armed(bench) == [ticket.number for ticket in tickets[:3]]
        assert armed(bench) == [ticket.number for ticket in tickets[:5]]


async def test_short_jobs_are_sent_further_ahead_and_long_ones_are_not() -> None:
    async with a_bench() as bench:
        number = 0
        for seconds, least, most in [(0.0, 30, MOST_IN_LINE), (60.0, 2, 2)]:
            for _ in range(40):
                number += 1
                bench.run("a", bench.queued(number), seconds=seconds)
            assert least <= bench.instruments.pace.depth("a") - 1 <= most


async def test_the_higher_priority_is_sent_first() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        tickets = [bench.queued(n, null_spec(priority=p)) for n, p in [(1, 0), (2, 5), (3, 1)]]
        bench.lines.names.append("a")
        bench.instruments.grant()
        assert armed(bench) == [tickets[1].number, tickets[2].number, tickets[0].number]


async def test_progress_goes_to_the_job_and_its_listeners() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.commit()
        bench.report("a", wire.Progressed(ticket, 1, 4, "shots"))
        progress = bench.live(1).progress
        assert progress is not None
        assert (progress.done, progress.total, progress.unit) == (1, 4, "shots")


async def test_an_end_that_nobody_waits_for_is_acknowledged() -> None:
    async with a_bench() as bench:
        stranger = Ticket(99, job_id(99), 1)
        bench.report("a", wire.Started(stranger, 1.0), wire.Finished(stranger, 0, 2.0))
        assert bench.lines.to("a") == [wire.Acknowledge(bench.fence, stranger)]


async def test_what_a_controller_holds_of_jobs_that_are_over_is_taken_from_it() -> None:
    async with a_bench() as bench:
        held = [
            wire.HeldTicket(Ticket(97, job_id(97), 1), "armed"),
            wire.HeldTicket(Ticket(98, job_id(98), 1), "running"),
            wire.HeldTicket(Ticket(99, job_id(99), 1), "finished"),
        ]
        await bench.instruments.hello("a", hello("a", *held), same_ledger=True)
        kinds = [type(command) for command in bench.lines.to("a")]
        assert kinds == [wire.Revoke, wire.Abort, wire.Acknowledge]


async def test_a_refusal_fails_the_job_and_says_why() -> None:
    async with a_bench() as bench:
        bench.listen()
        ticket = bench.queued(1)
        bench.report("a", wire.Refused(ticket, ErrorCode.STALE_FENCE, "superseded"))
        bench.commit()
        end = bench.published[-1].entry
        assert end.status is S.FAILED
        assert end.error is not None
        assert end.error.code is ErrorCode.STALE_FENCE


async def test_data_is_stored_once_and_in_order() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        for index in (0, 0, 2, 1):
            bench.instruments.data("a", _data(ticket, index), bytes([index]))
        bench.commit()
        blocks = await bench.journal.blocks(1, 1)
        assert [(block.index, block.data) for block in blocks] == [(0, b"\0"), (1, b"\1")]
        bench.report("a", wire.Finished(ticket, 3, 2.0))
        collect = bench.lines.to("a")[-1]
        assert isinstance(collect, wire.Collect)
        assert collect.first == 2


async def test_data_that_come_faster_than_the_disk_takes_them_are_collected_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data_room, "MOST_BYTES", 1)  # one block at a time
    async with a_bench() as bench:
        bench.listen()
        ticket = bench.queued(1)
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        for index in range(3):
            bench.instruments.data("a", _data(ticket, index), b"x")
        before = len(bench.lines.to("a"))
        bench.report("a", wire.Finished(ticket, 3, 2.0))
        assert len(bench.lines.to("a")) == before  # nothing is asked for that would not fit
        for index in (1, 2):
            bench.commit()
            collect = bench.lines.to("a")[-1]
            assert isinstance(collect, wire.Collect)
            assert collect.first == index
            for sent in range(index, 3):
                bench.instruments.data("a", _data(ticket, sent), b"x")
            bench.report("a", wire.Finished(ticket, 3, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert bench.published[-1].entry.status is S.READY


def _data(ticket: Ticket, index: int) -> wire.Data:
    return wire.Data(ticket, index, "y", 0, index, "|u1", (1,))


async def test_a_controller_that_stays_away_fails_its_jobs() -> None:
    async with a_bench() as bench:
        bench.listen()
        ticket = bench.queued(1)
        other = bench.queued(2, null_spec("b"))
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.instruments.absent("a")
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        end = bench.published[-1]
        assert (end.job, end.entry.status) == (job_id(1), S.FAILED)
        assert end.entry.error is not None
        assert end.entry.error.code is ErrorCode.INSTRUMENT_LOST
        bench.run("b", other)
        assert bench.published[-1].entry.status is S.READY


async def test_a_group_whose_controller_went_away_before_the_start_waits_and_goes_later() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, sweep_spec())
        bench.report("c", wire.Armed(ticket))
        bench.lines.names.remove("d")
        bench.instruments.absent("d")
        assert bench.lines.to("c")[-1] == wire.Revoke(bench.fence, ticket)
        bench.report("c", wire.Revoked(ticket))
        assert bench.live(1).job.status is S.PENDING_EXECUTION
        assert len(bench.instruments.queue) == 1
        bench.lines.names.append("d")
        await bench.instruments.hello("d", hello("d"), same_ledger=True)
        await until(lambda: armed(bench, "c") == [ticket.number] * 2)
        assert armed(bench, "d") == [ticket.number] * 2
        assert len(bench.instruments.queue) == 0


async def test_a_group_is_gone_on_with_on_one_controllers_word_after_a_restart() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, sweep_spec())
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.lines.names.remove("d")
        await bench.instruments.hello("c", hello("c"), same_ledger=True)
        bench.lines.names.append("d")
        held = wire.HeldTicket(ticket, "armed")
        await bench.instruments.hello("d", hello("d", held), same_ledger=True)
        assert armed(bench, "c") == armed(bench, "d") == [ticket.number]
        bench.report("c", wire.Armed(ticket))
        bench.report("d", wire.Armed(ticket))
        started = [name for name, command in bench.lines.sent if isinstance(command, wire.Start)]
        assert started == ["c", "d"]


async def test_a_cancel_after_a_restart_waits_for_what_the_controllers_say() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.listen()
        bench.lines.names.clear()
        bench.dispatch.cancel(bench.live(1), lambda: None)
        bench.commit()
        await until(lambda: bench.instruments.out == 1)
        assert bench.live(1).job.cancelling
        bench.lines.names.append("a")
        held = wire.HeldTicket(ticket, "running")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        bench.commit()
        assert isinstance(bench.lines.to("a")[-1], wire.Abort)
        bench.report("a", wire.AtRest(ticket, 0, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert "during execution" in bench.published[-1].entry.note


async def test_a_cancel_does_not_wait_for_a_controller_that_was_given_up() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.listen()
        bench.lines.names.clear()
        bench.instruments.absent("a")
        bench.dispatch.cancel(bench.live(1), lambda: None)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert bench.published[-1].entry.status is S.ABORTED


async def test_a_controller_that_is_silent_after_a_restart_is_noticed() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.commit()
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.listen()
        bench.instruments._silence._allowed["a"] = 1e-6
        held = wire.HeldTicket(ticket, "running")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        aborted = wire.Abort(bench.fence, ticket)
        await committed_until(bench, lambda: aborted in bench.lines.to("a"))
        bench.report("a", wire.AtRest(ticket, 0, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        end = bench.published[-1].entry
        assert end.error is not None
        assert end.error.code is ErrorCode.CONTROLLER_SILENT


async def test_what_is_being_ended_is_not_called_silent() -> None:
    async with a_bench() as bench:
        bench.instruments._silence._allowed.update(c=3600.0, d=3600.0)
        ticket = bench.queued(1, sweep_spec())
        for name in ("c", "d"):
            bench.report(name, wire.Armed(ticket), wire.Started(ticket, 1.0))
        signs = bench.instruments._silence._signs
        assert set(signs) == {(job_id(1), "c"), (job_id(1), "d")}
        bench.report("c", wire.Failed(ticket, 0, ErrorCode.DRIVER_FAILED, "no", 2.0, began=True))
        assert not signs


@pytest.mark.parametrize("freed", ["at rest", "reset"])
async def test_a_controller_at_work_on_what_is_over_gets_nothing_else(freed: str) -> None:
    async with a_bench() as bench:
        over = Ticket(98, job_id(98), 1)
        held = wire.HeldTicket(over, "running")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        ticket = bench.queued(1)
        assert armed(bench) == []
        if freed == "reset":
            bench.instruments.reset("a")
        else:
            bench.report("a", wire.AtRest(over, 0, 2.0))
        assert armed(bench) == [ticket.number]


@pytest.mark.parametrize("state", ["running", "lost"])
async def test_who_died_at_work_on_what_is_over_is_not_waited_for(
    state: Literal["running", "lost"],
) -> None:
    async with a_bench() as bench:
        over = Ticket(98, job_id(98), 1)
        at_work, now = wire.HeldTicket(over, "running"), wire.HeldTicket(over, state)
        await bench.instruments.hello("a", hello("a", at_work), same_ledger=True)
        await bench.instruments.hello("a", hello("a", now), same_ledger=True)
        bounds = bench.instruments.quarantine._bounded
        assert ((over.number, "a") in bounds) is (state == "running")


async def test_the_end_of_another_attempt_is_not_the_end_of_what_is_over() -> None:
    # The next attempt was armed at another controller's word, and was aborted in the line here.
    async with a_bench() as bench:
        over, other = Ticket(98, job_id(98), 1), Ticket(99, job_id(98), 2)
        held = wire.HeldTicket(over, "running")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        ticket = bench.queued(1)
        bench.report("a", wire.AtRest(other, 0, 2.0))
        assert armed(bench) == []
        assert (over.number, "a") in bench.instruments.quarantine._bounded
        bench.report("a", wire.AtRest(over, 0, 3.0))
        assert armed(bench) == [ticket.number]


@pytest.mark.parametrize(("runs", "trusted"), [(98, False), (99, True)])
async def test_a_hello_lifts_the_quarantine_of_a_ticket_that_is_not_at_work(
    runs: int, *, trusted: bool
) -> None:
    async with a_bench() as bench:
        bench.instruments.quarantine.put("a", Ticket(98, job_id(98), 1))
        held = wire.HeldTicket(Ticket(runs, job_id(98), runs - 97), "running")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        assert ("a" not in bench.instruments.quarantine) is trusted


async def test_a_late_word_that_a_ticket_is_over_lifts_the_quarantine() -> None:
    # After a backup was put back: the ticket was executed for what the journal does not know.
    async with a_bench() as bench:
        ticket = bench.queued(1)
        bench.instruments.quarantine.put("a", ticket)
        following = bench.queued(2)
        assert following.number not in armed(bench)
        bench.report("a", wire.Refused(ticket, ErrorCode.CONFLICT, "it is over"))
        await committed_until(bench, lambda: following.number in armed(bench))


async def test_a_controller_that_comes_back_at_work_on_what_was_given_up_gets_nothing_else() -> (
    None
):
    async with a_bench() as bench:
        ticket = bench.queued(1, sweep_spec())
        for name in ("c", "d"):
            bench.report(name, wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.instruments.absent("d")
        held = wire.HeldTicket(ticket, "running")
        await bench.instruments.hello("d", hello("d", held), same_ledger=True)
        assert isinstance(bench.lines.to("d")[-1], wire.Abort)
        bench.report("c", wire.AtRest(ticket, 0, 2.0))
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        following = bench.queued(2, sweep_spec())
        assert following.number not in armed(bench, "c")
        bench.report("d", wire.AtRest(ticket, 0, 3.0))
        assert following.number in armed(bench, "c")


async def test_what_waited_is_lost_with_the_ledger_that_may_have_had_it() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.listen()
        await bench.instruments.hello("a", hello("a", ledger="new"), same_ledger=False)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        end = bench.published[-1].entry
        assert end.error is not None
        assert end.error.code is ErrorCode.INSTRUMENT_LOST
        assert ticket.number not in armed(bench)


async def test_what_is_not_taken_up_yet_is_lost_with_the_ledger_too() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        journal = bench.journal.reopened()
    async with a_bench(journal, lazily=True) as bench:
        await bench.instruments.hello("a", hello("a", ledger="new"), same_ledger=False)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert ticket.number not in armed(bench)
        view = await bench.journal.view(job_id(1))
        assert view is not None
        assert view.status is S.FAILED


async def test_work_that_cannot_be_read_fails_its_job_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_: int) -> bytes:
        return b"not what was written"

    async with a_bench() as bench:
        bench.lines.names.remove("a")
        bench.queued(1)
        journal = bench.journal.reopened()
    async with a_bench(journal) as bench:
        bench.listen()
        monkeypatch.setattr(bench.journal, "work", broken)
        await bench.instruments.hello("a", hello("a"), same_ledger=True)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        end = bench.published[-1].entry
        assert end.status is S.FAILED
        assert end.error is not None
        assert end.error.code is ErrorCode.INTERNAL_ERROR
        bench.run("b", bench.queued(2, null_spec("b")))
        assert bench.published[-1].entry.status is S.READY


async def test_a_drain_takes_back_what_has_not_begun_and_waits_for_the_rest() -> None:
    async with a_bench() as bench:
        running, waiting = bench.queued(1), bench.queued(2)
        bench.report("a", wire.Armed(running), wire.Started(running, 1.0), wire.Armed(waiting))
        bench.commit()
        drained = anyio.Event()

        async def drain() -> None:
            await bench.instruments.drain()
            drained.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(drain)
            await until(lambda: isinstance(bench.lines.to("a")[-1], wire.Revoke))
            bench.report("a", wire.Revoked(waiting))
            await checkpoint()
            assert not drained.is_set()
            bench.report("a", wire.Finished(running, 0, 2.0))
            bench.commit()
            await drained.wait()
        assert bench.live(2).job.status is S.PENDING_EXECUTION
        assert len(bench.instruments.queue) == 1
        bench.submit(3)
        bench.commit()
        assert armed(bench) == [running.number, waiting.number]


async def test_tickets_that_are_over_are_forgotten_and_older_ones_are_kept() -> None:
    async with a_bench() as bench:
        oldest = bench.queued(1, null_spec("b"))
        for number in range(2, 5):
            bench.run("a", bench.queued(number))
        bench.instruments.forget()
        assert wire.Forget(bench.fence, oldest.number) in bench.lines.to("a")
