"""A job in the queue, as the policy sees it; and what makes its place.

Rule 1. A place is worth a time: when the job was submitted, less `ageing` seconds for each point
        of priority. The earliest time goes first. So a job's priority grows by a point with
        every `ageing` seconds that it waits, and yet the order of two jobs never changes by
        itself: nothing has to be reckoned anew while they wait.
Rule 2. A job that was moved stands where it was put, just before another one, and keeps that
        place when the other has gone.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.runtime.queue.ranked import Order

Claims = tuple[str, ...]
"""The controllers that a job needs, sorted."""

AGEING: Final = 60.0
"""Seconds of waiting that count as one point of priority, if the settings say nothing else."""


class Place(Struct, frozen=True, array_like=True):
    """Where a job was put, just before another one."""

    worth_unix_s: float
    """The time that the place is worth."""
    beside: int
    """The number of the job that the place was first made for."""
    offset: str
    """How far before it, as a fraction below 0; text, for it has no bounds."""
    share: str
    """The project in whose share the place is: that of the job beside it."""


class Entry(Struct, frozen=True, kw_only=True):
    """What decides when a job goes."""

    number: int
    """Grows with submission."""
    claims: Claims
    job: str = ""
    """Its id, for people."""
    project: str = ""
    priority: int = 0
    since_unix_s: float = 0.0
    """Since when it waits, for all that this counts."""
    not_before: float | None = None
    """Unix seconds before which it does not begin."""
    held: bool = False
    """It stays until somebody lets it go."""
    place: Place | None = None
    """Where it was put; None if it stands where it belongs."""

    @property
    def share(self) -> str:
        """The project in whose share it stands."""
        return self.project if self.place is None else self.place.share

    def order(self, ageing: float) -> Order:
        """Return where it stands.

        Args:
            ageing: Seconds that a point of priority is worth.
        """
        place = self.place
        if place is not None:
            return place.worth_unix_s, place.beside, Fraction(place.offset), self.number
        return self.since_unix_s - self.priority * ageing, self.number, 0, self.number


def place_before(target: Order, share: str, taken: Iterable[Order]) -> Place:
    """Return the place just before a job.

    Args:
        target: Where that job stands.
        share: The project in whose share that is.
        taken: Where all others stand that were moved.
    """
    worth, beside, offset, _ = target
    ahead = [other[2] for other in taken if other[:2] == (worth, beside) and other[2] < offset]
    found = Fraction(max(ahead) + offset) / 2 if ahead else Fraction(offset) - 1
    return Place(worth, beside, str(found), share)
