"""Whatever is said, resent or interrupted: a ticket runs once, in its turn, under one authority."""

from collections.abc import Iterable
from typing import cast

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from stationd.actors.line import facts
from stationd.actors.line.facts import Fact, HeldRow, Memory, Outcome
from stationd.actors.line.held import TicketCommand
from stationd.actors.line.line import Line
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPORTS
from stationd.proto.error import ErrorCode, UnexpectedEvent
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import NullWork

FENCE = Fence("lab", 3)
WORK = NullWork()
NOW = 1000.0


def ticket(number: int) -> Ticket:
    return Ticket(number, JobId(f"job-{number}"), 1)


def arm(number: int, *, start: bool = True, fence: Fence = FENCE) -> wire.Arm:
    return wire.Arm(fence, ticket(number), WORK, start)


def a_line(memory: Memory | None = None, spool_limit: int = 1000) -> Line:
    memory = Memory(ledger="ledger", fence=FENCE) if memory is None else memory
    line = Line(memory, spool_limit=spool_limit)
    line.recover(memory)
    return line


def tell(line: Line, *messages: TicketCommand | wire.Forget | Fact) -> Outcome:
    """Give messages to a line as if the disk answered at once, and return all that follows."""
    outcome = Outcome()
    for message in messages:
        if isinstance(message, wire.Forget):
            line.forget(message, outcome)
        elif isinstance(message, Fact):
            line.fact(message, NOW, outcome)
        else:
            line.command(message, NOW, outcome)
        while outcome.cleared:
            line.fact(outcome.cleared.pop(0), NOW, outcome)
    return outcome


def started(number: int) -> facts.RunStarted:
    return facts.RunStarted(number, NOW)


def ended(number: int) -> facts.RunEnded:
    return facts.RunEnded(number, NOW + 1)


def released(outcome: Outcome) -> list[int]:
    return [order.number for order in outcome.orders if isinstance(order, facts.Release)]


def test_a_ticket_is_recorded_before_it_is_reported_and_released() -> None:
    line, outcome = a_line(), Outcome()
    line.command(arm(1), NOW, outcome)
    assert outcome.records == [
        facts.TicketArmed(ticket(1), 1, msgspec.msgpack.encode(WORK), cleared=True)
    ]
    assert outcome.reports == [wire.Armed(ticket(1))]
    assert outcome.orders == []
    line.fact(outcome.cleared[0], NOW, outcome)
    assert outcome.orders == [facts.Release(1, 1, WORK, ticket(1).job)]


def test_tickets_are_released_in_line_order() -> None:
    line = a_line()
    assert released(tell(line, arm(4, start=False), arm(2), arm(3))) == []
    assert released(tell(line, wire.Start(FENCE, ticket(4)))) == [4, 2, 3]


def test_a_ticket_that_leaves_lets_those_behind_it_go() -> None:
    line = a_line()
    tell(line, arm(1, start=False), arm(2))
    assert released(tell(line, wire.Revoke(FENCE, ticket(1)))) == [2]


def test_a_ticket_that_comes_back_stands_last() -> None:
    line = a_line()
    tell(line, arm(1, start=False), arm(2, start=False), wire.Revoke(FENCE, ticket(1)), arm(1))
    assert released(tell(line, wire.Start(FENCE, ticket(2)))) == [2, 1]
    assert [held.ticket.number for held in line.held()] == [2, 1]


def test_the_disks_late_answer_does_not_count_for_a_ticket_that_came_back() -> None:
    line, outcome = a_line(), Outcome()
    for command in (arm(1), wire.Revoke(FENCE, ticket(1)), arm(1)):
        line.command(command, NOW, outcome)
    first, second = outcome.cleared
    line.fact(first, NOW, outcome)
    assert released(outcome) == []
    line.fact(second, NOW, outcome)
    assert released(outcome) == [1]


def test_the_thread_decides_whether_a_revoke_is_too_late() -> None:
    line = a_line()
    outcome = tell(line, arm(1), wire.Revoke(FENCE, ticket(1)))
    assert outcome.orders[-1] == facts.Withdraw(1)
    assert tell(line, facts.NotWithdrawn(1)).reports == [wire.TooLate(ticket(1))]
    assert tell(line, facts.Withdrawn(1)).reports == [wire.Revoked(ticket(1))]
    assert line.held() == ()


def test_a_ticket_that_is_revoked_twice_at_once_comes_back_once() -> None:
    line = a_line()
    tell(line, arm(1))
    orders = tell(line, wire.Revoke(FENCE, ticket(1)), wire.Revoke(FENCE, ticket(1))).orders
    assert orders == [facts.Withdraw(1), facts.Withdraw(1)]
    told = tell(line, facts.Withdrawn(1), facts.NotWithdrawn(1))
    assert told.reports == [wire.Revoked(ticket(1))]


