"""A result as it is drawn on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from stationd.client.results.outcome import CircuitResult, CompiledCircuit, Outcome, SweepData
from stationd.client.stationctl.display.heat import heat_map, scale
from stationd.client.stationctl.display.outcome_text import (
    READINGS,
    compiled,
    only_sets,
    readings,
    shots,
    spots,
    told,
)
from stationd.client.stationctl.display.pictures import curve, histogram, quantity
from stationd.client.stationctl.printing import table

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import RenderableType

WIDEST: Final = 100
"""Columns of a picture, however wide the terminal is."""
_MARGIN: Final = 14
"""Columns for the numbers beside a picture."""


def drawn(outcome: Outcome, width: int) -> list[RenderableType]:
    """Return the parts of a picture.

    Args:
        outcome: What to draw.
        width: Columns of the terminal.
    """
    room = min(width, WIDEST)
    match outcome:
        case CircuitResult():
            return [shots(outcome), _text(histogram(outcome.counts, room))]
        case SweepData() if not only_sets(outcome):
            rows = [*readings(outcome)]
            return [spots(outcome), table(READINGS, rows), *_pictures(outcome, room - _MARGIN)]
        case CompiledCircuit():
            return [_text(compiled(outcome))]
        case _:
            return [_text(told(outcome))]


def _pictures(data: SweepData, width: int) -> list[RenderableType]:
    """Draw each readout that is a number per point over one or two settings."""
    parts: list[RenderableType] = []
    for name, array in data.arrays.items():
        settings = _settings(data, array)
        if array.dtype.kind not in "iuf" or not settings:
            continue
        if len(settings) == 1:
            (setting,) = settings
            x, y = data.axes[setting].tolist(), array.tolist()
            units = (data.units.get(setting, ""), data.units.get(name, ""))
            parts.append(_text(curve(x, y, (setting, name), units, width)))
        else:
            parts += _map(data, name, array, settings, width)
    return parts


def _map(
    data: SweepData, name: str, array: NDArray[Any], settings: list[str], width: int
) -> list[RenderableType]:
    up, across = settings
    rows: list[list[float]] = array.astype(float).tolist()
    drawn_rows = heat_map(rows, width)
    marks = {0: _mark(data, up, -1), len(drawn_rows) - 1: _mark(data, up, 0)}
    margin = max(len(mark) for mark in marks.values())
    lines = [
        Text.assemble(f"{marks.get(number, ''):>{margin}} │", line)
        for number, line in enumerate(drawn_rows)
    ]
    below = f"{'':>{margin}}  {_mark(data, across, 0)} … {_mark(data, across, -1)}  {across}"
    title = Text(f"{name} over {up}", style="bold")
    unit = data.units.get(name, "")
    return [
        Text(),
        title,
        *lines,
        Text(below),
        Text.assemble(" " * (margin + 2), scale(rows, unit)),
    ]


def _settings(data: SweepData, array: NDArray[Any]) -> list[str]:
    """Return a setting with numbers for each dimension, the slowest first; none to draw nothing."""
    if array.ndim not in {1, 2} or not array.size:
        return []
    found = [
        next(
            (
                setting
                for setting, axis in data.axes.items()
                if data.dimensions[setting] == dimension and axis.dtype.kind in "iuf"
            ),
            "",
        )
        for dimension in range(array.ndim)
    ]
    return found if all(found) else []


def _mark(data: SweepData, setting: str, place: int) -> str:
    return quantity(float(data.axes[setting][place]), data.units.get(setting, ""))


def _text(lines: list[str]) -> Text:
    """Return lines as they are: brackets have no meaning in them."""
    return Text("\n".join(lines))
