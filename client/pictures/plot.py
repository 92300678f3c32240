"""Pictures of results and of jobs, for notebooks and reports; they need ``stationd[plot]``.

Every function draws on the axes that it is given, or on new ones, and returns them.
"""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stationd.client.pictures.spans import CANCELLING, STAGES, spans
from stationd.client.results.outcome import SweepData
from stationd.proto.error import RequestError
from stationd.proto.job import JobView
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A model that was fitted: from values of the setting to values of the readout."""

MOST_BARS: Final = 32
"""Outcomes that get a bar of their own; the rarer ones share the last."""
MOST_SERIES: Final = 20
FIT_POINTS: Final = 400
_MOST_TICKS: Final = 6
_WITHOUT_PREFIX: Final = frozenset({"%", "dB", "dBm", "deg", "°"})

_S = JobExecutorStatus
_END_MARKS: Final = {
    _S.READY: ("o", "#54a24b"),
    _S.FAILED: ("X", "#e45756"),
    _S.ABORTED: ("s", "#e45756"),
}


def histogram(counts: Mapping[str, int], *, axes: Axes | None = None) -> Axes:
    """Draw how often each outcome of a circuit was seen.

    Args:
        counts: Shots by outcome, as in `CircuitResult.counts`.
        axes: Where to draw; None for new ones.
    """
    axes = axes or _new_axes()
    bars = rarest_together(counts)
    axes.bar(list(bars), list(bars.values()), color="#4c78a8")
    axes.set_xlabel("outcome")
    axes.set_ylabel("shots")
    axes.tick_params(axis="x", labelrotation=90 if len(bars) > 8 else 0)  # noqa: PLR2004 - room for text
    return axes


def sweep(
    data: SweepData,
    readout: str = "",
    *,
    fits: Sequence[Curve] = (),
    axes: Axes | None = None,
) -> Axes:
    """Draw a readout along the setting that moved fastest, one series for each of the others.

    Args:
        data: A sweep with one number per reading; complex ones are drawn as their magnitude.
        readout: The readout's dotted name; empty for the only one.
        fits: A curve for each series, the slowest setting first; or none.
        axes: Where to draw; None for new ones.

    Raises:
        RequestError: There is no such readout, or too much to draw. Nothing was drawn.
    """
    name, values = _readout(data, readout)
    setting, steps = _numbers(data, values.ndim - 1)
    series = values.reshape(-1, values.shape[-1])
    if len(series) > MOST_SERIES:
        raise RequestError(f"{len(series)} series are too many to draw: at most {MOST_SERIES} are")
    if len(fits) not in {0, len(series)}:
        raise RequestError(f"there are {len(series)} series and {len(fits)} fits: give all or none")
    axes = axes or _new_axes()
    along: NDArray[np.float64] = np.linspace(steps.min(), steps.max(), FIT_POINTS, dtype=np.float64)
    for number, label in enumerate(_labels(data, values.shape[:-1])):
        colour = f"C{number}"
        axes.plot(steps, series[number], "o", markersize=4, color=colour, label=label or name)
        if fits:
            axes.plot(along, fits[number](along), color=colour)
    if len(series) > 1:
        axes.legend(frameon=False)
    axes.set_xlabel(setting)
    axes.set_ylabel(_label(data, name))
    _show_unit(axes.xaxis, data.units.get(setting))
    _show_unit(axes.yaxis, data.units.get(name))
    return axes


def heat_map(
    data: SweepData, readout: str = "", *, along: str = "", axes: Axes | None = None
) -> Axes:
    """Draw a readout over two settings in colours, the one that moved fastest to the right.

    Of a sweep along one setting whose readings are traces, the traces run to the right. Complex
    readings are drawn as their magnitude.

    Args:
        data: A sweep of two dimensions with one number per reading, or of one with a trace.
        readout: The readout's dotted name; empty for the only one.
        along: For traces: the readout that says where their numbers belong, as in
            ``vna.frequency``; empty to count them.
        axes: Where to draw; None for new ones.

    Raises:
        RequestError: There is no such readout, or what there is has not two dimensions. Nothing
            was drawn.
    """
    name, values = _values(data, readout)
    if values.ndim != 2:  # noqa: PLR2004 - a picture has two directions
        raise RequestError(
            f"{name} has {values.ndim} dimensions: a heat map takes a sweep of two settings with"
            " one number per spot, or of one with a trace"
        )
    up, rows = _numbers(data, 0)
    traces = _swept(data) == 1
    across, columns = _along(data, along, values) if traces else _numbers(data, 1)
    axes = axes or _new_axes()
    mesh = axes.pcolormesh(columns, rows, values, shading="nearest", rasterized=True)
    bar = axes.figure.colorbar(mesh, ax=axes, label=_label(data, name))
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    _show_unit(axes.xaxis, data.units.get(across))
    _show_unit(axes.yaxis, data.units.get(up))
    _show_unit(bar.ax.yaxis, data.units.get(name))
    return axes


def timelines(jobs: Sequence[JobView], *, axes: Axes | None = None) -> Axes:
    """Draw what each job did when: one row per job, the stages as bars, the end as a mark.

    Args:
        jobs: As `jobs.view` returns them; a job that is under way ends at its newest status.
        axes: Where to draw; None for new ones.
    """
    axes = axes or _new_axes()
    colours = {name: colour for name, (colour, _) in STAGES.items()} | dict([CANCELLING])
    begin = min((job.created_unix_s for job in jobs), default=0.0)
    drawn: set[str] = set()
    for row, job in enumerate(jobs):
        for span in spans(job.timeline):
            axes.barh(
                row,
                span.end - span.start,
                left=span.start - begin,
                height=0.6,
                color=colours[span.stage],
                label="_" if span.stage in drawn else span.stage,
            )
            drawn.add(span.stage)
        if job.timeline and job.status in _END_MARKS:
            marker, colour = _END_MARKS[job.status]
            axes.plot(
                job.timeline[-1].time_unix_s - begin, row, marker, color=colour, clip_on=False
            )
    names = [job.name or f"job {job.number}" for job in jobs]
    labels = [f"{name}\n{job.status}" for name, job in zip(names, jobs, strict=True)]
    axes.set_yticks(range(len(jobs)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("seconds since the first job was stored")
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        _add_legend(axes, list(colours))
    return axes


def rarest_together(counts: Mapping[str, int], most: int = MOST_BARS) -> dict[str, int]:
    """Return counts in the order of their outcomes, the rarest added up if there are too many.

    >>> rarest_together({"00": 1, "11": 70, "01": 2, "10": 27}, most=3)
    {'10': 27, '11': 70, 'others': 3}
    """
    by_size = sorted(counts, key=lambda outcome: -counts[outcome])
    kept = by_size if len(by_size) <= most else by_size[: most - 1]
    bars = {outcome: counts[outcome] for outcome in sorted(kept)}
    rest = sum(counts.values()) - sum(bars.values())
    return bars | {"others": rest} if rest else bars


def _readout(data: SweepData, name: str) -> tuple[str, NDArray[np.float64]]:
    """Return a readout with one number per spot."""
    name, values = _values(data, name)
    if values.ndim != _swept(data) or values.ndim == 0:
        raise RequestError(f"{name} is of shape {values.shape}: one number per spot can be drawn")
    return name, values


def _values(data: SweepData, name: str) -> tuple[str, NDArray[np.float64]]:
    """Return a readout's name and values, of complex ones the magnitudes."""
    known = ", ".join(data.arrays)
    if not name and len(data.arrays) != 1:
        raise RequestError(f"say which readout to draw: {known}")
    name = name or next(iter(data.arrays))
    if name not in data.arrays:
        raise RequestError(f"the sweep has no readout {name!r}; it has {known}")
    found = data.arrays[name]
    return name, np.asarray(np.abs(found) if np.iscomplexobj(found) else found, dtype=np.float64)


