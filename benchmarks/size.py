"""How much each figure is measured with: the real sizes, and small ones for those who try."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Counts, of jobs where nothing else is said."""

    through: int = 5_000
    """Sent through all the rungs, one behind the other."""
    single: int = 200
    """Sent one by one to an idle station."""
    cancelled: int = 60
    gaps: tuple[tuple[float, int], ...] = ((0.0, 2_000), (0.001, 1_000), (0.01, 100), (0.1, 20))
    """Seconds that a job takes, and how many of them are run."""
    queued: int = 100_000
    pinged: int = 5_000
    """Submitted while somebody pings."""
    listeners: int = 100
    listened: int = 2_000
    """Whose facts each of the listeners is told."""
    many_listeners: int = 1_000
    stored: tuple[int, ...] = (100, 10_000, 1_000_000)
    """In the journal before one more is run."""
    controllers: int = 32
    over_controllers: int = 1_600
    circuits: int = 300
    """In one job."""
    spots: int = 500
    """Of a sweep over several controllers; or of each of its lines."""
    lines: int = 20
    spots_alone: int = 100_000
    """Of a sweep within one."""
    results: tuple[int, int] = (4, 256)
    """Jobs, and MiB of each one's result; a station stores no larger ones."""
    points: int = 10_000_000
    """Of one sweep, which is loaded."""
    scrapes: int = 100
    starts: int = 5


FULL: Final = Size()
QUICK: Final = replace(
    FULL,
    through=300,
    single=20,
    cancelled=5,
    gaps=((0.0, 100), (0.001, 100), (0.01, 20), (0.1, 5)),
    queued=1_000,
    pinged=500,
    listeners=10,
    listened=100,
    many_listeners=40,
    stored=(100, 1_000),
    controllers=4,
    over_controllers=100,
    circuits=10,
    spots=50,
    lines=5,
    spots_alone=1_000,
    results=(2, 8),
    points=1_000_000,
    scrapes=20,
    starts=1,
)
"""Shows that all can be measured, in a minute; the figures say little."""
