"""Gates: which controllers begin with jobs, and with whose.

Rule 1. A controller is open, paused or draining. While it is paused nothing begins there; while it
        is draining, what waits goes on and nothing new is taken in.
Rule 2. From the beginning to the end of a reservation only its project's jobs begin there. A time
        of maintenance is a reservation for nobody.
Rule 3. While it is locked nothing begins there either, whatever else is said of it.
Rule 4. While a guard holds it nothing begins there either.
Rule 5. What is at work goes on, whatever a gate says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

State = Literal["open", "paused", "draining"]


class Gate(Struct, frozen=True):
    """What an operator has said of a controller."""

    state: State = "open"
    note: str = ""
    """Why, for people."""


class Lock(Struct, frozen=True):
    """Somebody's lock on a controller."""

    holder: str
    """Empty for somebody whom the station cannot tell."""
    since_unix_s: float
    note: str = ""


class GuardHold(Struct, frozen=True):
    """A guard that lets nothing begin at a controller."""

    guard: str
    """Its name."""
    since_unix_s: float
    reason: str
    """What is not right, in words."""


class Reservation(Struct, frozen=True, kw_only=True):
    """A time in which a controller is for one project alone, or for nobody."""

    id: str
    controller: str
    project: str | None
    """Empty for jobs without a project; None for maintenance."""
    from_unix_s: float
    to_unix_s: float
    """The first moment after it."""
    note: str = ""

    def holds(self, now_unix_s: float) -> bool:
        """Whether it holds at a time."""
        return self.from_unix_s <= now_unix_s < self.to_unix_s


_OPEN = Gate()


class Gates:
    """What operators have said of all controllers."""

    def __init__(self) -> None:
        self._gates: dict[str, Gate] = {}
        self._reservations: dict[str, Reservation] = {}
        self._locks: dict[str, Lock] = {}
        # By controller, then by guard: each guard lets go of its own alone.
        self._holds: dict[str, dict[str, GuardHold]] = {}

    @property
    def said(self) -> bool:
        """Whether any controller is paused, draining, locked or held by a guard."""
        return bool(self._gates or self._locks or self._holds)

    def gate(self, controller: str) -> Gate:
        """Return what was said of a controller."""
        return self._gates.get(controller, _OPEN)

    def set(self, controller: str, gate: Gate) -> None:
        """Say something of a controller, instead of what was said before."""
        if gate == _OPEN:
            self._gates.pop(controller, None)
        else:
            self._gates[controller] = gate

    def lock(self, controller: str) -> Lock | None:
        """Return the lock of a controller."""
        return self._locks.get(controller)

    def set_lock(self, controller: str, lock: Lock | None) -> None:
        """Put a lock on a controller instead of the one before, or take it off."""
        if lock is None:
            self._locks.pop(controller, None)
        else:
            self._locks[controller] = lock

    def holds(self, controller: str) -> list[GuardHold]:
        """Return the guards that let nothing begin at a controller."""
        return list(self._holds.get(controller, {}).values())

    def hold(self, controller: str, hold: GuardHold) -> bool:
        """Let a guard hold a controller; tell whether it did not before."""
        holds = self._holds.setdefault(controller, {})
        fresh = hold.guard not in holds
        holds[hold.guard] = hold
        return fresh

    def let_go(self, controller: str, guard: str) -> bool:
        """Let a guard hold a controller no more; tell whether it did."""
        holds = self._holds.get(controller, {})
        if holds.pop(guard, None) is None:
            return False
        if not holds:
            del self._holds[controller]
        return True

    def reservations(self) -> list[Reservation]:
        """Return all reservations, the earliest first."""
        return sorted(self._reservations.values(), key=lambda one: (one.from_unix_s, one.id))

    def reserve(self, reservation: Reservation) -> None:
        """Add a reservation; one of the same id is replaced."""
        self._reservations[reservation.id] = reservation

    def unreserve(self, reservation: str) -> Reservation | None:
        """Drop a reservation; return it, or None if there is none of this id."""
        return self._reservations.pop(reservation, None)

    def rival(self, wanted: Reservation) -> Reservation | None:
        """Return a reservation for another project that overlaps one that is wanted.

        Maintenance is nobody's rival: it can be planned for a reserved time, and has its way.
        """
        for one in self.reservations():
            overlap = one.from_unix_s < wanted.to_unix_s and wanted.from_unix_s < one.to_unix_s
            rivals = one.project != wanted.project and None not in {one.project, wanted.project}
            if overlap and rivals and one.controller == wanted.controller:
                return one
        return None

    def paused(self, claims: Iterable[str]) -> str | None:
        """Return the first of some controllers that is paused."""
        return next((name for name in claims if self.gate(name).state == "paused"), None)

    def locked(self, claims: Iterable[str]) -> str | None:
        """Return the first of some controllers that is locked."""
        return next((name for name in claims if name in self._locks), None)

    def held(self, claims: Iterable[str]) -> str | None:
        """Return the first of some controllers that a guard holds."""
        return next((name for name in claims if name in self._holds), None)

    def reserved(
        self, claims: Iterable[str], project: str, now_unix_s: float
    ) -> Reservation | None:
        """Return a reservation that keeps a project's jobs from some controllers."""
        for one in self._reservations.values():
            if one.project != project and one.holds(now_unix_s) and one.controller in claims:
                return one
        return None

    def draining(self, claims: Iterable[str]) -> str | None:
        """Return the first of some controllers that takes no new jobs."""
        return next((name for name in claims if self.gate(name).state == "draining"), None)

    def closed(self, claims: Iterable[str], project: str, now_unix_s: float) -> bool:
        """Whether a project's job for some controllers must not begin now."""
        if not self.said and not self._reservations:
            return False
        names = tuple(claims)
        shut = self.paused(names) is not None or self.locked(names) is not None
        shut = shut or self.held(names) is not None
        return shut or self.reserved(names, project, now_unix_s) is not None

    def shut(self, controller: str, now_unix_s: float) -> bool:
        """Whether an operator lets nothing new begin at a controller now, whoever's it is."""
        maintained = any(
            one.project is None and one.controller == controller and one.holds(now_unix_s)
            for one in self._reservations.values()
        )
        return maintained or controller in self._locks or self.gate(controller).state != "open"

    def next_change(self, now_unix_s: float) -> float | None:
        """Return when the next reservation begins or ends; what is over is forgotten."""
        for one in [one for one in self._reservations.values() if one.to_unix_s <= now_unix_s]:
            del self._reservations[one.id]
        times = [
            time
            for one in self._reservations.values()
            for time in (one.from_unix_s, one.to_unix_s)
            if time > now_unix_s
        ]
        return min(times, default=None)
