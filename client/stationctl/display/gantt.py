"""Timelines made of characters: a row for each job, a colour for each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from stationd.client.pictures.spans import CANCELLING, STAGES, spans
from stationd.client.stationctl.printing import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.client.pictures.spans import Span
    from stationd.proto.job import JobView

_COLOURS: Final = {name: colour for name, (colour, _) in STAGES.items()} | dict([CANCELLING])
_LEAST: Final = 10
"""Columns of the axis of time, however narrow the terminal is."""
_LONGEST_NAME: Final = 20
_LEAST_SHARE: Final = 0.001
"""Of all the time; what took less is not told."""
_CELL: Final = "█"


def gantt(views: Sequence[JobView], width: int) -> Group:
    """Return what jobs did when.

    Args:
        views: The jobs.
        width: Columns that there is room for.
    """
    rows = {view.id: spans(view.timeline) for view in views}
    begin = min((row[0].start for row in rows.values() if row), default=0.0)
    end = max((row[-1].end for row in rows.values() if row), default=begin)
    longest = min(max((len(view.name) for view in views), default=0), _LONGEST_NAME)
    digits = max((len(str(view.number)) for view in views), default=0)
    cells = max(width - digits - longest - len("COMPLETED") - 8, _LEAST)
    lines = [
        Text.assemble(
            f"{view.number:<{digits}}  {view.name[:longest]:<{longest}}  ",
            row(rows[view.id], begin, end, cells),
            f"  {view.coarse.name}",
        )
        for view in views
    ]
    axis = " " * (digits + longest + 4) + f"0 … {duration(end - begin)}"
    return Group(*lines, Text(axis, style="dim"), Text(), legend(list(rows.values())))


def row(stages: Sequence[Span], begin: float, end: float, cells: int) -> Text:
    """Return one job's bar: each cell has the colour of what took the most of its time.

    Args:
        stages: What the job did when.
        begin: Where the axis begins, Unix seconds.
        end: Where it ends.
        cells: How many the axis has.
    """
    text = Text()
    step = (end - begin) / cells or 1.0
    for cell in range(cells):
        first, last = begin + cell * step, begin + (cell + 1) * step
        shares = {span: min(span.end, last) - max(span.start, first) for span in stages}
        most = max(shares, key=lambda span: shares[span], default=None)
        if most is None or shares[most] <= 0:
            text.append(" ")
        else:
            text.append(_CELL, style=_COLOURS[most.stage])
    return text


def legend(rows: Sequence[Sequence[Span]]) -> Text:
    """Say which colour is what, and how long it took in all."""
    text = Text()
    every = sum(span.end - span.start for spans in rows for span in spans)
    for stage, colour in _COLOURS.items():
        took = [span.end - span.start for spans in rows for span in spans if span.stage == stage]
        if sum(took) >= _LEAST_SHARE * every:
            text.append(f"{_CELL}\u00a0", style=colour)
            # What belongs together stays on one line.
            text.append(f"{stage} {duration(sum(took))}".replace(" ", "\u00a0"))
            text.append("   ")
    return text
