"""Lanes: the jobs that wait for the same controllers, and the first of each."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from stationd.runtime.queue.ranked import Order, Ranked

if TYPE_CHECKING:
    from stationd.runtime.queue.entry import Claims
    from stationd.runtime.queue.shares import Shares


class Lane:
    """The waiting jobs of one project, in one share, for the same controllers."""

    __slots__ = ("claims", "head", "jobs", "open", "project", "share")

    def __init__(self, share: str, project: str, claims: Claims) -> None:
        self.share = share
        self.project = project
        self.claims = claims
        self.jobs = Ranked()
        self.open = True
        """Whether its jobs may begin, by what operators have said."""
        self.head: Head | None = None
        """As it stands among the heads of its controllers."""

    def apart(self, claims: Claims) -> bool:
        """Whether it needs none of some controllers."""
        return self.claims != claims and set(self.claims).isdisjoint(claims)


Head = tuple[float, int, object, int, Lane]
"""The first job of an open lane: its order, put back by its share; and the lane."""


class Heads:
    """The first jobs of all open lanes, by the controllers that they need.

    Args:
        shares: Put jobs back.
    """

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._sorted: dict[str, list[Head]] = {}
        self.touched: dict[str, None] = {}
        """Controllers that something has happened to since they were looked at, in that order."""

    def effective(self, order: Order, share: str) -> Order:
        """Return an order, put back by its share."""
        return (order[0] + self._shares.back(share), *order[1:])

    def first(self, controller: str) -> Head | None:
        """Return the first job for a controller, if it is the first for all that it needs."""
        heads = self._sorted.get(controller)
        if not heads:
            return None
        head = heads[0]
        claims = head[4].claims
        alone = len(claims) == 1
        return head if alone or all(self._sorted[name][0] is head for name in claims) else None

    def lanes(self, controller: str) -> list[Lane]:
        """Return the open lanes that need a controller, the most urgent head first."""
        return [head[4] for head in self._sorted.get(controller, ())]

    def show(self, lane: Lane, *, anew: bool = False) -> None:
        """Let a lane's first job stand among the heads of its controllers, and no other.

        Args:
            lane: The lane, of which something has changed.
            anew: Whether shares have changed too.
        """
        first = lane.jobs.first if lane.open else None
        shown = lane.head
        if shown is None and first is None:
            return
        if shown is not None:
            if first is not None and shown[3] == first[3] and not anew:
                return
            self._hide(lane, shown)
        if first is not None:
            lane.head = head = (*self.effective(first, lane.share), lane)
            for name in lane.claims:
                insort(self._sorted.setdefault(name, []), head)
                self.touched[name] = None

    def _hide(self, lane: Lane, shown: Head) -> None:
        lane.head = None
        for name in lane.claims:
            heads = self._sorted[name]
            # A head is its order and more, so it stands just behind that.
            del heads[bisect_left(heads, shown[:4])]
            self.touched[name] = None
