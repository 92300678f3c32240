"""Readouts of a sweep as curves and as heat maps."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stationd.client.pictures.axes import new_axes
from stationd.client.results.outcome import SweepData
from stationd.proto.error import RequestError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""A model that was fitted: from values of the setting to values of the readout."""

MOST_SERIES: Final = 20
FIT_POINTS: Final = 400
_MOST_TICKS: Final = 6
_WITHOUT_PREFIX: Final = frozenset({"%", "dB", "dBm", "deg", "°"})


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
    axes = axes or new_axes()
    along: NDArray[np.float64] = np.linspace(steps.min(), steps.max(), FIT_POINTS, dtype=np.float64)
    for number, label in enumerate(_labels(data, values.shape[:-1])):
        colour = f"C{number}"
        axes.plot(steps, series[number], "o", markersize=4, color=colour, label=label or name)
        if fits:
            axes.plot(along, fits[number](along), color=colour)
    if len(series) > 1:
        axes.legend(framealpha=0.8, edgecolor="none")
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
    axes = axes or new_axes()
    mesh = axes.pcolormesh(columns, rows, values, shading="nearest", rasterized=True)
    bar = axes.figure.colorbar(mesh, ax=axes, label=_label(data, name))
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    _show_unit(axes.xaxis, data.units.get(across))
    _show_unit(axes.yaxis, data.units.get(up))
    _show_unit(bar.ax.yaxis, data.units.get(name))
    return axes


def _readout(data: SweepData, name: str) -> tuple[str, NDArray[np.float64]]:
    """Return a readout with one number per spot."""
    name, values = _values(data, name)
    if values.ndim != _swept(data) or values.ndim == 0:
        raise RequestError(f"{name} is of shape {values.shape}: one number per spot can be drawn")
    return name, values


def _values(data: SweepData, name: str) -> tuple[str, NDArray[np.float64]]:
    """Return a readout's name and values, of complex ones the magnitudes."""
    _check_kind(data)
    known = ", ".join(data.arrays)
    if not name and len(data.arrays) != 1:
        raise RequestError(f"say which readout to draw: {known}")
    name = name or next(iter(data.arrays))
    if name not in data.arrays:
        raise RequestError(f"the sweep has no readout {name!r}; it has {known}")
    found = data.arrays[name]
    return name, np.asarray(np.abs(found) if np.iscomplexobj(found) else found, dtype=np.float64)


def _check_kind(data: object) -> None:
    if not isinstance(data, SweepData):
        raise RequestError(
            f"what is drawn is SweepData, as `download_result` returns it, not {data!r}"
        )


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
            f"{setting} = {_shown(data.axes[setting][place[dimension]])}"
            f" {data.units.get(setting, '')}".rstrip()
            for setting, dimension in data.dimensions.items()
            if dimension < len(shape)
        )
        for place in np.ndindex(shape)
    ]


def _shown(value: object) -> str:
    # What was calculated may have all its digits: 0.30000000000000004.
    return f"{value:g}" if isinstance(value, float) else str(value)


def _show_unit(axis: Axis, unit: str | None) -> None:
    """Write 50 us, and not 0.00005; but no thousandths of a dBm."""
    if unit in _WITHOUT_PREFIX:
        axis.set_label_text(f"{axis.get_label_text()} ({unit})")
    elif unit:
        from matplotlib.ticker import EngFormatter, MaxNLocator  # noqa: PLC0415 - an extra

        axis.set_major_formatter(EngFormatter(unit))
        # Numbers with units are wide: more of them run into each other.
        axis.set_major_locator(MaxNLocator(_MOST_TICKS))
