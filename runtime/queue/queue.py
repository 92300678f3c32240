"""The queue: which job goes to the instruments next.

Rule 1. Pure and deterministic: the same calls give the same decisions. Time comes in with them.
Rule 2. The most urgent job goes first: the one whose place is worth the earliest time (`entry`),
        put back by what its project has used (`shares`).
Rule 3. A job takes all its controllers at once or none, so there is no deadlock. A job that
        cannot go yet keeps its controllers from all that stand behind it, so nothing starves.
Rule 4. A job that is held, is not to begin yet, or stands before a closed gate (`gates`) keeps
        nothing from anybody.
Rule 5. Tickets are sent ahead into the controllers' lines (`lines`). One that a more urgent job
        has overtaken, or that must not begin any more, is taken back if it has not begun; nothing
        is sent behind it meanwhile. Shares alone take nothing back: they say who goes next. Nor
        does a job that was just compiled later than those that came just after it.
Rule 6. A decision looks at the heads of the lanes (`lane`) whose controllers something has
        happened to, so its cost does not grow with the jobs that wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from stationd.runtime.queue.entry import AGEING, Claims, Entry, Place
from stationd.runtime.queue.gates import Gate, Gates, GuardHold, Lock, Reservation
from stationd.runtime.queue.lane import Head, Heads, Lane
from stationd.runtime.queue.lines import Line, Out, reach
from stationd.runtime.queue.moved import Moved
from stationd.runtime.queue.ranked import Order
from stationd.runtime.queue.shares import Shares
from stationd.runtime.queue.waiter import Early, Waiter

if TYPE_CHECKING:
    from collections.abc import Iterable


class Decision(Struct, frozen=True):
    """Who goes, and who comes back."""

    granted: list[int]
    """Jobs that are sent to their controllers, in this order."""
    recalled: list[int]
    """Jobs whose tickets are to be taken back. Each is given back with `release`, or begins."""


class Queue:
    """Jobs that wait for instruments, and the tickets that are out.

    Args:
        ageing: Seconds of waiting that count as one point of priority; above 0.
        shares: Who has used how much.
    """

    def __init__(self, ageing: float = AGEING, shares: Shares | None = None) -> None:
        self.ageing = ageing
        self.shares = shares or Shares()
        self.gates = Gates()
        self.heads = Heads(self.shares)
        self._waiting: dict[int, Waiter] = {}
        self._lanes: dict[tuple[str, str, Claims], Lane] = {}
        self._lines: dict[str, Line] = {}
        self._out: dict[int, Out] = {}
        self._early = Early(self._waiting)
        self._recalled: list[Out] = []
        self._moved = Moved()
        self._gate_changes: float | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, number: int) -> bool:
        return number in self._waiting

    # --- jobs come, change and go ------------------------------------------------------------

    def add(self, entry: Entry, now_unix_s: float) -> None:
        """Let a job wait; one that waits already stays as it is."""
        number = entry.number
        if number in self._waiting:
            return
        waiter = self._waiting[number] = Waiter(entry, entry.order(self.ageing))
        if entry.place is not None:
            self._moved.add(entry, waiter.order)
        if entry.held:
            return
        if entry.not_before is not None and entry.not_before > now_unix_s:
            self._early.add(entry.not_before, number)
            return
        self._line_up(waiter, now_unix_s)

    def remove(self, number: int) -> bool:
        """Take a waiting job out; tell whether it was there."""
        waiter = self._waiting.pop(number, None)
        if waiter is None:
            return False
        self._moved.forget(waiter.entry, waiter.order)
        lane = waiter.lane
        if lane is not None:
            lane.jobs.remove(waiter.order)
            self.heads.show(lane)
            if not lane.jobs:
                del self._lanes[lane.share, lane.project, lane.claims]
        return True

    def replace(self, entry: Entry, now_unix_s: float) -> None:
        """Let a job stand as another entry says from now on, if it waits or its ticket is out.

        If its ticket, or one before it, is to be taken back for that, the next decision says so.
        """
        if self.remove(entry.number):
            self.add(entry, now_unix_s)
            return
        out = self._out.get(entry.number)
        if out is None:
            return
        self._moved.forget(out.entry, out.order)
        old, out.entry, out.order = out.order, entry, entry.order(self.ageing)
        if entry.place is not None:
            self._moved.add(entry, out.order)
        if out.began:
            return
        for name in entry.claims:
            self._lines[name].reorder(old, out.order)
            self.heads.touched[name] = None
        if entry.held or (entry.not_before is not None and entry.not_before > now_unix_s):
            self._recall(out)

    # --- what there is to see ----------------------------------------------------------------

    def waiter(self, number: int) -> Waiter | None:
        """Return a job that waits."""
        return self._waiting.get(number)

    def ticket(self, number: int) -> Out | None:
        """Return the ticket of a job that is out."""
        return self._out.get(number)

    def is_returning(self, number: int) -> bool:
        """Return whether the ticket of a job is being taken back."""
        out = self._out.get(number)
        return out is not None and out.returning

    def waiters(self) -> Iterable[Waiter]:
        """Return all jobs that wait, in no order."""
        return self._waiting.values()

    def tickets(self) -> Iterable[Out]:
        """Return all tickets that are out, in no order."""
        return self._out.values()

    def lanes(self, claims: Claims) -> list[Lane]:
        """Return the lanes that need any of some controllers."""
        return [lane for lane in self._lanes.values() if not lane.apart(claims)]

    def waiting(self, controller: str) -> int:
        """Return how many jobs wait for a controller, but for those that are set aside."""
        return sum(len(lane.jobs) for lane in self.lanes((controller,)))

    def ready(self, controller: str) -> int:
        """Return how many of those stand before an open gate."""
        return sum(len(lane.jobs) for lane in self.lanes((controller,)) if lane.open)

    def oldest(self) -> float | None:
        """Return since when the job waits that came first of those that may go, Unix seconds.

        None if there is none. One that was changed meanwhile counts as one that came then.
        """
        for waiter in self._waiting.values():
            if waiter.lane is not None and waiter.lane.open:
                return waiter.entry.since_unix_s
        return None

    def depth(self, controller: str) -> int:
        """Return how many tickets a controller's line takes, the running one included."""
        line = self._lines.get(controller)
        return 0 if line is None else line.depth

    def position(self, number: int) -> int | None:
        """Return how many waiting jobs stand before a job at its controllers.

        None if it does not wait, is held, or is not to begin yet.
        """
        waiter = self._waiting.get(number)
        if waiter is None or waiter.lane is None:
            return None
        mine, order = waiter.lane, waiter.order
        ahead = 0
        for lane in self.lanes(mine.claims):
            apart = 0.0
            if lane.share != mine.share:
                apart = self.shares.back(mine.share) - self.shares.back(lane.share)
            ahead += lane.jobs.before((order[0] + apart, *order[1:]))
        return ahead

    def before(self, number: int) -> Place | None:
        """Return the place just before a job; None if it neither waits nor can be taken back."""
        out = self._out.get(number)
        found = self._waiting.get(number) or out
        if found is None or (out is not None and out.began):
            return None
        return self._moved.before(found.order, found.entry.share)

    # --- tickets go out and come back --------------------------------------------------------

    def send_out(self, number: int) -> None:
        """Move a waiting job to the lines of its controllers."""
        waiter = self._waiting[number]
        entry, order = waiter.entry, waiter.order
        may_begin = waiter.lane is not None and waiter.lane.open
        self.remove(number)
        out = self._out[number] = Out(entry, order)
        group = len(entry.claims) > 1
        if not may_begin or any(self._line(name).bars(group=group) for name in entry.claims):
            # It was sent by an earlier daemon, before somebody held it or closed a gate; or this
            # one has sent others meanwhile, with which it must not stand in one line.
            self._recall(out)
        if entry.place is not None:
            self._moved.add(entry, order)
        for name in entry.claims:
            self._line(name).add(order, group=group)

    def begin(self, number: int) -> bool:
        """Take note that a controller has begun with a ticket.

        Returns:
            Whether it was being taken back: what it was to make room for may go behind it now.
        """
        out = self._out.get(number)
        if out is None or out.began:
            return False
        out.began = True
        for name in out.entry.claims:
            self._lines[name].begin(out.order)
            if out.returning:
                self.heads.touched[name] = None
        return out.returning

    def release(self, number: int) -> None:
        """Free the places of a job whose ticket is over or has been taken back."""
        out = self._out.pop(number, None)
        if out is None:
            return
        self._moved.forget(out.entry, out.order)
        group = len(out.entry.claims) > 1
        for name in out.entry.claims:
            self._lines[name].remove(out.order, group=group)
            self.heads.touched[name] = None

    def line(self, controller: str) -> int:
        """Return how many tickets a controller has, the running one included."""
        line = self._lines.get(controller)
        return 0 if line is None else len(line)

    def set_depth(self, controller: str, depth: int) -> None:
        """Say how many tickets a controller's line takes, the running one included."""
        line = self._line(controller)
        if depth > line.depth:
            self.heads.touched[controller] = None
        line.depth = depth

    # --- what operators say ------------------------------------------------------------------

    def set_gate(self, controller: str, gate: Gate, now_unix_s: float) -> None:
        """Open, pause or drain a controller."""
        self.gates.set(controller, gate)
        self._turn_gates(now_unix_s)

    def set_lock(self, controller: str, lock: Lock | None, now_unix_s: float) -> None:
        """Lock a controller, or take its lock off."""
        self.gates.set_lock(controller, lock)
        self._turn_gates(now_unix_s)

    def set_hold(self, controllers: Iterable[str], hold: GuardHold, now_unix_s: float) -> None:
        """Let a guard hold controllers."""
        if [name for name in controllers if self.gates.hold(name, hold)]:
            self._turn_gates(now_unix_s)

    def let_go(self, controllers: Iterable[str], guard: str, now_unix_s: float) -> None:
        """Let a guard hold controllers no more."""
        if [name for name in controllers if self.gates.let_go(name, guard)]:
            self._turn_gates(now_unix_s)

    def reserve(self, reservation: Reservation, now_unix_s: float) -> None:
        """Keep controllers for one project, or for nobody, for a while."""
        self.gates.reserve(reservation)
        self._turn_gates(now_unix_s)

    def unreserve(self, reservation: str, now_unix_s: float) -> None:
        """Drop a reservation."""
        self.gates.unreserve(reservation)
        self._turn_gates(now_unix_s)

    # --- the decision ------------------------------------------------------------------------

    def decide(self, now_unix_s: float) -> Decision:
        """Send out all jobs that can go now, and say whose tickets are to be taken back."""
        self._pass_time(now_unix_s)
        granted: list[int] = []
        touched = self.heads.touched
        while touched:
            controller = next(iter(touched))
            del touched[controller]
            while (head := self._next(controller)) is not None:
                granted.append(head[3])
                self.send_out(head[3])
        if not self._recalled:
            return Decision(granted, [])
        recalled, self._recalled = self._recalled, []
        # Some have begun since, or have come back and gone out again.
        still = [out for out in recalled if not out.began]
        numbers = [out.entry.number for out in still if self._out.get(out.entry.number) is out]
        return Decision(granted, numbers)

    @property
    def stirred(self) -> bool:
        """Whether anything has happened since the last decision that another one would look at.

        If not, only time and depths can have changed, and whoever changes those asks for one.
        """
        return bool(self.heads.touched or self._recalled or self._early.times)

    def next_time(self) -> float | None:
        """Return when something happens by itself next, in Unix seconds; None if nothing does."""
        times = [time for time in (self._early.first(), self._gate_changes) if time is not None]
        return min(times, default=None)

    def _next(self, controller: str) -> Head | None:
        """Return the first job for a controller if it can go to all that it needs."""
        head = self.heads.first(controller)
        if head is None:
            return None
        claims, order = head[4].claims, head[4].jobs.first
        group = len(claims) > 1
        goes = order is not None
        for name in claims:
            line = self._line(name)
            if order is not None and self._take_back(line, reach(order), head):
                goes = False
            goes = goes and line.takes(group=group)
        return head if goes else None

    def _take_back(self, line: Line, order: Order, head: Head) -> bool:
        """Take back what a head has overtaken in a line; tell whether there is any of it."""
        found = False
        if not line.depth or not line.overtaken(order):
            return found
        for number in line.behind(order):
            out = self._out[number]
            if self.heads.effective(out.order, out.entry.share) > head[:4]:
                self._recall(out)
                found = True
        return found

    def _recall(self, out: Out) -> None:
        if not out.returning and not out.began:
            out.returning = True
            self._recalled.append(out)

    # --- lanes and time ----------------------------------------------------------------------

    def _line_up(self, waiter: Waiter, now_unix_s: float) -> None:
        entry = waiter.entry
        key = (entry.share, entry.project, entry.claims)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(*key)
            lane.open = not self.gates.closed(lane.claims, lane.project, now_unix_s)
        waiter.lane = lane
        lane.jobs.add(waiter.order)
        self.heads.show(lane)

    def _line(self, controller: str) -> Line:
        line = self._lines.get(controller)
        if line is None:
            line = self._lines[controller] = Line()
        return line

    def _pass_time(self, now_unix_s: float) -> None:
        if self._early.times:
            for waiter in self._early.due(now_unix_s):
                self._line_up(waiter, now_unix_s)
        if self._gate_changes is not None and self._gate_changes <= now_unix_s:
            self._turn_gates(now_unix_s)
        if self.shares.reckon(now_unix_s):
            for lane in self._lanes.values():
                self.heads.show(lane, anew=True)

    def _turn_gates(self, now_unix_s: float) -> None:
        self._gate_changes = self.gates.next_change(now_unix_s)
        for lane in self._lanes.values():
            lane.open = not self.gates.closed(lane.claims, lane.project, now_unix_s)
            self.heads.show(lane)
        for out in self._out.values():
            if self.gates.closed(out.entry.claims, out.entry.project, now_unix_s):
                self._recall(out)
