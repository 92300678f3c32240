"""Unfinished jobs of an earlier daemon: known at once, taken up bit by bit, and once."""

# pyright: reportPrivateUsage=false

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from stationd.actors.ladder import Event, Resumed
from stationd.actors.line.held import HeldState
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobSpec, Ticket
from stationd.proto.jobs_protocol import Cancel, CancelAnswer, Get, Job, Retry
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.jobs import recovery
from stationd.runtime.jobs.dispatch import Dispatch
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Record
from stationd.runtime.journal.stored import Outline, StoredJob
from stationd.runtime.live import LiveJob
from tests.runtime.bench import (
    Bench,
    a_bench,
    client_of,
    committed_until,
    hello,
    job_id,
    null_spec,
    until,
)

pytestmark = pytest.mark.anyio


class GatedJournal(MemoryJournal):
    """Tells of all jobs in short, and of them whole when the test says so."""

    def __init__(self, before: MemoryJournal) -> None:
        super().__init__(manual=True, contents=before.reopened()._contents)
        self.slices = 0
        """How many more it gives; one that is asked for in vain waits."""
        self.more = anyio.Event()

    def give(self, slices: int) -> None:
        self.slices = slices
        self.more.set()

    async def outlines(self, after: int, limit: int) -> list[Outline]:
        whole = MemoryJournal(manual=True, contents=self._contents)
        return await whole.outlines(after, limit)

    async def unfinished(self, after: int, limit: int) -> list[StoredJob]:
        while not self.slices:
            self.more = anyio.Event()
            await self.more.wait()
        self.slices -= 1
        return await super().unfinished(after, limit)


@asynccontextmanager
async def restarted(
    leave: Callable[[Bench], None], policy: str = "resume"
) -> AsyncGenerator[tuple[Bench, GatedJournal]]:
    """Start a station anew on what it has been left with; no slice is taken up yet."""
    async with a_bench() as bench:
        leave(bench)
        journal = GatedJournal(bench.journal)
    async with a_bench(journal, lazily=True, policy=policy) as bench:
        bench.listen()
        yield bench, journal


def queue_up(*specs: JobSpec) -> Callable[[Bench], None]:
    """Leave jobs in the queue."""

    def leave(bench: Bench) -> None:
        bench.lines.names.clear()
        for number, spec in enumerate(specs, 1):
            bench.queued(number, spec)

    return leave


def leave_received(bench: Bench) -> None:
    """Leave jobs that are on disk, and nothing more."""
    for number in (1, 2, 3):
        bench.submit(number)
    bench.journal.commit()


def armed(bench: Bench, controller: str = "a") -> list[str]:
    """Return the jobs that a controller was sent, in order."""
    return [one.ticket.job for one in bench.lines.to(controller) if isinstance(one, wire.Arm)]


def ended(bench: Bench, number: int) -> S | None:
    """Return how a job ended, if listeners have been told."""
    entries = [one.entry for one in bench.published if one.job == job_id(number)]
    return next((entry.status for entry in entries if entry.status.is_terminal), None)


def ticket_of(bench: Bench, number: int) -> Ticket:
    """Return the ticket that the journal has of a job."""
    stored = bench.journal._contents.jobs[number].stored()
    assert stored.ticket is not None
    return Ticket(stored.ticket, stored.job, stored.attempt)


async def test_the_queue_stands_at_once_and_is_granted_in_its_order() -> None:
    specs = [null_spec(priority=priority) for priority in (0, 0, 5, 0)]
    async with restarted(queue_up(*specs)) as (bench, _):
        assert [bench.dispatch.awaits(job_id(number)) for number in (1, 2, 3, 4)] == [True] * 4
        assert bench.instruments.queue.position(3) == 0
        bench.submit(5)
        bench.commit()
        await committed_until(bench, lambda: len(armed(bench)) == 3)
        for count, number in enumerate((3, 1, 2, 4, 5)):
            await committed_until(bench, partial(_is_armed, bench, number))
            assert armed(bench)[count] == job_id(number)
            bench.run("a", ticket_of(bench, number))
            await committed_until(bench, partial(_is_over, bench, number))


async def test_a_new_job_does_not_overtake_older_ones_that_are_below_the_queue() -> None:
    async with restarted(leave_received) as (bench, journal):
        bench.submit(4)
        bench.commit()
        assert bench.live(4).job.status is S.PENDING_EXECUTION
        bench.instruments.grant()
        assert armed(bench) == []
        journal.give(5)
        await committed_until(bench, lambda: len(armed(bench)) == 3)
        assert armed(bench) == [job_id(number) for number in (1, 2, 3)]
        bench.run("a", ticket_of(bench, 1))
        await committed_until(bench, lambda: len(armed(bench)) == 4)
        assert armed(bench)[3] == job_id(4)


