"""Pictures in files, drawn by `pictures/`."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

import click

from stationd.client.pictures.counts import histogram
from stationd.client.pictures.sweeps import heat_map, sweep
from stationd.client.pictures.timelines import timelines
from stationd.client.results.outcome import CircuitResult, Outcome, SweepData
from stationd.proto.error import RequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stationd.proto.job import JobView

MOST_PANELS: Final = 12
"""Pictures in one file."""
FORMATS: Final = (".png", ".svg", ".pdf")
_ACROSS: Final = 3
_MOST_LINES: Final = 6
"""Series that a plot of lines can show apart; more become a heat map."""
_PANEL_INCHES: Final = (5.0, 3.6)
_DOTS_PER_INCH: Final = 150

Panel = tuple[str, CircuitResult | SweepData, str]
"""A title, what to draw, and of a sweep the readout."""


def draw_results(outcomes: Mapping[str, Outcome], file: Path) -> None:
    """Draw results, a panel for each circuit and for each readout of a sweep.

    Args:
        outcomes: By title.
        file: Where to; the suffix says in which format.

    Raises:
        RequestError: There is nothing to draw, or too much. No file was written.
    """
    panels = [
        (title, outcome, readout)
        for title, outcome in outcomes.items()
        if isinstance(outcome, CircuitResult | SweepData)
        for readout in (outcome.arrays if isinstance(outcome, SweepData) else ("",))
    ]
    if not panels:
        raise RequestError("the job has no counts and no sweep to draw")
    if len(panels) > MOST_PANELS:
        raise RequestError(
            f"{len(panels)} pictures do not fit into a file, {MOST_PANELS} do: choose with --item"
        )
    across = min(len(panels), _ACROSS)
    figure, axes = _figure(ceil(len(panels) / across), across, file)
    for one, panel in zip(axes, panels, strict=False):
        _draw(one, panel)
    for spare in axes[len(panels) :]:
        spare.set_axis_off()
    _write(figure, file)


def draw_timelines(views: Sequence[JobView], file: Path) -> None:
    """Draw what jobs did when, a row for each."""
    figure, (axes, *_) = _figure(1, 1, file)
    figure.set_size_inches(9.0, 1.6 + 0.6 * len(views))
    timelines(views, axes=axes)
    _write(figure, file)


def _draw(axes: Axes, panel: Panel) -> None:
    title, outcome, readout = panel
    axes.set_title(title, fontsize="medium")
    if isinstance(outcome, CircuitResult):
        histogram(outcome.counts, axes=axes)
        return
    shape = outcome.arrays[readout].shape
    settings = len(set(outcome.dimensions.values()))
    # Two settings, or one with traces.
    if len(shape) == 2 and (settings == 1 or shape[0] > _MOST_LINES):  # noqa: PLR2004
        heat_map(outcome, readout, axes=axes)
    else:
        sweep(outcome, readout, axes=axes)


def _figure(down: int, across: int, file: Path) -> tuple[Figure, list[Axes]]:
    if file.suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise click.UsageError(f"--plot {file}: the name has to end in one of {known}")
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RequestError("drawing needs matplotlib: pip install 'stationd[plot]'") from error
    # Not through pyplot: no window is looked for, and nothing is left behind.
    width, height = _PANEL_INCHES
    figure = Figure(figsize=(width * across, height * down), layout="constrained")
    made = figure.subplots(down, across, squeeze=False)
    return figure, [axes for row in made for axes in row]


def _write(figure: Figure, file: Path) -> None:
    try:
        figure.savefig(file, dpi=_DOTS_PER_INCH)
    except OSError as error:
        raise click.FileError(str(file), str(error)) from error
