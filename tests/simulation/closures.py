"""Locks and times of maintenance that operators were promised, and who begins nevertheless.

Rule 1. What was answered holds until its end is asked for. What was not answered may hold or not.
Rule 2. From the answer on nothing is sent to a closed controller, whoever starts again meanwhile.
Rule 3. What was sent ahead comes back within a bounded time, if nothing is done to the controller.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import anyio

from stationd.runtime.journal.contents import Contents
from stationd.runtime.queue.gates import Gates
from tests.simulation.trace import Trace

if TYPE_CHECKING:
    from tests.simulation.lives import DaemonLife, SimulatedClock
    from tests.simulation.station import SimulatedStation

RECALLED_WITHIN: Final = 0.6
"""Seconds in which a controller has heard that it is to give back what was sent ahead."""


@dataclass
class Closure:
    """A lock, or a time of maintenance."""

    controller: str
    holder: str = ""
    note: str = ""
    window: str = ""
    """The id of a time of maintenance; empty for a lock."""
    begins: float = -math.inf
    ends: float = math.inf
    """By the clock on the wall."""
    since: float = field(default_factory=anyio.current_time)
    """When it was answered."""
    until: float = math.inf
    """When somebody asked for its end."""

    def __str__(self) -> str:
        what = f"window {self.window}" if self.window else f"lock of {self.holder or 'somebody'}"
        return f"{what} on {self.controller}"

    def holds(self, clock: "SimulatedClock") -> bool:
        """Whether it certainly holds now."""
        # What was over once is forgotten, also if the clock goes back then.
        return self.until == math.inf and self.begins <= clock.time() and clock.peak() < self.ends


class Closures:
    """All that operators were promised."""

    def __init__(self) -> None:
        self.all: list[Closure] = []

    def add(self, closure: Closure) -> None:
        """Take note of one that was answered."""
        self.all.append(closure)

    def lock(self, controller: str) -> Closure | None:
        """Return the lock that a controller certainly has."""
        return next((one for one in self._locks() if one.controller == controller), None)

    def end(self, *, controller: str = "", window: str = "") -> Closure | None:
        """Take note that somebody asks for the end of a lock or a window; return what it ends."""
        for one in self.all:
            meant = one.window == window if window else one in self._locks()
            if meant and one.until == math.inf and controller in {"", one.controller}:
                one.until = anyio.current_time()
                return one
        return None

    def closing(self, controllers: Iterable[str], clock: "SimulatedClock") -> Closure | None:
        """Return what certainly closes one of some controllers now."""
        names = set(controllers)
        return next((one for one in self.all if one.controller in names and one.holds(clock)), None)

    def check_journal(self, contents: Contents, clock: "SimulatedClock", trace: Trace) -> None:
        """Check that a journal holds all of them."""
        for one in self.all:
            key = ("reservation", one.window) if one.window else ("lock", one.controller)
            if _is_owed(one, clock) and key not in contents.notes:
                trace.violation("the", one, "is not in the journal")

    def check_gates(self, gates: Gates, clock: "SimulatedClock", trace: Trace) -> None:
        """Check that a daemon that has started knows all of them."""
        windows = {reservation.id for reservation in gates.reservations()}
        for one in self.all:
            lock = gates.lock(one.controller)
            known = (lock is not None and (lock.holder, lock.note) == (one.holder, one.note)) or (
                one.window in windows
            )
            if _is_owed(one, clock) and not known:
                trace.violation("a daemon that has started does not know the", one)

    def _locks(self) -> list[Closure]:
        return [one for one in self.all if not one.window and one.until == math.inf]


def _is_owed(closure: Closure, clock: "SimulatedClock") -> bool:
    return closure.until == math.inf and clock.peak() < closure.ends


def watch(life: "DaemonLife", station: "SimulatedStation") -> None:
    """Check that a daemon lets nothing go to what is closed."""
    running = life.running
    if running is None:
        return
    queue = running.instruments.queue
    decide = queue.decide

    def decide_and_check(now_unix_s: float) -> object:
        decision = decide(now_unix_s)
        # A daemon that was replaced and does not know hears of nothing new.
        if station.daemon is life:
            for number in decision.granted:
                ticket = queue.ticket(number)
                claims = () if ticket is None else ticket.entry.claims
                closed = station.promises.closures.closing(claims, station.clock)
                if closed is not None:
                    station.trace.violation("job", number, "is sent out in spite of the", closed)
        return decision

    vars(queue)["decide"] = decide_and_check


def check_acts(station: "SimulatedStation") -> None:
    """Check that what was sent ahead has come back, where nothing was in the way."""
    begun: dict[int, float] = {}
    for act in station.acts:
        begun[act.ticket] = min(act.began, begun.get(act.ticket, math.inf))
    for one in station.promises.closures.all:
        closed = _closed(one, station)
        if closed is None:
            continue
        since, until = closed
        for act in station.acts:
            late = act.controller == one.controller and since + RECALLED_WITHIN < act.began < until
            # One that has begun elsewhere goes on.
            if late and begun[act.ticket] > since and not _in_the_way(one, act.began, station):
                station.trace.violation("ticket", act.ticket, "began in spite of the", one)


def _closed(one: Closure, station: "SimulatedStation") -> tuple[float, float] | None:
    """Return from when to when something was closed; None if nobody can tell by the clock."""
    if not one.window:
        return one.since, one.until
    if station.clock.jumped:
        return None
    begins, ends = (station.clock.monotonic_at(wall) for wall in (one.begins, one.ends))
    return max(one.since, begins), min(one.until, ends)


def _in_the_way(one: Closure, began: float, station: "SimulatedStation") -> bool:
    """Whether something may have kept a daemon from taking back what it had sent ahead."""
    earliest = one.since - RECALLED_WITHIN
    return (
        any(name == one.controller and earliest <= when <= began for when, name in station.troubles)
        or any(earliest <= when <= began for when in station.starts)
        or any(
            life.haunted_since <= began and earliest <= life.haunted_until
            for life in station.daemons
        )
    )
