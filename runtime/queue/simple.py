"""The queue: which job goes to the instruments next.

Rule 1. Pure and deterministic: the same calls give the same grants.
Rule 2. The higher priority goes first; equals go in the order of submission.
Rule 3. A job takes all its controllers at once or none, so there is no deadlock. A job that
        cannot go yet keeps its controllers from all that stand behind it, so nothing starves.
Rule 4. A job for one controller may be sent ahead into the controller's line, up to its depth.
        A job for several goes when all their lines are empty, and nothing lines up behind it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Claims = tuple[str, ...]
"""The controllers that a job needs, sorted."""
_Order = tuple[int, int]


class Queue:
    """Jobs that wait for instruments, and the tickets that are out."""

    def __init__(self) -> None:
        self._orders: dict[int, _Order] = {}
        self._sorted: list[_Order] = []
        # One heap for each set of controllers: a decision looks at their heads alone, however
        # many jobs wait. What has left the queue is skipped when it comes to the top.
        self._heaps: dict[Claims, list[_Order]] = {}
        self._lines: dict[str, set[int]] = {}
        self._claims: dict[int, Claims] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, number: int) -> bool:
        return number in self._orders

    def add(self, number: int, priority: int, claims: Claims) -> None:
        """Let a job wait.

        Args:
            number: The job's number, which grows with submission.
            priority: The higher goes first.
            claims: The controllers that it needs.
        """
        if number in self._orders:
            return
        order = (-priority, number)
        self._orders[number] = order
        self._claims[number] = claims
        insort(self._sorted, order)
        heappush(self._heaps.setdefault(claims, []), order)

    def remove(self, number: int) -> bool:
        """Take a waiting job out; tell whether it was there."""
        order = self._orders.pop(number, None)
        if order is None:
            return False
        del self._sorted[bisect_left(self._sorted, order)]
        if number not in self._out(number):
            del self._claims[number]
        return True

    def position(self, number: int) -> int | None:
        """Return how many waiting jobs stand before a job; None if it does not wait."""
        order = self._orders.get(number)
        return None if order is None else bisect_left(self._sorted, order)

    def grants(self, depths: Mapping[str, int]) -> list[int]:
        """Send out all jobs that can go now and return their numbers, in order.

        Args:
            depths: How many tickets the line of each controller takes, the running one
                included; a controller that is missing takes none.
        """
        granted: list[int] = []
        blocked: set[str] = set()
        candidates = [
            (order, claims) for claims in self._heaps if (order := self._head(claims)) is not None
        ]
        candidates.sort()
        while candidates:
            order, claims = candidates.pop(0)
            if blocked.intersection(claims) or not self._fits(claims, depths):
                blocked.update(claims)
                continue
            number = order[1]
            self.send_out(number)
            granted.append(number)
            following = self._head(claims)
            if following is not None:
                insort(candidates, (following, claims))
        return granted

    def send_out(self, number: int) -> None:
        """Move a job from the queue to the lines of its controllers."""
        claims = self._claims[number]
        for controller in claims:
            self._lines.setdefault(controller, set()).add(number)
        self.remove(number)

    def release(self, number: int) -> None:
        """Free the places of a job whose ticket is over or has been taken back."""
        if number in self._orders:
            return
        for controller in self._claims.pop(number, ()):
            self._lines[controller].discard(number)

    def line(self, controller: str) -> int:
        """Return how many tickets a controller has, the running one included."""
        return len(self._lines.get(controller, ()))

    def _out(self, number: int) -> set[int]:
        claims = self._claims.get(number, ())
        return self._lines.get(claims[0], set()) if claims else set()

    def _head(self, claims: Claims) -> _Order | None:
        heap = self._heaps[claims]
        while heap and self._orders.get(heap[0][1]) != heap[0]:
            heappop(heap)
        return heap[0] if heap else None

    def _fits(self, claims: Claims, depths: Mapping[str, int]) -> bool:
        if len(claims) != 1:
            return all(depths.get(name, 0) and not self.line(name) for name in claims)
        (name,) = claims
        if self.line(name) >= depths.get(name, 0):
            return False
        return all(len(self._claims[number]) == 1 for number in self._lines.get(name, ()))
