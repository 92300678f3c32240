"""Draws budgeted figures beside their budgets and their limits; needs ``stationd[plot]``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from benchmarks.row import Row, more_is_better
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS: Final = {"asyncio": "#1f77b4", "trio": "#d9730d"}
_LIMIT: Final = "#555555"
_OFFSETS: Final = {"asyncio": -0.14, "trio": 0.14}


def draw(rows: Sequence[Row], path: Path) -> None:
    """Draw each budgeted row as a multiple of its budget, on a logarithmic axis.

    To the left of the line a budget is kept: what should be large is drawn as its inverse.

    Args:
        rows: Of several figures and event loops; those without a budget are left out.
        path: The file, whose ending says in which format.
    """
    drawn = [row for row in rows if row.budget and row.value > 0]
    names = list(dict.fromkeys(row.name for row in drawn))
    # The same rows give the same file.
    mpl.rcParams.update({"svg.hashsalt": "stationd", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(8.5, 1.2 + 0.36 * len(names)), layout="constrained")
    axes = figure.subplots()
    for row in drawn:
        _draw_row(axes, row, names.index(row.name))
    _dress(axes, names)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _draw_row(axes: Axes, row: Row, place: int) -> None:
    at = place + _OFFSETS.get(row.backend, 0.0)
    colour = COLOURS.get(row.backend, "black")
    low, high = (_load(row, value) for value in row.spread)
    axes.plot([low, high], [at, at], color=colour, linewidth=1.5, solid_capstyle="butt")
    axes.plot(_load(row, row.value), at, "o", color=colour, markersize=5.5)
    if row.limit:
        axes.plot(_load(row, row.limit), at, "|", color=_LIMIT, markersize=9, markeredgewidth=1.6)


def _load(row: Row, value: float) -> float:
    """Return how much of its budget a value uses up: 1 is all of it, less is better."""
    budget = row.budget or 1.0
    used = value / budget
    return 1.0 / used if more_is_better(row) else used


def _dress(axes: Axes, names: Sequence[str]) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1.0, color="#b22222", linewidth=1.2)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="x", which="major", color="#dddddd", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel("share of the budget that is used; right of the line is too much")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    for backend, colour in COLOURS.items():
        label = "asyncio + uvloop" if backend == "asyncio" else backend
        axes.plot([], [], "o", color=colour, label=label)
    axes.plot(
        [], [], "|", color=_LIMIT, markersize=9, markeredgewidth=1.6, label="the machine's limit"
    )
    axes.plot([], [], "-", color="#b22222", label="the budget")
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=4, frameon=False, handletextpad=0.4
    )
