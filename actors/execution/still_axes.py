"""At which spots a controller has something to set: where its axes step, and nowhere else. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationd.proto.program import Move, SweepWork


class Moving:
    """One controller's part in the settings of a paced sweep.

    Args:
        work: Its part.
        first: The spot that it begins with, where everything is set.
    """

    def __init__(self, work: SweepWork, first: int) -> None:
        self._spots = work.spots
        # Whoever reads nothing ends with the last spot that it is called for.
        self._ends_at = self._spots - 1 if work.moves and not work.returns else self._spots
        self._axes = [
            (math.prod(work.shape[move.axis + 1 :]), move.values)
            for move in work.moves
            if _steps(move)
        ]
        # Between these two there is nothing to set.
        self._looked_from = self._next = first

    def begin(self, spot: int) -> None:
        """Begin with another spot."""
        self._looked_from = self._next = spot

    def due(self, spot: int) -> int:
        """Return the first spot from one on where there is something to set.

        Args:
            spot: None that is lower than the last one that was asked about.

        Returns:
            Its number; as many as there are spots if there is none.
        """
        if not self._looked_from <= spot <= self._next:
            steps = (self._next_step(spot, *axis) for axis in self._axes)
            ends_at = self._ends_at if spot <= self._ends_at else self._spots
            self._looked_from, self._next = spot, min(*steps, ends_at, self._spots)
        return self._next

    def _next_step(self, spot: int, behind: int, values: tuple[object, ...]) -> int:
        # Spots are numbered in C order: an axis steps when all behind it have gone round.
        index = -(-spot // behind)
        while values[index % len(values)] == values[(index - 1) % len(values)]:
            index += 1
        return index * behind


def _steps(move: Move) -> bool:
    return any(value != move.values[0] for value in move.values)
