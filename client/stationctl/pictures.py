"""Results drawn with characters: a histogram of counts, a line over one swept setting."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_OUTCOMES: Final = 16
"""Bars in a histogram; the rest is summed up."""
_BAR: Final = 40
_HEIGHT: Final = 8
_WIDTH: Final = 60
_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"


def histogram(counts: dict[str, int], *, bars: bool) -> list[str]:
    """Return a line for each outcome, the most frequent first.

    >>> histogram({"00": 1, "11": 3}, bars=True)
    ['11  3  ██████████████████████████████', '00  1  ██████████']
    """
    total = sum(counts.values())
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    digits = len(str(ranked[0][1])) if ranked else 1
    lines = [
        f"{outcome}  {count:>{digits}}" + (f"  {_bar(count / total)}" if bars and total else "")
        for outcome, count in ranked[:MOST_OUTCOMES]
    ]
    rest = ranked[MOST_OUTCOMES:]
    if rest:
        lines.append(f"and {len(rest)} more outcomes, seen {sum(n for _, n in rest)} times")
    return lines


def curve(x: Sequence[float], y: Sequence[float], x_label: str, y_label: str) -> list[str]:
    """Return a plot of one quantity over another, or nothing if there is nothing to see."""
    columns = _columns(y)
    finite = [value for value in columns if math.isfinite(value)]
    if not finite or len(x) < 2:  # noqa: PLR2004 - a line takes two points
        return []
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    heights = [
        (value - low) / span * (_HEIGHT * 8 - 1) + 1 if math.isfinite(value) else 0.0
        for value in columns
    ]
    rows = [
        "".join(_EIGHTHS[round(min(max(height - 8 * row, 0), 8))] for height in heights)
        for row in reversed(range(_HEIGHT))
    ]
    margin = max(len(f"{low:g}"), len(f"{high:g}"))
    marks = [f"{high:g}", *[""] * (_HEIGHT - 2), f"{low:g}"]
    return [
        y_label,
        *(f"{mark:>{margin}} │{row}" for mark, row in zip(marks, rows, strict=True)),
        f"{'':>{margin}}  {x[0]:g} … {x[-1]:g}  {x_label}",
    ]


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


def styled(lines: Sequence[str]) -> Text:
    """Return lines as they are, without a meaning for brackets."""
    return Text("\n".join(lines))


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _columns(y: Sequence[float]) -> list[float]:
    """Return as many values as fit side by side, each the mean of its neighbours."""
    count = min(len(y), _WIDTH)
    columns: list[float] = []
    for column in range(count):
        part = y[column * len(y) // count : (column + 1) * len(y) // count]
        finite = [value for value in part if math.isfinite(value)]
        columns.append(sum(finite) / len(finite) if finite else math.nan)
    return columns
