"""Pacing: the spots that several controllers visit together.

Rule 1. At every spot all that move are set first, then all that read are read; nobody is called
        for the next phase before everybody has reached this one. Settings belong to the first set.
Rule 2. A word may be repeated at any time: controllers answer it again and act on it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from stationd.actors.stages.stretches import next_spot
from stationd.proto.program import SweepWork, Work

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.actors.stages.stretches import Covered

Phase = Literal["set", "read"]
_PHASES: Final[tuple[Phase, Phase]] = ("set", "read")


class Pacing:
    """Where a paced sweep stands.

    Args:
        works: The work by controller.
    """

    def __init__(self, works: Mapping[str, Work]) -> None:
        self.phase: Phase = "set"
        self.begun = False
        self._works = works
        self._awaited: set[str] = set()
        # Have ended, so they have done all of their part.
        self._left: set[str] = set()
        sweeps = [work for work in works.values() if isinstance(work, SweepWork) and work.paced]
        self._spots = max((work.spots for work in sweeps), default=0)
        self._first = self.spot = max((work.first for work in sweeps), default=0)

    def paces(self, controller: str) -> bool:
        """Whether a controller waits for the daemon's word at every spot."""
        return self._spots > 0 and any(self._takes_part(controller, phase) for phase in _PHASES)

    def resume(self, covered: Covered) -> None:
        """Go on with the first spot that is not stored whole.

        Args:
            covered: Which spots are stored, by readout.
        """
        returns = [
            f"{name}.{readout}"
            for name, work in self._works.items()
            if isinstance(work, SweepWork) and work.paced
            for readout in work.returns
        ]
        self.spot = next_spot(returns, covered, self._first)

    def begin(self) -> list[str]:
        """Return who is called for the first step; nobody if it has begun already."""
        if self.begun:
            return []
        self.begun = True
        return self._call()

    def awaits(self, controller: str) -> bool:
        """Whether a controller has been called for this step and has not answered."""
        return controller in self._awaited

    def reached(self, controller: str, spot: int, phase: Phase) -> list[str]:
        """Take a controller's answer and return who is called for the next step, if it is due."""
        if (spot, phase) != (self.spot, self.phase) or controller not in self._awaited:
            return []
        return self._answered(controller)

    def _answered(self, controller: str) -> list[str]:
        self._awaited.discard(controller)
        if self._awaited:
            return []
        self._next_phase()
        return self._call()

    def leave(self, controller: str) -> list[str]:
        """Count on a controller no more: it has ended.

        Returns:
            Who is called for the next step, if it was the last that this one waited for.
        """
        self._left.add(controller)
        if controller not in self._awaited:
            return []
        return self._answered(controller)

    def _call(self) -> list[str]:
        while self.spot < self._spots:
            called = [
                name
                for name in self._works
                if name not in self._left and self._takes_part(name, self.phase)
            ]
            if called:
                self._awaited = set(called)
                return called
            self._next_phase()
        return []

    def _takes_part(self, controller: str, phase: Phase) -> bool:
        work = self._works[controller]
        if not isinstance(work, SweepWork) or not work.paced:
            return False
        if phase == "read":
            return bool(work.returns)
        # Nobody reads before everybody has applied the settings, also those who move nothing.
        applies = bool(work.settings and work.returns) and self.spot == self._first
        return bool(work.moves) or applies

    def _next_phase(self) -> None:
        if self.phase == "set":
            self.phase = "read"
        else:
            self.phase = "set"
            self.spot += 1
