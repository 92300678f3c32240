"""The queue, compared with a naive one that looks at everything; and its rules one by one."""

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from stationd.runtime.queue.entry import AGEING, Claims, Entry
from stationd.runtime.queue.gates import Gate, GuardHold, Reservation, State
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.shares import Shares
from tests.runtime.queue.naive import Naive

CONTROLLERS = ("a", "b", "c")
CLAIMS = st.sampled_from([("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "b", "c")])
PROJECTS = st.sampled_from(["", "x", "y"])
# Equal times and priorities that just make up for them, so that ties come about.
WHEN = st.sampled_from([0.0, 0.5, AGEING, 2 * AGEING, 3.25])
SOON = st.none() | st.sampled_from([0.0, 50.0, 100.0, 400.0])
WHICH = st.integers(0, 11)
START = 1_000_000.0


class Both(RuleBasedStateMachine):
    """The queue and the naive one, told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue(AGEING, Shares(1000.0, lambda project: 2.0 if project == "y" else 1.0))
        self.naive = Naive(self.queue.shares)
        self.number = 0
        self.now = START
        self.recalls = set[int]()
        self.eager = False
        self.decided: float | None = None
        """When the last decision was made, unless shares have changed since."""
        self.controllers: tuple[str, ...] = CONTROLLERS

    @rule(claims=CLAIMS, project=PROJECTS, priority=st.integers(-2, 2), ago=WHEN, soon=SOON,
          held=st.booleans())  # fmt: skip
    def add(
        self,
        claims: Claims,
        project: str,
        priority: int,
        ago: float,
        soon: float | None,
        *,
        held: bool,
    ) -> None:
        self.number += 1
        claims = tuple(name for name in claims if name in self.controllers) or ("a",)
        entry = Entry(
            number=self.number,
            claims=claims,
            project=project,
            priority=priority,
            since_unix_s=self.now - ago,
            not_before=None if soon is None else self.now + soon,
            held=held and soon is None,
        )
        self.queue.add(entry, self.now)
        self.naive.waiting[self.number] = entry

    @rule(claims=CLAIMS)
    def add_plain(self, claims: Claims) -> None:
        self.add(claims, "", 0, 0.0, None, held=False)

    def pick(self, which: int) -> int:
        """Return one of the jobs that are there, or one that is not."""
        there = [*self.naive.out, *self.naive.waiting]
        return there[which % len(there)] if there else 99

    def pick_out(self, which: int) -> int:
        """Return a job whose ticket is out, or one that is not there."""
        there = [*self.naive.out]
        return there[which % len(there)] if there else 99

    @rule(which=WHICH)
    def remove(self, which: int) -> None:
        number = self.pick(which)
        known = self.naive.waiting.pop(number, None)
        assert self.queue.remove(number) == (known is not None)

    @rule(which=WHICH)
    def begin(self, which: int) -> None:
        number = self.pick_out(which)
        self.queue.begin(number)
        if number in self.naive.out:
            self.naive.out[number].began = True

    @rule(which=WHICH, back=st.booleans())
    def release(self, which: int, *, back: bool) -> None:
        number = self.pick_out(which)
        ticket = self.naive.out.pop(number, None)
        self.queue.release(number)
        if ticket is not None and back:
            self.queue.add(ticket.entry, self.now)
            self.naive.waiting[number] = ticket.entry

    @rule(which=WHICH, priority=st.integers(-2, 2), held=st.booleans(), soon=SOON)
    def replace(self, which: int, priority: int, soon: float | None, *, held: bool) -> None:
        number = self.pick(which)
        ticket = self.naive.out.get(number)
        entry = self.naive.waiting.get(number) or (ticket.entry if ticket else None)
        if entry is None:
            return
        not_before = None if soon is None else self.now + soon
        entry = msgspec.structs.replace(
            entry, priority=priority, held=held, not_before=not_before, place=None
        )
        self.put(entry)

    @rule(one=WHICH, two=WHICH)
    def move(self, one: int, two: int) -> None:
        number, other = self.pick(one), self.pick(two)
        place = self.queue.before(other)
        began = other in self.naive.out and self.naive.out[other].began
        known = other in self.naive.waiting or other in self.naive.out
        assert (place is not None) == (known and not began)
        ticket = self.naive.out.get(number)
        entry = self.naive.waiting.get(number) or (ticket.entry if ticket else None)
        if place is None or entry is None or number == other:
            return
        moved = msgspec.structs.replace(entry, place=place)
        others = [*self.naive.waiting.values(), *(t.entry for t in self.naive.out.values())]
        orders = {one.number: one.order(AGEING) for one in others if one.number != number}
        # It stands just before the other one: nobody is between the two.
        mine, its = moved.order(AGEING), orders[other]
        assert mine < its
        assert not any(mine <= order < its for order in orders.values())
        self.put(moved)

    def put(self, entry: Entry) -> None:
        self.queue.replace(entry, self.now)
        ticket = self.naive.out.get(entry.number)
        if ticket is None:
            self.naive.waiting[entry.number] = entry
            return
        ticket.entry = entry
        early = entry.not_before is not None and entry.not_before > self.now
        if (entry.held or early) and not ticket.began and not ticket.returning:
            self.recalls.add(entry.number)
            ticket.returning = True

    @rule(controller=st.sampled_from(CONTROLLERS), depth=st.sampled_from([0, 1, 3, 4]))
    def set_depth(self, controller: str, depth: int) -> None:
        self.queue.set_depth(controller, depth)
        self.naive.depths[controller] = depth

    @initialize(eager=st.booleans(), controllers=st.sampled_from([("a",), ("a", "b"), CONTROLLERS]))
    def begin_with(self, *, eager: bool, controllers: tuple[str, ...]) -> None:
        """Half of the stories decide after every deed; few controllers make for long queues."""
        self.eager, self.controllers = eager, controllers
        self.open_all()

    def open_all(self) -> None:
        for controller in CONTROLLERS:
            self.set_depth(controller, 3)

    @rule(controller=st.sampled_from(CONTROLLERS),
          state=st.sampled_from(["open", "open", "paused", "draining"]))  # fmt: skip
    def set_gate(self, controller: str, state: State) -> None:
        self.queue.set_gate(controller, Gate(state), self.now)
        self.naive.gates[controller] = Gate(state)
        self.close()

    @rule(controller=st.sampled_from(CONTROLLERS), guard=st.sampled_from("xy"), holds=st.booleans())
    def guard(self, controller: str, guard: str, holds: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        if holds:
            self.queue.set_hold((controller,), GuardHold(guard, self.now, "it is warm"), self.now)
            self.naive.holds.add((controller, guard))
        else:
            self.queue.let_go((controller,), guard, self.now)
            self.naive.holds.discard((controller, guard))
        self.close()

    @rule(controller=st.sampled_from(CONTROLLERS), project=PROJECTS, soon=st.integers(0, 3),
          lasts=st.integers(1, 3))  # fmt: skip
    def reserve(self, controller: str, project: str, soon: int, lasts: int) -> None:
        self.number += 1
        begin = self.now + 50 * soon
        one = Reservation(
            id=str(self.number),
            controller=controller,
            project=project,
            from_unix_s=begin,
            to_unix_s=begin + 50 * lasts,
        )
        self.queue.reserve(one, self.now)
        self.naive.reservations[one.id] = one
        self.close()

    @rule(which=WHICH)
    def unreserve(self, which: int) -> None:
        self.queue.unreserve(str(which), self.now)
        self.naive.reservations.pop(str(which), None)
        self.close()

    def close(self) -> None:
        for number, ticket in self.naive.out.items():
            if self.naive.closed(ticket.entry, self.now) and not ticket.began:
                if not ticket.returning:
                    self.recalls.add(number)
                ticket.returning = True

    @rule(seconds=st.sampled_from([0.01, 1.0, 50.0, 300.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule(project=PROJECTS, seconds=st.sampled_from([0.0, 10.0, 200.0]))
    def charge(self, project: str, seconds: float) -> None:
        self.queue.shares.charge(project, seconds)
        self.decided = None

    @rule()
    def decide(self) -> None:
        calm = not self.queue.stirred and self.decided == self.now
        decision = self.queue.decide(self.now)
        assert not (calm and (decision.granted or decision.recalled))
        assert self.queue.stirred == any(entry.early for entry in self.queue.waiters())
        self.decided = self.now
        granted, recalled = self.naive.decide(self.now)
        assert sorted(decision.granted) == sorted(granted)
        for name in CONTROLLERS:
            claims = {n: self.naive.out[n].entry.claims for n in granted}
            assert [n for n in decision.granted if name in claims[n]] == [
                n for n in granted if name in claims[n]
            ]
        asked = {n for n in self.recalls if n in self.naive.out and not self.naive.out[n].began}
        assert set(decision.recalled) == recalled | {
            n for n in asked if self.naive.out[n].returning
        }
        assert len(decision.recalled) == len(set(decision.recalled))
        self.recalls.clear()

    @invariant()
    def agree(self) -> None:
        if self.eager:
            self.decide()
        assert len(self.queue) == len(self.naive.waiting)
        for name in CONTROLLERS:
            line = self.naive.line(name)
            assert self.queue.line(name) == len(line)
            groups = [ticket for ticket in line if len(ticket.entry.claims) > 1]
            assert not groups or line == groups[:1]


TestBoth = Both.TestCase
TestBoth.settings = settings(max_examples=120, stateful_step_count=80, deadline=None)