def _swept(data: SweepData) -> int:
    """Return how many dimensions the settings span."""
    return 1 + max(data.dimensions.values(), default=-1)


def _label(data: SweepData, name: str) -> str:
    return f"|{name}|" if np.iscomplexobj(data.arrays[name]) else name


def _along(
    data: SweepData, name: str, traces: NDArray[np.float64]
) -> tuple[str, NDArray[np.float64]]:
    """Return what traces run along, and where their numbers are on it."""
    if not name:
        return "number in the trace", np.arange(traces.shape[1], dtype=np.float64)
    name, places = _values(data, name)
    if places.shape != traces.shape or not np.array_equal(
        places, np.broadcast_to(places[0], places.shape)
    ):
        raise RequestError(f"{name} does not say of every trace that it runs along the same places")
    return name, places[0]


def _numbers(data: SweepData, dimension: int) -> tuple[str, NDArray[np.float64]]:
    """Return a setting that runs along a dimension, and its values."""
    for setting, steps in data.axes.items():
        if data.dimensions[setting] == dimension and np.issubdtype(steps.dtype, np.number):
            return setting, np.asarray(steps, dtype=np.float64)
    raise RequestError(f"no setting with numbers for values runs along dimension {dimension}")


def _labels(data: SweepData, shape: tuple[int, ...]) -> list[str]:
    """Say for each series what the slower settings stood at."""
    return [
        ", ".join(
            f"{setting} = {data.axes[setting][place[dimension]]} {data.units.get(setting, '')}"
            for setting, dimension in data.dimensions.items()
            if dimension < len(shape)
        ).rstrip()
        for place in np.ndindex(shape)
    ]


def _show_unit(axis: Axis, unit: str | None) -> None:
    """Write 50 us, and not 0.00005; but no thousandths of a dBm."""
    if unit in _WITHOUT_PREFIX:
        axis.set_label_text(f"{axis.get_label_text()} ({unit})")
    elif unit:
        from matplotlib.ticker import EngFormatter, MaxNLocator  # noqa: PLC0415 - an extra

        axis.set_major_formatter(EngFormatter(unit))
        # Numbers with units are wide: more of them run into each other.
        axis.set_major_locator(MaxNLocator(_MOST_TICKS))


def _add_legend(axes: Axes, order: Sequence[str]) -> None:
    handles, labels = axes.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))
    shown = [label for label in order if label in by_label]
    axes.legend(
        [by_label[label] for label in shown],
        shown,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        frameon=False,
    )


def _new_axes() -> Axes:
    try:
        from matplotlib import pyplot as plt  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RequestError("drawing needs matplotlib: pip install 'stationd[plot]'") from error
    return plt.subplots(layout="constrained")[1]
