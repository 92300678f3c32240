"""Results drawn with characters: a histogram of counts, a line over one swept setting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_OUTCOMES: Final = 16
"""Bars in a histogram; the rest is summed up."""
_WIDEST: Final = 70
"""Columns of a histogram, however much room there is."""
_HEIGHT: Final = 8
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
"""Of a cell's height."""
_PREFIXES: Final = ("p", "n", "µ", "m", "", "k", "M", "G", "T")
_UNITY: Final = 4
"""The place of the prefix that is none."""
_PARTS: Final = " ▏▎▍▌▋▊▉"
"""Of a cell's width."""


def histogram(counts: Mapping[str, int], width: int = 0) -> list[str]:
    """Return a line for each outcome, the most frequent first.

    >>> histogram({"00": 1, "11": 3}, width=14)
    ['11  3  ███████', '00  1  ██▍']

    Args:
        counts: Shots by outcome.
        width: Columns that there is room for; 0 for numbers and no bars.
    """
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if not ranked or not total:
        return ["no shots"]
    highest = ranked[0][1]
    digits = len(f"{highest:,}")
    room = max(min(width, _WIDEST) - len(ranked[0][0]) - digits - 4, 0)
    lines = [
        f"{outcome}  {count:>{digits},}  {_bar(count / highest * room)}".rstrip()
        for outcome, count in ranked[:MOST_OUTCOMES]
    ]
    rest = ranked[MOST_OUTCOMES:]
    if rest:
        seen = sum(count for _, count in rest)
        lines.append(f"and {len(rest):,} more outcomes, seen {seen:,} times")
    return lines


def curve(
    x: Sequence[float],
    y: Sequence[float],
    names: tuple[str, str],
    units: tuple[str, str] = ("", ""),
    width: int = 60,
) -> list[str]:
    """Return a plot of one quantity over another, or nothing if there is nothing to see.

    Args:
        x: In order.
        y: Of the same length.
        names: What x and y are.
        units: Theirs.
        width: Columns that there is room for.
    """
    columns = _columns(y, width)
    finite = [value for value in columns if math.isfinite(value)]
    if not finite or len(x) < 2:  # noqa: PLR2004 - a line takes two points
        return []
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    heights = [
        (value - low) / span * (_HEIGHT * 8 - 1) + 1 if math.isfinite(value) else 0.0
        for value in columns
    ]
    # A few points are drawn wide enough to be seen.
    across = max(1, width // len(columns))
    rows = [
        "".join(
            _EIGHTHS[round(min(max(height - 8 * row, 0), 8))] * across for height in heights
        ).rstrip()
        for row in reversed(range(_HEIGHT))
    ]
    highest, lowest = quantity(high, units[1]), quantity(low, units[1])
    margin = max(len(highest), len(lowest))
    marks = [highest, *[""] * (_HEIGHT - 2), lowest]
    return [
        "",
        names[1],
        *(f"{mark:>{margin}} │{row}" for mark, row in zip(marks, rows, strict=True)),
        f"{'':>{margin}}  {quantity(x[0], units[0])} … {quantity(x[-1], units[0])}  {names[0]}",
    ]


def quantity(value: float, unit: str) -> str:
    """Return a number with its unit, in the size that people say it in.

    >>> [quantity(2e-4, "s"), quantity(5e9, "Hz"), quantity(0.0, "V"), quantity(0.25, "")]
    ['200 µs', '5 GHz', '0 V', '0.25']
    """
    if not unit or not math.isfinite(value) or value == 0:
        return f"{value:.4g} {unit}".rstrip()
    thousands = min(
        max(math.floor(math.log10(abs(value)) / 3), -_UNITY), len(_PREFIXES) - _UNITY - 1
    )
    return f"{value / 1000**thousands:.4g} {_PREFIXES[_UNITY + thousands]}{unit}".replace("  ", " ")


def spark(values: Sequence[float], width: int) -> str:
    """Return a line of bars, a cell each, the newest value last; from zero to the highest.

    >>> spark([0, 1, 2, 4], 10)
    '▁▂▄█'
    """
    newest = values[-width:]
    most = max(newest, default=0)
    if most <= 0:
        return _EIGHTHS[1] * len(newest)
    return "".join(_EIGHTHS[max(round(value / most * 8), 1)] for value in newest)


def _bar(cells: float) -> str:
    eighths = round(cells * 8)
    return "█" * (eighths // 8) + _PARTS[eighths % 8].strip()


def _columns(y: Sequence[float], width: int) -> list[float]:
    """Return as many values as fit side by side, each the mean of its neighbours."""
    count = min(len(y), width)
    columns: list[float] = []
    for column in range(count):
        part = y[column * len(y) // count : (column + 1) * len(y) // count]
        finite = [value for value in part if math.isfinite(value)]
        columns.append(sum(finite) / len(finite) if finite else math.nan)
    return columns
