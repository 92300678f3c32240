"""Guards hold what they guard, bring it to rest if they may, and let it go by themselves."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import msgspec
import pytest

from stationd.proto import instruments_protocol as wire
from stationd.proto.guard_requests import GuardState
from stationd.proto.program import Capabilities, Readout, SettingValue
from stationd.proto.reading import Read, Reading
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.guards.guards import Guards
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.settings import Settings
from stationd.runtime.settings.guard import Guard
from tests.runtime.api.at_the_queue import armed, begin, finish, give_back, revoked, rules
from tests.runtime.bench import GRACE, OFFERED, Bench, WrittenLines, a_bench, committed_until
from tests.runtime.held_timers import HeldTimers

pytestmark = pytest.mark.anyio

FRIDGE = Capabilities(
    readouts=(Readout(name="plate", unit="K"), Readout(name="trace", shape=(64,)))
)
COLD = Guard("c.plate", ("a",), maximum=0.02, grace=10.0, every=5.0)


@dataclass
class Fridges(WrittenLines):
    """Controllers that are asked for readings."""

    def offers(self) -> Mapping[str, Capabilities | None]:
        return {**OFFERED, "c": FRIDGE}


class Guarded:
    """A station with guards, and the controllers that these ask."""

    def __init__(self, bench: Bench, guards: Mapping[str, Guard], *, connected: bool) -> None:
        self.bench = bench
        self.timers = HeldTimers()
        self.fridges = Fridges(list(OFFERED) if connected else [])
        self.guards = Guards(
            settings=self.settings(guards),
            bus=self.fridges,
            instruments=bench.instruments,
            cancel=lambda live, note: bench.dispatch.cancel(live, lambda: None, note),
            authority=bench.station.authority,
            timers=self.timers,
            clock=bench.clock,
        )

    def settings(self, guards: Mapping[str, Guard]) -> Settings:
        return msgspec.structs.replace(self.bench.station.settings, guards=dict(guards))

    @property
    def asked(self) -> list[Read]:
        return [read for read in self.fridges.to("c") if isinstance(read, Read)]

    @property
    def state(self) -> GuardState:
        (state,) = self.guards.states()
        return state

    def answer(self, value: SettingValue | None, error: str = "") -> None:
        """Let the controller answer what it was asked last."""
        last = self.asked[-1]
        self.guards.take("c", Reading(last.number, last.readout, value, error, 1.0))
        self.bench.commit()

    def pass_time(self, seconds: float) -> None:
        """Let time pass and nothing be read; a timer that comes early does no harm."""
        self.bench.clock.now += seconds
        if ("grace", "cold") in self.timers.held:
            self.timers.come(("grace", "cold"))
        self.bench.commit()

    def look(self, seconds: float = 0.0) -> None:
        """Let it be time for the next reading."""
        self.bench.clock.now += seconds
        self.timers.come(("guard", "cold"))
        self.bench.commit()

    def read(self, value: SettingValue, after: float = 0.0) -> None:
        self.look(after)
        self.answer(value)


@asynccontextmanager
async def guarded(
    guard: Guard = COLD, journal: MemoryJournal | None = None, *, connected: bool = True
) -> AsyncGenerator[Guarded]:
    async with a_bench(journal) as bench:
        yield Guarded(bench, {"cold": guard}, connected=connected)


async def test_nothing_begins_before_the_first_reading_that_is_right() -> None:
    async with guarded() as its:
        its.bench.queued(1)
        assert armed(its.bench) == []
        assert (await rules(its.bench, 1))[0] == "guard"
        assert (its.state.standing, its.state.holds) == ("unread", True)
        its.answer(0.03)
        assert armed(its.bench) == []
        its.read(0.01)
        assert len(armed(its.bench)) == 1
        assert (its.state.standing, its.state.value, its.state.unit) == ("within", 0.01, "K")


async def test_a_violated_guard_takes_back_what_has_not_begun_and_lets_run_what_has() -> None:
    async with guarded() as its:
        its.answer(0.01)
        its.bench.queued(1)
        its.bench.queued(2)
        begin(its.bench, 1)
        its.read(0.035)
        its.pass_time(9.9)
        assert revoked(its.bench) == []
        its.pass_time(0.1)
        assert len(revoked(its.bench)) == 1
        assert its.bench.live(1).job.status is S.EXECUTION_STARTED
        assert not its.bench.live(1).job.cancelling
        state = its.state
        assert (state.standing, state.fault) == ("violated", "0.035 K is above 0.02 K")


async def test_it_goes_on_by_itself_when_it_has_been_right_for_its_grace() -> None:
    async with guarded() as its:
        its.answer(0.035)
        its.pass_time(10.0)
        its.bench.queued(1)
        its.read(0.01, after=5.0)
        assert its.state.standing == "back"
        its.read(0.01, after=9.0)
        assert armed(its.bench) == []
        its.read(0.01, after=1.0)
        assert len(armed(its.bench)) == 1


async def test_the_running_job_is_brought_to_rest_and_its_record_names_guard_and_reading() -> None:
    async with guarded(msgspec.structs.replace(COLD, abort=True)) as its:
        its.answer(0.01)
        ticket = its.bench.queued(1)
        begin(its.bench, 1)
        its.read(0.035)
        assert not its.bench.live(1).job.cancelling
        its.pass_time(10.0)
        assert its.bench.live(1).job.cancelling
        assert isinstance(its.bench.lines.to("a")[-1], wire.Abort)
        live = its.bench.live(1)
        its.bench.report("a", wire.AtRest(ticket, 0, 2.0, began=True))
        its.bench.commit()
        assert live.job.status is S.ABORTED
        assert live.job.note == (
            "aborted by guard cold: c.plate: 0.035 K is above 0.02 K; partial data is kept"
        )
        assert its.state.aborted == 1


async def test_what_began_too_late_to_be_taken_back_is_brought_to_rest_at_the_next_look() -> None:
    async with guarded(msgspec.structs.replace(COLD, abort=True)) as its:
        its.answer(0.01)
        ticket = its.bench.queued(1)
        its.read(0.035)
        its.pass_time(10.0)
        its.bench.report("a", wire.TooLate(ticket), wire.Started(ticket, 1.0))
        its.bench.commit()
        assert not its.bench.live(1).job.cancelling
        its.read(0.035, after=5.0)
        assert its.bench.live(1).job.cancelling


async def test_the_reason_of_an_abort_survives_a_daemon_that_dies_before_its_end() -> None:
    journal = MemoryJournal(manual=True)
    async with guarded(msgspec.structs.replace(COLD, abort=True), journal) as its:
        its.answer(0.01)
        ticket = its.bench.queued(1)
        begin(its.bench, 1)
        its.read(0.035)
        its.pass_time(10.0)
        assert its.bench.live(1).job.cancelling
    async with a_bench(journal) as bench:
        live = bench.live(1)
        assert live.job.cancelling
        bench.report("a", wire.AtRest(ticket, 0, 2.0, began=True))
        await committed_until(bench, lambda: live.job.status.is_terminal)
        assert live.job.status is S.ABORTED
        assert live.job.note.startswith("aborted by guard cold: c.plate: 0.035 K")


async def test_a_controller_that_is_free_and_does_not_answer_is_a_fault() -> None:
    async with guarded() as its:
        its.answer(0.01)
        its.look(5.0)
        asked = len(its.asked)
        its.look(9.0)
        assert its.state.standing == "within"
        assert len(its.asked) == asked
        its.look(1.0)
        assert its.state.fault.startswith(
            "controller c has not answered for 10 s: its driver hangs"
        )
        assert len(its.asked) == asked + 1


OWN = msgspec.structs.replace(COLD, readout="a.plate", targets=("b",))
"""A guard that asks a controller with jobs of its own, and guards another one."""


@dataclass
class Racks(Fridges):
    def offers(self) -> Mapping[str, Capabilities | None]:
        return {**OFFERED, "a": msgspec.structs.replace(FRIDGE, null=True)}


@asynccontextmanager
async def hanging() -> AsyncGenerator[Guarded]:
    """A controller that does not answer a guard, although it is free."""
    async with a_bench() as bench:
        its = Guarded(bench, {}, connected=True)
        its.fridges = Racks(list(OFFERED))
        its.guards = Guards(
            settings=its.settings({"cold": OWN}),
            bus=its.fridges,
            instruments=bench.instruments,
            cancel=lambda _live, _note: None,
            authority=bench.station.authority,
            timers=its.timers,
            clock=bench.clock,
        )
        bench.queued(1)
        bench.queued(2)
        assert len(armed(bench)) == 2
        its.look(10.0)
        yield its


async def test_nothing_begins_at_a_controller_that_hangs_in_a_reading() -> None:
    async with hanging() as its:
        # Else these would fail one after the other, when their turn had come for long enough.
        assert len(revoked(its.bench)) == 2
        give_back(its.bench, 1, 2)
        assert (await rules(its.bench, 1))[0] == "guard"
        assert its.state.fault.endswith("prepares for a job; nothing begins at a either")


async def test_work_goes_on_when_a_reading_that_hung_comes_even_a_wrong_one() -> None:
    async with hanging() as its:
        give_back(its.bench, 1, 2)
        (*_, last) = (read for read in its.fridges.to("a") if isinstance(read, Read))
        its.guards.take("a", Reading(last.number, "plate", 0.05, "", 1.0))
        its.bench.commit()
        assert len(armed(its.bench)) == 4
        assert its.state.fault == "0.05 K is above 0.02 K"


async def test_a_controller_that_begins_with_a_job_has_not_hung() -> None:
    async with hanging() as its:
        begin(its.bench, 1)
        give_back(its.bench, 2)
        assert len(armed(its.bench)) == 2
        its.look(5.0)
        # The next one is sent ahead again.
        assert len(armed(its.bench)) == 3


async def test_a_controller_that_hung_and_went_away_is_not_held_when_it_comes_back() -> None:
    async with hanging() as its:
        its.fridges.names.remove("a")
        its.look(5.0)
        assert "nothing begins" not in its.state.fault
        assert not its.bench.instruments.queue.gates.holds("a")


async def test_a_reload_lets_go_of_a_controller_that_hangs() -> None:
    async with hanging() as its:
        its.guards.reload(its.settings({}))
        assert not its.bench.instruments.queue.gates.holds("a")


async def test_a_guard_of_a_controllers_own_readout_keeps_its_last_reading_during_jobs() -> None:
    readouts = (Readout(name="plate", unit="K"),)
    own = msgspec.structs.replace(COLD, readout="a.plate")

    class Own(Fridges):
        def offers(self) -> Mapping[str, Capabilities | None]:
            return {"a": Capabilities(null=True, readouts=readouts)}

    async with a_bench() as bench:
        its = Guarded(bench, {}, connected=True)
        its.guards = Guards(
            settings=its.settings({"cold": own}),
            bus=(fridges := Own(["a"])),
            instruments=bench.instruments,
            cancel=lambda _live, _note: None,
            authority=bench.station.authority,
            timers=its.timers,
            clock=bench.clock,
        )
        (question,) = (read for read in fridges.to("a") if isinstance(read, Read))
        its.guards.take("a", Reading(question.number, "plate", 0.01, "", 1.0))
        bench.queued(1)
        begin(bench, 1)
        for _ in range(3):
            its.look(5.0)
        finish(bench, 1)
        its.look(9.0)
        assert its.state.standing == "within"
        # It was asked once, and will answer when the job is over.
        assert len(fridges.to("a")) == 2


async def test_a_controller_that_is_away_is_a_fault_once_it_has_had_time_to_come() -> None:
    async with guarded(connected=False) as its:
        its.look(GRACE - 1.0)
        assert its.state.fault == ""
        its.look(1.0)
        assert its.state.fault == "controller c is not connected"
        its.pass_time(10.0)
        assert its.state.standing == "violated"


async def test_a_controller_that_comes_is_asked_at_once() -> None:
    async with guarded(connected=False) as its:
        its.fridges.names.append("c")
        its.guards.greeted("c")
        its.answer(0.01)
        assert its.state.standing == "within"
        its.look(5.0)
        its.guards.greeted("c")
        # What it was asked before it went away is asked again.
        assert len(its.asked) == 3


@pytest.mark.parametrize(
    ("readout", "fault"),
    [
        ("c.plat", "controller c has no such readout; did you mean 'plate'?"),
        ("a.plate", "controller a has no such readout; it has none"),
        ("c.trace", "it is an array of the shape (64,): a guard needs a single value"),
    ],
)
async def test_a_readout_that_cannot_be_asked_for_is_named(readout: str, fault: str) -> None:
    async with guarded(msgspec.structs.replace(COLD, readout=readout)) as its:
        assert its.state.fault == fault
        assert its.state.holds


async def test_a_reading_that_fails_counts_as_wrong() -> None:
    async with guarded() as its:
        its.answer(0.01)
        its.look(5.0)
        its.answer(None, "TimeoutError: no answer")
        assert its.state.fault == "it could not be read: TimeoutError: no answer"
        assert its.state.value == 0.01
        its.pass_time(10.0)
        assert its.state.standing == "violated"


async def test_two_guards_of_one_readout_share_its_readings() -> None:
    async with a_bench() as bench:
        colder = Guard("c.plate", ("b",), maximum=0.005)
        its = Guarded(bench, {"cold": COLD, "colder": colder}, connected=True)
        its.answer(0.01)
        cold, other = its.guards.states()
        assert (cold.standing, other.standing) == ("within", "unread")
        assert other.fault == "0.01 K is above 0.005 K"


async def test_guards_that_a_reload_takes_away_let_go_and_others_stay_as_they_were() -> None:
    async with a_bench() as bench:
        warm = Guard("c.plate", ("a",), minimum=1.0)
        its = Guarded(bench, {"cold": COLD, "warm": warm}, connected=True)
        its.answer(0.01)
        bench.queued(1)
        assert armed(bench) == []
        its.guards.reload(its.settings({"cold": COLD}))
        assert len(armed(bench)) == 1
        assert its.state.standing == "within"
        its.guards.reload(its.settings({"cold": msgspec.structs.replace(COLD, maximum=0.001)}))
        assert (its.state.standing, its.state.holds) == ("unread", True)


async def test_the_log_tells_when_a_guard_is_out_holds_and_lets_go(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "stationd.runtime.guards")
    async with guarded() as its:
        its.answer(0.01)
        its.read(0.035, after=5.0)
        its.pass_time(10.0)
        its.read(0.01, after=5.0)
        its.read(0.01, after=10.0)
    told = [one.getMessage() for one in caplog.records if ".guards" in one.name]
    assert told == [
        "guard cold: c.plate is right",
        "guard cold, for 10 s of grace: c.plate: 0.035 K is above 0.02 K",
        "guard cold holds a: c.plate: 0.035 K is above 0.02 K",
        "guard cold: c.plate is right again, and must be for 10 s",
        "guard cold: c.plate is right",
    ]
