"""The controllers' lines, as the queue knows them: which tickets are out, and which have begun.

Rule 1. A line takes as many tickets as its controller's depth says, the running one included. A
        ticket for several controllers wants all their lines empty, and nothing lines up behind it.
Rule 2. What has not begun can be taken back; a ticket that is being taken back keeps its room
        until it is back.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING, Final

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.queue.entry import Entry
    from stationd.runtime.queue.ranked import Order

OVERTAKES: Final = 1.0
"""Seconds by which a place must be worth more than one in line to take that back, unless somebody
has put it there. Jobs are often ready a little later than those that came just after them, and a
line that is emptied for that costs the instrument more than it gives anybody."""


class Out(Struct):
    """A ticket that is out."""

    entry: Entry
    order: Order
    began: bool = False
    returning: bool = False
    """It has been asked back."""


class Line:
    """The tickets of one controller."""

    __slots__ = ("_group", "_size", "_waiting", "depth")

    def __init__(self) -> None:
        self.depth = 0
        """How many tickets it takes, the running one included."""
        self._size = 0
        self._group = 0
        # Those that have not begun, in the order of the queue, which is that of the line but for
        # what a restart has found there.
        self._waiting: list[Order] = []

    def __len__(self) -> int:
        return self._size

    def takes(self, *, group: bool) -> bool:
        """Whether there is room for a ticket, for this controller alone or for a group."""
        if self.bars(group=group):
            return False
        return self.depth > 0 if group else self._size < self.depth

    def bars(self, *, group: bool) -> bool:
        """Whether a ticket may not stand here now, however long the line may be."""
        return bool(self._size) if group else bool(self._group)

    def overtaken(self, order: Order) -> bool:
        """Whether any that has not begun stands behind an order."""
        return bool(self._waiting) and self._waiting[-1] > order

    def behind(self, order: Order) -> Iterator[int]:
        """Yield the numbers of those that have not begun and stand behind an order."""
        for waiting in reversed(self._waiting):
            if waiting < order:
                return
            yield waiting[3]

    def add(self, order: Order, *, group: bool) -> None:
        """Put a ticket into the line."""
        self._size += 1
        self._group += group
        insort(self._waiting, order)

    def begin(self, order: Order) -> None:
        """Take note that a ticket has begun."""
        place = bisect_left(self._waiting, order)
        if place < len(self._waiting) and self._waiting[place] == order:
            del self._waiting[place]

    def remove(self, order: Order, *, group: bool) -> None:
        """Take a ticket out of the line."""
        self._size -= 1
        self._group -= group
        self.begin(order)

    def reorder(self, old: Order, new: Order) -> None:
        """Let a ticket that has not begun stand elsewhere."""
        self.begin(old)
        insort(self._waiting, new)


def reach(order: Order) -> Order:
    """Return the place behind which tickets in line are overtaken by a job."""
    worth, beside, offset, number = order
    # One that was put somewhere has an offset.
    return order if offset else (worth + OVERTAKES, beside, offset, number)