def test_a_revoke_that_an_abort_overtook_is_too_late() -> None:
    line = a_line()
    told = tell(line, arm(1), wire.Revoke(FENCE, ticket(1)), wire.Abort(FENCE, ticket(1)))
    assert told.orders[-2:] == [facts.Withdraw(1), facts.Stop(1)]
    assert tell(line, facts.NotWithdrawn(1)).reports == [wire.TooLate(ticket(1))]


def test_an_aborted_run_is_at_rest_however_it_ends() -> None:
    for end in (ended(1), facts.RunRaised(1, "stopped", NOW), facts.RunStopped(1, NOW)):
        line = a_line()
        tell(line, arm(1), started(1), wire.Abort(FENCE, ticket(1)))
        (report,) = tell(line, end).reports
        assert isinstance(report, wire.AtRest)


def test_blocks_are_numbered_and_counted() -> None:
    line = a_line()
    tell(line, arm(1), started(1))
    block = facts.BlockCame(1, "y", 0, 0, "<f8", (1,), b"12345678")
    outcome = tell(line, block, block)
    headers = [cast("tuple[wire.Data, bytes]", live)[0] for live in outcome.live]
    assert [header.index for header in headers] == [0, 1]
    assert line.spooled_bytes == 16
    assert tell(line, ended(1)).reports == [wire.Finished(ticket(1), 2, NOW + 1)]
    outcome = tell(line, wire.Collect(FENCE, ticket(1), 1))
    assert outcome.reports[0] == facts.SpooledBlocks(1, 1)
    assert tell(line, wire.Acknowledge(FENCE, ticket(1))).records == [facts.TicketOver(1, 2)]
    assert line.spooled_bytes == 0


def test_a_full_spool_refuses_new_tickets_and_keeps_the_old() -> None:
    line = a_line(spool_limit=8)
    tell(line, arm(1), arm(2), started(1))
    tell(line, facts.BlockCame(1, "y", 0, 0, "<f8", (1,), b"12345678"))
    outcome = tell(line, arm(3), arm(2))
    failed, armed = outcome.reports
    assert isinstance(failed, wire.Failed)
    assert failed.ticket == ticket(3)
    assert armed == wire.Armed(ticket(2))
    assert outcome.records == []


@pytest.mark.parametrize("fence", [Fence("lab", 2), Fence("other", 9)])
def test_a_stale_or_foreign_fence_changes_nothing(fence: Fence) -> None:
    line = a_line()
    outcome = tell(line, arm(1, fence=fence), wire.Forget(fence, 100))
    codes = [cast("wire.Refused", report).code for report in outcome.reports]
    assert codes == [ErrorCode.STALE_FENCE] * 2
    assert (outcome.records, outcome.orders, line.fence) == ([], [], FENCE)


def test_a_newer_fence_is_recorded_before_what_it_commands() -> None:
    line = a_line()
    records = tell(line, arm(1, fence=Fence("lab", 4))).records
    assert [type(record) for record in records] == [facts.FenceSeen, facts.TicketArmed]


def test_the_newest_ticket_is_the_highest_that_is_held_or_over() -> None:
    line = a_line()
    assert line.newest_ticket == 0
    tell(line, arm(5), arm(7, start=False), wire.Revoke(FENCE, ticket(7)))
    assert line.newest_ticket == 5  # what was taken back may come again
    tell(line, started(5), ended(5), wire.Acknowledge(FENCE, ticket(5)))
    assert line.newest_ticket == 5
    tell(line, wire.Forget(FENCE, 40))
    assert line.newest_ticket == 39
    tell(line, arm(50))
    assert line.newest_ticket == 50


@pytest.mark.parametrize("kind", [wire.Revoke, wire.Abort])
def test_whoever_wants_a_ticket_back_that_is_over_is_told_so(
    kind: type[wire.Revoke | wire.Abort],
) -> None:
    line = a_line()
    tell(line, arm(1), started(1), ended(1), wire.Acknowledge(FENCE, ticket(1)))
    (refused,) = tell(line, kind(FENCE, ticket(1))).reports
    assert cast("wire.Refused", refused).code is ErrorCode.CONFLICT


def test_a_number_in_use_for_another_job_is_refused() -> None:
    line = a_line()
    tell(line, arm(1))
    other = Ticket(1, JobId("another"), 1)
    (refused,) = tell(line, wire.Abort(FENCE, other)).reports
    assert cast("wire.Refused", refused).code is ErrorCode.CONFLICT
    assert line.held()[0].state == "armed"


