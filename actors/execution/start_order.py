"""In which order the controllers of a group start, and come to rest. Pure.

Rule 1. Groups start by their numbers, the lowest first; the members of one start together.
Rule 2. A trigger master starts after all that are none, whatever their numbers: they must be
        armed and under way when it fires. Of several the lowest number is the first.
Rule 3. They come to rest the other way round.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Rank = tuple[bool, int]
"""Whether it is a trigger master, and the number of its group. The lowest starts first."""

FIRST: Final[Rank] = (False, 0)
"""The rank of a controller of which nothing is said."""


def start_groups(names: Iterable[str], ranks: Mapping[str, Rank]) -> list[list[str]]:
    """Return controllers in groups: each starts when all of the one before it have.

    >>> start_groups(["lo", "adc", "awg"], {"adc": (True, 0), "awg": (False, 1)})
    [['lo'], ['awg'], ['adc']]
    """

    def rank(name: str) -> Rank:
        return ranks.get(name, FIRST)

    return [list(members) for _, members in groupby(sorted(names, key=rank), key=rank)]
