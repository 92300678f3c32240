"""What the controllers are used for, from one moment to the next."""

import pytest

from stationd.proto import instruments_protocol as wire
from stationd.proto.job import Ticket
from stationd.runtime.metrics.utilisation import Use
from stationd.runtime.queue.gates import Gate
from tests.runtime.bench import Bench, a_bench, hello, sweep_spec

pytestmark = pytest.mark.anyio


def use(bench: Bench, controller: str = "a") -> Use:
    return bench.metrics.utilisation.use(controller)


def says(bench: Bench, controller: str, *reports: wire.OneReport) -> None:
    with bench.instruments.together():
        bench.report(controller, *reports)


def spent(bench: Bench, state: Use, controller: str = "a") -> float:
    name = "stationd_controller_state_seconds_total"
    return bench.count(f'{name}{{controller="{controller}",state="{state}"}}')


async def test_a_job_takes_its_controller_from_idle_over_armed_to_running_and_back() -> None:
    async with a_bench() as bench:
        bench.instruments.grant()
        assert use(bench) is Use.IDLE_WITHOUT_WORK
        bench.clock.now += 100
        ticket = bench.queued(1)
        assert use(bench) is Use.ARMED
        bench.clock.now += 10
        says(bench, "a", wire.Armed(ticket), wire.Started(ticket, bench.clock.now))
        assert use(bench) is Use.RUNNING
        bench.clock.now += 60
        says(bench, "a", wire.Finished(ticket, 0, bench.clock.now))
        assert use(bench) is Use.IDLE_WITHOUT_WORK
        bench.commit()
        assert spent(bench, Use.ARMED) == 10
        assert spent(bench, Use.RUNNING) == 60
        assert spent(bench, Use.IDLE_WITHOUT_WORK) == 100


async def test_work_that_waits_at_a_closed_gate_is_seen() -> None:
    async with a_bench() as bench:
        bench.instruments.grant()
        bench.instruments.queue.set_gate("a", Gate("paused"), bench.clock.now)
        bench.queued(1)
        assert use(bench) is Use.IDLE_WITH_WORK
        assert use(bench, "b") is Use.IDLE_WITHOUT_WORK
        bench.dispatch.cancel(bench.live(1), lambda: None)
        bench.commit()
        assert use(bench) is Use.IDLE_WITHOUT_WORK


async def test_of_a_group_each_counts_for_itself() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1, sweep_spec())
        assert (use(bench, "c"), use(bench, "d")) == (Use.ARMED, Use.ARMED)
        for name in "cd":
            says(bench, name, wire.Armed(ticket))
        says(bench, "c", wire.Started(ticket, 1.0))
        assert (use(bench, "c"), use(bench, "d")) == (Use.RUNNING, Use.ARMED)
        says(bench, "d", wire.Started(ticket, 1.0))
        says(bench, "c", wire.Finished(ticket, 0, 2.0))
        # It has done its part, and is kept for the other's.
        assert (use(bench, "c"), use(bench, "d")) == (Use.ARMED, Use.RUNNING)


async def test_a_controller_that_goes_is_absent_and_says_at_its_return_what_it_is_at() -> None:
    async with a_bench() as bench:
        ticket = bench.queued(1)
        says(bench, "a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.lines.names.remove("a")
        bench.metrics.controller_up("a", up=False)
        assert use(bench) is Use.ABSENT
        bench.lines.names.append("a")
        held = wire.HeldTicket(ticket, "running")
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        assert use(bench) is Use.RUNNING
        # Of a ticket that nobody knows, too.
        says(bench, "a", wire.Finished(Ticket(ticket.number + 7, ticket.job, 9), 0, 2.0))
        assert use(bench) is Use.RUNNING
        await bench.instruments.hello("a", hello("a"), same_ledger=False)
        assert use(bench) is not Use.RUNNING


async def test_a_quarantine_is_a_use_of_its_own() -> None:
    async with a_bench() as bench:
        bench.instruments.quarantine.put("a", bench.queued(1))
        assert use(bench) is Use.QUARANTINED
        bench.instruments.reset("a")
        assert use(bench) is Use.ARMED


async def test_gaps_are_counted_between_tickets_of_which_the_next_was_there_already() -> None:
    async with a_bench() as bench:
        first, second = bench.queued(1), bench.queued(2)
        name = "stationd_controller_idle_gap_seconds"
        says(bench, "a", wire.Started(first, 1.0), wire.Finished(first, 0, 2.0))
        says(bench, "a", wire.Started(second, 2.25), wire.Finished(second, 0, 3.0))
        bench.commit()
        third = bench.queued(3)
        says(bench, "a", wire.Started(third, 99.0))
        assert bench.count(f'{name}_count{{controller="a"}}') == 1
        assert bench.count(f'{name}_sum{{controller="a"}}') == 0.25
