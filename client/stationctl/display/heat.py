"""A heat map made of characters: two rows of colours in each line of the terminal."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final

from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.style import Style
from rich.text import Text

from stationd.client.stationctl.display.pictures import quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_ROWS: Final = 24
"""Rows of colours; more are drawn as means of neighbours."""
_WIDEST_POINT: Final = 4
"""Cells."""
_SCALE: Final = 24
"""Cells of the scale below a map."""
_ANCHORS: Final = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Viridis, in five steps: dark to bright for every eye, and in print."""


def heat_map(rows: Sequence[Sequence[float]], width: int) -> list[Text]:
    """Return a map of numbers, the first row at the bottom; what is not a number stays empty.

    Args:
        rows: Of equal length.
        width: Cells that there is room for.
    """
    values = coarsened([coarsened_row(row, width) for row in rows], MOST_ROWS)
    low, high = extent(values)
    # A few points are drawn wide enough to be seen.
    across = max(1, min(width // len(values[0]), _WIDEST_POINT))
    lines: list[Text] = []
    # From the top; the lowest line may have an upper half alone.
    for start in range(len(values) - 1, -1, -2):
        upper = values[start]
        lower = values[start - 1] if start else [float("nan")] * len(upper)
        cells = [_cell(*pair, low, high) for pair in zip(upper, lower, strict=True)]
        lines.append(Text.assemble(*((text * across, style) for text, style in cells)))
    return lines


def scale(rows: Sequence[Sequence[float]], unit: str) -> Text:
    """Return what the colours of a map mean."""
    low, high = extent(rows)
    steps = [low + (high - low) * step / (_SCALE - 1) for step in range(_SCALE)]
    cells = [("█", Style(color=_colour(step, low, high))) for step in steps]
    return Text.assemble(f"{quantity(low, unit)} ", *cells, f" {quantity(high, unit)}")


def extent(rows: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the lowest and the highest number; 0 and 0 if there is none."""
    finite = [value for row in rows for value in row if isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 0.0)


def coarsened_row(row: Sequence[float], most: int) -> list[float]:
    """Return as many values as fit, each the mean of its neighbours.

    >>> coarsened_row([1.0, 3.0, 5.0, 7.0], 2)
    [2.0, 6.0]
    """
    count = min(len(row), most)
    parts = [row[i * len(row) // count : (i + 1) * len(row) // count] for i in range(count)]
    return [_mean(part) for part in parts]


def coarsened(rows: Sequence[Sequence[float]], most: int) -> list[list[float]]:
    """Return as many rows as fit, each the mean of its neighbours."""
    columns = [coarsened_row(column, most) for column in zip(*rows, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if isfinite(value)]
    return sum(finite) / len(finite) if finite else float("nan")


def _cell(upper: float, lower: float, low: float, high: float) -> tuple[str, Style]:
    above, below = (
        _colour(value, low, high) if isfinite(value) else None for value in (upper, lower)
    )
    if above is None:
        return (" ", Style()) if below is None else ("▄", Style(color=below))
    return "▀", Style(color=above, bgcolor=below)


def _colour(value: float, low: float, high: float) -> Color:
    share = (value - low) / (high - low) if high > low else 0.5
    place = min(max(share, 0.0), 1.0) * (len(_ANCHORS) - 1)
    step = min(int(place), len(_ANCHORS) - 2)
    dark, bright = _ANCHORS[step], _ANCHORS[step + 1]
    mixed = [round(a + (b - a) * (place - step)) for a, b in zip(dark, bright, strict=True)]
    return Color.from_triplet(ColorTriplet(*mixed))
