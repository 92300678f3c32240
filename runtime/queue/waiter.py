"""A job that waits, and those among them that are not to begin yet."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from msgspec import Struct

from stationd.runtime.queue.entry import Entry
from stationd.runtime.queue.lane import Lane
from stationd.runtime.queue.ranked import Order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Waiter(Struct):
    """A job that waits."""

    entry: Entry
    order: Order
    lane: Lane | None = None
    """None while it is held, or is not to begin yet."""

    @property
    def early(self) -> bool:
        """Whether it is not to begin yet, and nothing else holds it up."""
        return self.lane is None and not self.entry.held


class Early:
    """Jobs that are not to begin yet.

    Args:
        waiting: All that wait, by their numbers; which others change.
    """

    def __init__(self, waiting: Mapping[int, Waiter]) -> None:
        self._waiting = waiting
        self.times: list[tuple[float, int]] = []
        """When they are to begin, Unix seconds, and their numbers: a heap, the earliest on top.
        Those that have left are skipped when they come to the top; empty if there are none."""

    def add(self, not_before: float, number: int) -> None:
        """Set a job aside until a time, Unix seconds."""
        heappush(self.times, (not_before, number))

    def first(self) -> float | None:
        """Return when the first of them is to begin, Unix seconds; None if there is none."""
        while self.times:
            time, number = self.times[0]
            waiter = self._waiting.get(number)
            if waiter is not None and waiter.early and waiter.entry.not_before == time:
                return time
            heappop(self.times)
        return None

    def due(self, now_unix_s: float) -> Iterator[Waiter]:
        """Yield those that may begin, the earliest first, and set them aside no more."""
        while (first := self.first()) is not None and first <= now_unix_s:
            _, number = heappop(self.times)
            yield self._waiting[number]
