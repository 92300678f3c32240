"""Gates: which controllers begin with jobs, and with whose.

Rule 1. A controller is open, paused or draining. While it is paused nothing begins there; while it
        is draining, what waits goes on and nothing new is taken in.
Rule 2. From the beginning to the end of a reservation only its project's jobs begin there.
Rule 3. What is at work goes on, whatever a gate says.
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


class Reservation(Struct, frozen=True, kw_only=True):
    """A time in which a controller is for one project alone."""

    id: str
    controller: str
    project: str
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

    @property
    def said(self) -> bool:
        """Whether any controller is paused or draining."""
        return bool(self._gates)

    def gate(self, controller: str) -> Gate:
        """Return what was said of a controller."""
        return self._gates.get(controller, _OPEN)

    def set(self, controller: str, gate: Gate) -> None:
        """Say something of a controller, instead of what was said before."""
        if gate == _OPEN:
            self._gates.pop(controller, None)
        else:
            self._gates[controller] = gate

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
        """Return a reservation for another project that overlaps one that is wanted."""
        for one in self.reservations():
            overlap = one.from_unix_s < wanted.to_unix_s and wanted.from_unix_s < one.to_unix_s
            if overlap and one.controller == wanted.controller and one.project != wanted.project:
                return one
        return None

    def paused(self, claims: Iterable[str]) -> str | None:
        """Return the first of some controllers that is paused."""
        return next((name for name in claims if self.gate(name).state == "paused"), None)

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
        if not self._gates and not self._reservations:
            return False
        names = tuple(claims)
        paused = self.paused(names) is not None
        return paused or self.reserved(names, project, now_unix_s) is not None

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
