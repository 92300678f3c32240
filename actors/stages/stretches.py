"""A sweep that was made in several attempts: which spots are of which, and what comes next.

Rule 1. An attempt goes on at the first spot of which a reading is missing, whichever controller
        it is of. From there on nothing that came before counts: all readings of a spot are of
        one attempt.
Rule 2. Pure, and the same whenever it is asked: what is stored of attempts that are over does
        not change, so a daemon that starts again finds what the one before it found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Range = tuple[int, int]
"""Spots from the first one up to, and without, the last one."""
Covered = dict[str, list[Range]]
"""By readout, as in ``meter.voltage``: the spots that are stored, in order, with gaps between."""


class Stretch(Struct, frozen=True, array_like=True):
    """Spots that one attempt made."""

    attempt: int
    first: int
    end: int
    """Without this one."""


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return the same spots in as few ranges as there can be, in order.

    >>> merged([(4, 6), (0, 2), (2, 3), (5, 5)])
    [(0, 3), (4, 6)]
    """
    found: list[Range] = []
    for first, end in sorted(ranges):
        if end <= first:
            continue
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((first, end))
    return found


def next_spot(returns: Sequence[str], covered: Covered, first: int) -> int:
    """Return the first spot from one on of which some reading is missing.

    Args:
        returns: The readouts of which every spot needs a reading.
        covered: What is stored.
        first: The spot to begin with.

    >>> next_spot(["a.x", "b.y"], {"a.x": [(0, 7)], "b.y": [(0, 3), (5, 7)]}, 2)
    3
    """
    return min((_reached(covered.get(name, ()), first) for name in returns), default=first)


def _reached(ranges: Iterable[Range], spot: int) -> int:
    return next((end for first, end in ranges if first <= spot < end), spot)


def stretches(returns: Sequence[str], stored: Mapping[int, Covered], spots: int) -> list[Stretch]:
    """Return which spots are of which attempt: together all of them, each once.

    Args:
        returns: The readouts of which every spot needs a reading.
        stored: By attempt, all of them up to now: what is stored of it.
        spots: How many the sweep has.

    Returns:
        In order, and without attempts that got no further. To the last attempt belongs all that
        those before it have left, whether it came to do it or not.
    """
    found: list[Stretch] = []
    first = 0
    for attempt in sorted(stored):
        end = min(next_spot(returns, stored[attempt], first), spots)
        if end > first:
            found.append(Stretch(attempt, first, end))
        first = end
    last = max(stored, default=1)
    if found and found[-1].attempt == last:
        found[-1] = Stretch(last, found[-1].first, spots)
    elif first < spots:
        found.append(Stretch(last, first, spots))
    return found


def goes_on_at(returns: Sequence[str], earlier: Mapping[int, Covered]) -> int:
    """Return the spot that an attempt begins with, by what those before it have left."""
    first = 0
    for attempt in sorted(earlier):
        first = next_spot(returns, earlier[attempt], first)
    return first


def told(found: Sequence[Stretch]) -> str:
    """Say which spots are of which attempt.

    >>> told([Stretch(1, 0, 412), Stretch(3, 412, 1001)])
    '1: 0 to 411, 3: from 412'
    """
    *before, last = found
    ended = [f"{one.attempt}: {one.first} to {one.end - 1}" for one in before]
    return ", ".join([*ended, f"{last.attempt}: from {last.first}"])