async def test_a_new_job_that_is_kept_from_the_queue_can_be_cancelled() -> None:
    async with restarted(leave_received) as (bench, _):
        bench.submit(4)
        bench.commit()
        bench.dispatch.cancel(bench.live(4), lambda: None)
        bench.commit()
        assert ended(bench, 4) is S.ABORTED


async def test_a_cancel_takes_its_job_up_and_is_carried_out_at_once() -> None:
    async with restarted(queue_up(null_spec(), null_spec())) as (bench, _):
        bench.lines.names.clear()
        await bench.instruments.hello("a", hello("a"), same_ledger=True)
        client = client_of(bench)
        with client.socket:
            await client.say(Cancel(1, job_id(2)))
            await until(lambda: not bench.dispatch.awaits(job_id(2)))
            await committed_until(bench, lambda: ended(bench, 2) is S.ABORTED)
            assert await client.reply() == CancelAnswer(1, "accepted")
        assert bench.dispatch.awaits(job_id(1))
        assert bench.instruments.queue.position(1) == 0
        assert len(bench.instruments.queue) == 1


async def test_a_job_that_is_not_taken_up_yet_is_shown_with_its_place_and_not_retried() -> None:
    async with restarted(queue_up(null_spec(), null_spec())) as (bench, _):
        bench.lines.names.clear()
        client = client_of(bench)
        with client.socket:
            await client.say(Get(1, job_id(2)))
            shown = await client.reply()
            assert isinstance(shown, Job)
            assert (shown.view.status, shown.view.queue_position) == (S.PENDING_EXECUTION, 1)
            await client.say(Retry(2, job_id(2), 1))
            refused = await client.reply()
            assert "still under way" in str(refused)
        assert bench.dispatch.awaits(job_id(2))


async def test_a_submit_that_is_sent_again_gives_the_job_that_is_not_taken_up_yet() -> None:
    async with restarted(queue_up(null_spec(), null_spec())) as (bench, _):
        assert bench.submit(2).given == [(2, False)]


@pytest.mark.parametrize("state", ["armed", "running", "finished"])
async def test_a_ticket_that_a_controller_holds_is_no_leftover(state: HeldState) -> None:
    async with restarted(queue_up(null_spec(), null_spec())) as (bench, _):
        bench.lines.names[:] = ["a"]
        ticket = ticket_of(bench, 2)
        bench.instruments.paused = True  # the other one is not the test's business
        held = wire.HeldTicket(ticket, state)
        await bench.instruments.hello("a", hello("a", held), same_ledger=True)
        kinds = {type(command) for command in bench.lines.to("a")}
        assert not kinds & {wire.Revoke, wire.Abort, wire.Acknowledge}
        bench.report("a", wire.Started(ticket, 1.0), wire.Finished(ticket, 0, 2.0))
        await committed_until(bench, lambda: ended(bench, 2) is S.READY)
        assert bench.dispatch.awaits(job_id(1))


async def test_a_late_report_of_a_job_that_is_not_taken_up_yet_is_not_acknowledged() -> None:
    async with restarted(queue_up(null_spec())) as (bench, _):
        bench.lines.names.clear()
        bench.lines.names.append("a")
        bench.instruments.paused = True
        bench.report("a", wire.Finished(ticket_of(bench, 1), 0, 2.0))
        assert bench.lines.to("a") == []


async def test_nothing_is_forgotten_while_not_all_tickets_are_known() -> None:
    async with restarted(queue_up(null_spec("b"), null_spec())) as (bench, journal):
        bench.instruments.paused = True
        await bench.dispatch.find(job_id(2))
        bench.instruments.forget()
        assert bench.lines.sent == []
        journal.give(5)
        await bench.dispatch.recovered()
        bench.instruments.forget()
        assert wire.Forget(bench.fence, ticket_of(bench, 1).number) in bench.lines.to("a")


async def test_a_deadline_that_has_passed_ends_a_job_that_is_not_taken_up_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    timed = JobSpec(work=null_spec().work, timeout=100.0)

    def leave(bench: Bench) -> None:
        queue_up(null_spec(), timed)(bench)
        # It is later when the station starts again.
        monkeypatch.setattr("tests.runtime.bench.NOW", bench.clock.now + 200.0)

    async with restarted(leave) as (bench, _):
        bench.lines.names.clear()
        await bench.instruments.hello("a", hello("a"), same_ledger=True)
        await committed_until(bench, lambda: ended(bench, 2) is S.FAILED)
        error = bench.published[-1].entry.error
        assert error is not None
        assert error.code is ErrorCode.JOB_TIMEOUT
        assert bench.dispatch.awaits(job_id(1))


