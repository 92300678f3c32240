"""Walking through the numbers of jobs: those of one index, of any of several, and of all of them.

A *place* grows in the direction of the walk: it is the job's number, or what is below zero if the
newest come first. So every walk goes upwards, and a cursor that is asked to seek a place gives
the next one that is there, at it or behind it.

Walking through several indices at once, each of which leads past what the others do not have,
finds what all have in common without looking at the jobs; so neither a filter that matches
nearly all jobs nor one that matches hardly any is slow, alone or with others.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

_SHORTEST: Final = 16
_LONGEST: Final = 512
"""Places that are read ahead; more and more while they are all used."""


class Budget:
    """How much of one question's work may be done at a time: others wait for their answers.

    Args:
        steps: Reads of an index, or rows.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int = 1) -> bool:
        """Take note of some work; return whether there is any left to be done now."""
        self.left -= steps
        return self.left > 0


class Cursor(Protocol):
    """Something with places."""

    def seek(self, place: int) -> int | None:
        """Return the first place at this one or behind it; None if there is none.

        Never called with a place before that of the last call.
        """
        ...


class Index:
    """The places of an index.

    Args:
        database: The journal.
        query: The numbers of an index, with a condition at its end and without an order.
        values: Its parameters.
        newest_first: The direction.
        budget: What reading ahead is taken from.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        query: str,
        values: Sequence[object],
        budget: Budget,
        *,
        newest_first: bool,
    ) -> None:
        sign, order = ("<=", "DESC") if newest_first else (">=", "ASC")
        self._database = database
        self._query = f"{query} AND number {sign} ? ORDER BY number {order} LIMIT ?"
        self._values = values
        self._sign = -1 if newest_first else 1
        self._budget = budget
        self._read: list[int] = []
        self._at = 0
        self._length = _SHORTEST
        self._whole = False

    def seek(self, place: int) -> int | None:
        """Return the first place at this one or behind it."""
        read = self._read
        self._at = bisect_left(read, place, self._at)
        if self._at == len(read):
            if self._whole:
                return None
            # What was read ahead was in vain if the next place is far away.
            used = bool(read) and place <= read[-1] + 1
            self._length = min(2 * self._length, _LONGEST) if used else _SHORTEST
            self._read_on(place)
        return self._read[self._at] if self._read else None

    def _read_on(self, place: int) -> None:
        values = (*self._values, self._sign * place, self._length)
        rows = self._database.execute(self._query, values)
        self._read = [self._sign * number for (number,) in rows]
        self._at = 0
        self._whole = len(self._read) < self._length
        self._budget.spend(1 + len(self._read) // 8)


class Given:
    """Places that are known.

    Args:
        numbers: Of jobs.
        newest_first: The direction.
    """

    def __init__(self, numbers: Sequence[int], *, newest_first: bool) -> None:
        self._places = sorted(-number if newest_first else number for number in numbers)
        self._at = 0

    def seek(self, place: int) -> int | None:
        """Return the first place at this one or behind it."""
        self._at = bisect_left(self._places, place, self._at)
        return self._places[self._at] if self._at < len(self._places) else None


class AnyOf:
    """The places that any of several cursors has.

    Args:
        cursors: The cursors; none for no places.
        budget: What looking at them is taken from.
    """

    def __init__(self, cursors: Sequence[Cursor], budget: Budget) -> None:
        self._heads: list[tuple[int | None, Cursor]] = [(None, cursor) for cursor in cursors]
        self._budget = budget

    def seek(self, place: int) -> int | None:
        """Return the first place at this one or behind it."""
        heads: list[tuple[int | None, Cursor]] = []
        first: int | None = None
        for head, cursor in self._heads:
            found = head
            if head is None or head < place:
                found = cursor.seek(place)
            if found is None:
                continue  # it has no more
            heads.append((found, cursor))
            if first is None or found < first:
                first = found
        self._budget.spend(len(heads) // 8)
        self._heads = heads
        return first


def in_all(cursors: Sequence[Cursor], place: int, budget: Budget) -> Iterator[tuple[int, bool]]:
    """Yield the places that all cursors have, from a place on, and how far the walk has come.

    Args:
        cursors: At least one.
        place: Where to begin.
        budget: The walk ends with it.

    Yields:
        A place, and whether all have it. If not, the walk has come up to it and the budget is
        spent: it can begin there again.
    """
    agreed = 0
    begin = place
    while True:
        for cursor in cursors:
            found = cursor.seek(place)
            if found is None:
                return
            agreed = agreed + 1 if found == place else 1
            place = found
            if agreed >= len(cursors):
                yield place, True
                place += 1
                agreed = 0
            # However small the budget is, the walk gets on.
            if not budget.spend() and place > begin:
                yield place, False
                return