def test_an_end_by_an_abort_says_whether_the_instrument_had_begun() -> None:
    line = a_line()
    tell(line, arm(1), started(1), wire.Abort(FENCE, ticket(1)))
    (stopped,) = tell(line, facts.RunStopped(1, NOW)).reports
    (never_came,) = tell(line, wire.Abort(FENCE, ticket(2))).reports
    assert stopped == wire.AtRest(ticket(1), 0, NOW, began=True)
    assert never_came == wire.AtRest(ticket(2), 0, NOW)


def test_an_abort_that_comes_first_keeps_the_ticket_from_ever_starting() -> None:
    line = a_line()
    outcome = tell(line, wire.Abort(FENCE, ticket(1)), arm(1))
    assert outcome.reports == [wire.AtRest(ticket(1), 0, NOW)] * 2
    assert outcome.orders == []


def test_an_acknowledged_ticket_never_starts_again() -> None:
    line = a_line()
    tell(line, arm(1), started(1), ended(1), wire.Acknowledge(FENCE, ticket(1)))
    outcome = tell(line, arm(1), wire.Start(FENCE, ticket(1)))
    assert [type(report) for report in outcome.reports] == [wire.Refused] * 2
    assert (outcome.records, outcome.orders) == ([], [])


def test_forget_lets_go_of_all_but_what_runs() -> None:
    line = a_line()
    tell(line, arm(1), arm(2), arm(3, start=False), started(1), ended(1), started(2))
    outcome = tell(line, wire.Forget(FENCE, 10))
    assert outcome.records[-1] == facts.Forgotten(10)
    assert [held.ticket.number for held in line.held()] == [2]
    (refused,) = tell(line, arm(3)).reports
    assert isinstance(refused, wire.Refused)
    (end,) = tell(line, ended(2)).reports
    assert isinstance(end, wire.Finished)
    tell(line, wire.Acknowledge(FENCE, ticket(2)))
    assert line.held() == ()


def test_a_fact_about_a_ticket_that_is_not_held_is_a_bug() -> None:
    with pytest.raises(UnexpectedEvent):
        tell(a_line(), ended(1))


def row(number: int, *, cleared: bool = True, end: wire.Report | None = None) -> HeldRow:
    return HeldRow(
        ticket=ticket(number),
        place=number,
        work=msgspec.msgpack.encode(WORK),
        cleared=cleared,
        end=None if end is None else REPORTS.encode(end),
        blocks=0,
        size_bytes=0,
    )


@pytest.mark.parametrize(
    ("certain", "states"),
    [
        (True, ["finished", "lost", "armed", "armed"]),
        # After a crash of the machine, what may have started counts as started.
        (False, ["finished", "lost", "lost", "armed"]),
    ],
)
def test_a_restart_keeps_the_line_and_loses_what_ran(certain: bool, states: list[str]) -> None:  # noqa: FBT001
    memory = Memory(
        ledger="ledger",
        fence=FENCE,
        held=(
            row(1, end=wire.Finished(ticket(1), 0, NOW)),
            row(2),
            row(3),
            row(4, cleared=False),
        ),
        last_started=2,
        certain=certain,
    )
    line = Line(memory, spool_limit=1000)
    outcome = line.recover(memory)
    assert [held.state for held in line.held()] == states
    ends = [record for record in outcome.records if isinstance(record, facts.TicketEnded)]
    assert len(ends) == states.count("lost")
    assert outcome.orders == []
    # The line goes on at the daemon's word, in its old order.
    assert released(tell(line, arm(4), arm(3))) == [
        number for number in (3, 4) if states[number - 1] == "armed"
    ]