async def test_what_is_at_work_is_known_before_any_controller_says_hello() -> None:
    def leave(bench: Bench) -> None:
        ticket = bench.queued(1)
        bench.queued(2)
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, 1.0))
        bench.commit()

    async with restarted(leave) as (bench, _):
        assert bench.live(1).job.status is S.EXECUTION_STARTED
        assert bench.instruments.out == 1
        assert bench.dispatch.awaits(job_id(2))
        await bench.instruments.hello("a", hello("a"), same_ledger=True)
        await committed_until(bench, lambda: ended(bench, 1) is S.FAILED)


@pytest.mark.parametrize("leave", [queue_up(null_spec(), null_spec(), null_spec()), leave_received])
async def test_jobs_that_are_to_be_aborted_are_and_none_of_them_runs(
    leave: Callable[[Bench], None],
) -> None:
    async with restarted(leave, policy="abort") as (bench, journal):
        bench.instruments.grant()
        journal.give(5)
        await bench.dispatch.recovered()
        await bench.instruments.hello("a", hello("a"), same_ledger=True)
        await committed_until(bench, lambda: len(bench.dispatch) == 0)
        assert [ended(bench, number) for number in (1, 2, 3)] == [S.ABORTED] * 3
        assert armed(bench) == []


async def test_a_second_crash_meanwhile_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "SLICE", 2)

    def leave(bench: Bench) -> None:
        for number in range(1, 8):
            bench.submit(number)
        bench.journal.commit()

    async with restarted(leave) as (bench, journal):
        journal.give(2)
        await until(lambda: not bench.dispatch.awaits(job_id(4)))
        bench.journal.commit()
        again = bench.journal.reopened()
    async with a_bench(again) as bench:
        bench.commit()
        assert [bench.live(number).job.status for number in range(1, 8)] == [
            S.PENDING_EXECUTION
        ] * 7


# --- once ------------------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(
        st.sampled_from(["find", "cancel", "held", "slice", "commit"]),
        st.integers(1, 6),
        st.integers(0, 3),
    ),
    max_size=20,
)


async def _act(bench: Bench, journal: GatedJournal, act: tuple[str, int, int]) -> None:
    kind, number, pause = act
    for _ in range(pause):
        await checkpoint()
    match kind:
        case "find":
            await bench.dispatch.find(job_id(number))
        case "cancel":
            live = await bench.dispatch.find(job_id(number))
            if live is not None:
                bench.dispatch.cancel(live, lambda: None)
        case "slice":
            journal.give(journal.slices + 1)
        case "commit":
            bench.commit()
        case _:
            held = wire.HeldTicket(Ticket(1, job_id(number), 1), "armed")
            await bench.instruments.greeting._found("b", held)


async def _story(acts: list[tuple[str, int, int]], taken: Counter[str]) -> None:
    def leave(bench: Bench) -> None:
        queue_up(*(null_spec() for _ in range(4)))(bench)
        bench.submit(5)
        bench.submit(6)
        bench.journal.commit()

    async with restarted(leave) as (bench, journal):
        taken.clear()
        async with anyio.create_task_group() as tasks:
            for act in acts:
                tasks.start_soon(_act, bench, journal, act)
        journal.give(100)
        await committed_until(bench, bench.dispatch._recovery.over.is_set)
        cancelled = {number for kind, number, _ in acts if kind == "cancel"}
        for number in cancelled:
            await committed_until(bench, partial(_is_over, bench, number))
        for number in set(range(1, 7)) - cancelled:
            await committed_until(bench, partial(_is_armed, bench, number))
            bench.run("a", ticket_of(bench, number))
            await committed_until(bench, partial(_is_over, bench, number))
        assert armed(bench) == sorted(set(armed(bench)))
        assert set(taken.values()) == {1}
        assert len(taken) == 6


def _is_over(bench: Bench, number: int) -> bool:
    # One that was sent ahead before it was cancelled has to be given back.
    for command in bench.lines.to("a"):
        if isinstance(command, wire.Revoke) and command.ticket.job == job_id(number):
            bench.report("a", wire.Armed(command.ticket), wire.Revoked(command.ticket))
    return ended(bench, number) is not None


def _is_armed(bench: Bench, number: int) -> bool:
    return job_id(number) in armed(bench)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_whatever_comes_between_no_job_is_taken_up_twice_or_overtaken(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: Counter[str] = Counter()
    deliver = Dispatch.deliver

    def counted(
        self: Dispatch,
        live: LiveJob,
        event: Event,
        committed: Callable[[], None] | None = None,
        made: Sequence[Record] = (),
    ) -> None:
        if isinstance(event, Resumed):
            taken[live.job.id] += 1
        deliver(self, live, event, committed, made)

    monkeypatch.setattr(Dispatch, "deliver", counted)
    monkeypatch.setattr(recovery, "SLICE", 2)

    @given(acts=ACTS)
    @settings(max_examples=40, deadline=None)
    def tell(acts: list[tuple[str, int, int]]) -> None:
        anyio.run(_story, acts, taken, backend=backend)

    tell()
