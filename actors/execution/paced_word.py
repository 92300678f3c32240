"""The daemon's word to one controller of a paced sweep: which steps it may do. Pure.

Steps are numbered: those of a spot are to set and then to read there.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

Phase = Literal["set", "read"]
SET: Final = "set"
READ: Final = "read"


def number_of(spot: int, phase: Phase) -> int:
    """Return the number of a step.

    >>> number_of(0, "set"), number_of(0, "read"), number_of(3, "set")
    (0, 1, 6)
    """
    return 2 * spot + (phase == READ)


class PacedWord(Struct, frozen=True):
    """From one step on to another, which is that spot's last if they are not the same.

    >>> word = PacedWord("meter", 1, 5)
    >>> word.spot, word.phase, word.through
    (0, 'read', 2)
    >>> PacedWord("meter", 4, 4).through is None
    True
    """

    controller: str
    first: int
    last: int

    @property
    def spot(self) -> int:
        """The spot of the first step."""
        return self.first // 2

    @property
    def phase(self) -> Phase:
        """What is to be done there."""
        return READ if self.first % 2 else SET

    @property
    def through(self) -> int | None:
        """The spot up to the end of which it may go on by itself; None for one step."""
        return None if self.last == self.first else self.last // 2

    def behind(self, step: int, *, sets: bool) -> PacedWord:
        """Return what is left of it behind a step.

        Args:
            step: Not its last one.
            sets: Whether the controller sets anything at all.

        >>> PacedWord("meter", 1, 5).behind(1, sets=False)
        PacedWord(controller='meter', first=3, last=5)
        """
        first = step + 1
        return PacedWord(self.controller, first if sets else first | 1, self.last)
