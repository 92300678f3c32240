"""Values in order, with quick ends: what waits in one lane.

Rule 1. `add`, `remove` and `first` cost the same with ten values and with a hundred thousand:
        two binary searches, and a shift of one bucket at most.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from fractions import Fraction
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Order = tuple[float, int, Fraction | int, int]
"""Where a job stands: the time that its place is worth, the job beside which it stands (itself,
unless it was moved), how far before that, and its own number. The smallest goes first."""

BUCKET: Final = 512
"""Shifting so many pointers takes a tenth of a microsecond; larger buckets begin to show."""


class Ranked:
    """A sorted collection of different orders."""

    __slots__ = ("_buckets", "_lasts", "_length")

    def __init__(self) -> None:
        self._buckets: list[list[Order]] = []
        self._lasts: list[Order] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Order]:
        for bucket in self._buckets:
            yield from bucket

    @property
    def first(self) -> Order | None:
        """The smallest; None if there is none."""
        return self._buckets[0][0] if self._length else None

    def add(self, order: Order) -> None:
        """Put an order in; it must not be there yet."""
        self._length += 1
        if not self._buckets:
            self._buckets.append([order])
            self._lasts.append(order)
            return
        index = len(self._buckets) - 1
        if order > self._lasts[-1]:
            # By far the most frequent case: what comes last stands last.
            self._buckets[-1].append(order)
            self._lasts[-1] = order
        else:
            index = bisect_left(self._lasts, order)
            insort(self._buckets[index], order)
        if len(self._buckets[index]) > 2 * BUCKET:
            self._split(index)

    def remove(self, order: Order) -> None:
        """Take an order out; it must be there."""
        bucket, index, place = self._buckets[0], 0, 0
        if bucket[0] != order:
            # Most that leave are the first.
            index = bisect_left(self._lasts, order)
            bucket = self._buckets[index]
            place = bisect_left(bucket, order)
        del bucket[place]
        self._length -= 1
        if not bucket:
            del self._buckets[index], self._lasts[index]
        elif place == len(bucket):
            self._lasts[index] = bucket[-1]

    def before(self, order: Order) -> int:
        """Return how many are smaller than an order, which need not be there."""
        index = bisect_left(self._lasts, order)
        smaller = sum(map(len, self._buckets[:index]))
        if index < len(self._buckets):
            smaller += bisect_left(self._buckets[index], order)
        return smaller

    def _split(self, index: int) -> None:
        bucket = self._buckets[index]
        self._buckets[index : index + 1] = [bucket[:BUCKET], bucket[BUCKET:]]
        self._lasts.insert(index, bucket[BUCKET - 1])