class Station(RuleBasedStateMachine):
    """Commands in any order, doubled and late; an instrument; and a controller that is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.disk: dict[int, HeldRow] = {}
        self.over: set[int] = set()
        self.fence_on_disk = FENCE
        self.forgotten = 0
        self.mark = 0
        self.begun: list[int] = []
        self.places: list[int] = []
        self.fences = [FENCE]
        self.line = a_line()
        self.thread: list[facts.Release] = []
        self.current: int | None = None

    @initialize()
    def begin(self) -> None:
        self.restart()

    def carry_out(self, outcome: Outcome) -> None:
        self.store(outcome.records)
        for cleared in outcome.cleared:
            self.say(cleared)
        for order in outcome.orders:
            self.obey(order)

    def say(self, fact: Fact) -> None:
        outcome = Outcome()
        self.line.fact(fact, NOW, outcome)
        self.carry_out(outcome)

    def obey(self, order: facts.Order) -> None:
        match order:
            case facts.Release():
                self.thread.append(order)
            case facts.Withdraw() | facts.Stop():
                waiting = [one for one in self.thread if one.number == order.number]
                if waiting:
                    self.thread.remove(waiting[0])
                    self.say(facts.Withdrawn(order.number))
                elif isinstance(order, facts.Withdraw):
                    self.say(facts.NotWithdrawn(order.number))
            case facts.Step():
                pass

    def store(self, records: Iterable[facts.Record]) -> None:  # noqa: C901 - one case per kind
        for record in records:
            match record:
                case facts.TicketArmed():
                    assert record.ticket.number not in self.disk
                    self.disk[record.ticket.number] = HeldRow(
                        *(record.ticket, record.place, record.work, record.cleared),
                        *(None, 0, 0),
                    )
                case facts.TicketCleared():
                    was = self.disk[record.number]
                    self.disk[record.number] = msgspec.structs.replace(was, cleared=True)
                case facts.TicketRevoked():
                    del self.disk[record.number]
                case facts.TicketEnded():
                    empty = HeldRow(
                        record.ticket, 0, b"", cleared=False, end=None, blocks=0, size_bytes=0
                    )
                    was = self.disk.get(record.ticket.number, empty)
                    self.disk[record.ticket.number] = msgspec.structs.replace(was, end=record.end)
                case facts.TicketOver():
                    self.disk.pop(record.number, None)
                    self.over.add(record.number)
                case facts.FenceSeen():
                    self.fence_on_disk = record.fence
                case facts.Forgotten():
                    self.forgotten = record.up_to
                case facts.BlockSpooled():
                    pass

    numbers = st.integers(1, 3)

    @rule(number=numbers, start=st.booleans(), again=st.booleans())
    def arm(self, number: int, start: bool, again: bool) -> None:  # noqa: FBT001
        for _ in range(1 + again):
            self.command(arm(number, start=start, fence=self.fences[-1]))

    @rule(
        number=numbers,
        kind=st.sampled_from([wire.Start, wire.Revoke, wire.Abort, wire.Acknowledge]),
        again=st.booleans(),
    )
    def order(
        self,
        number: int,
        kind: type[wire.Start | wire.Revoke | wire.Abort | wire.Acknowledge],
        again: bool,  # noqa: FBT001
    ) -> None:
        for _ in range(1 + again):
            self.command(kind(self.fences[-1], ticket(number)))

    @rule(number=numbers, old=st.integers(0, 3))
    def order_with_an_old_fence(self, number: int, old: int) -> None:
        fence = self.fences[old % len(self.fences)]
        self.command(arm(number, fence=fence))

    def command(self, command: TicketCommand) -> None:
        outcome = Outcome()
        self.line.command(command, NOW, outcome)
        stale = command.fence != self.fences[-1]
        assert stale == any(
            isinstance(report, wire.Refused) and report.code is ErrorCode.STALE_FENCE
            for report in outcome.reports
        )
        self.carry_out(outcome)

    @rule()
    def a_new_daemon(self) -> None:
        self.fences.append(Fence("lab", self.fences[-1].epoch + 1))
        outcome = Outcome()
        assert self.line.accepts(self.fences[-1], outcome)
        self.carry_out(outcome)

    @rule(up_to=st.integers(1, 4))
    def forget(self, up_to: int) -> None:
        outcome = Outcome()
        self.line.forget(wire.Forget(self.fences[-1], up_to), outcome)
        self.carry_out(outcome)

    @precondition(lambda self: self.thread and self.current is None)
    @rule()
    def the_instrument_begins(self) -> None:
        release = self.thread.pop(0)
        self.mark = release.place
        self.current = release.number
        self.begun.append(release.number)
        self.places.append(release.place)

    @precondition(lambda self: self.current is not None)
    @rule(raises=st.booleans())
    def the_instrument_ends(self, raises: bool) -> None:  # noqa: FBT001
        number, self.current = cast("int", self.current), None
        self.say(started(number))
        self.say(facts.RunRaised(number, "no", NOW) if raises else ended(number))

    @rule()
    def restart(self) -> None:
        memory = Memory(
            ledger="ledger",
            fence=self.fence_on_disk,
            forgotten=self.forgotten,
            over=frozenset(self.over),
            held=tuple(sorted(self.disk.values(), key=lambda held: held.place)),
            last_started=self.mark,
        )
        self.thread, self.current = [], None
        self.line = Line(memory, spool_limit=1000)
        self.carry_out(self.line.recover(memory))

    @invariant()
    def nothing_runs_twice(self) -> None:
        assert len(set(self.begun)) == len(self.begun)

    @invariant()
    def the_line_keeps_its_order(self) -> None:
        assert self.places == sorted(self.places)

    @invariant()
    def the_newest_fence_stays(self) -> None:
        assert self.fence_on_disk == self.line.fence == self.fences[-1]


Station.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestStation = Station.TestCase
