"""The result of a sweep: one array per readout, over the whole grid of spots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationd.actors.stages.raw_data import BadData, RawBlock, block_array, check_fits
from stationd.proto.program import Capabilities, Readout, Sweep
from stationd.proto.result import Array, AxisValues, SweepResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def sweep_result(
    sweep: Sweep,
    blocks: Sequence[RawBlock],
    offers: Mapping[str, Capabilities],
    metadata: Mapping[str, str],
) -> tuple[SweepResult, bool]:
    """Build a sweep's result of what has arrived.

    Returns:
        The result, and whether anything is missing in it. Where something is, the arrays hold
        NaN; an array of integers becomes one of floating-point numbers then.

    Raises:
        BadData: A block does not fit into the sweep.
    """
    by_name: dict[str, list[RawBlock]] = {}
    for block in blocks:
        by_name.setdefault(f"{block.controller}.{block.header.name}", []).append(block)
    settings, readouts = _offered(offers)
    arrays: list[Array] = []
    done = np.ones(sweep.spots, np.bool_)
    for name in sweep.returns:
        values, seen = _readings(sweep.spots, by_name.get(name, []), readouts.get(name))
        done &= seen
        arrays.append(_array(name, values, sweep.shape, readouts.get(name)))
    result = SweepResult(
        axes=tuple(
            AxisValues(
                setting=axis.setting,
                dimension=dimension,
                values=axis.values,
                unit=settings.get(axis.setting, ""),
            )
            for dimension, group in enumerate(sweep.axes)
            for axis in group
        ),
        arrays=tuple(arrays),
        spots_done=int(done.sum()),
        metadata=dict(metadata),
    )
    return result, not done.all()


def _offered(offers: Mapping[str, Capabilities]) -> tuple[dict[str, str], dict[str, Readout]]:
    """Return the units of all settings, and all readouts, by dotted name."""
    settings = {
        f"{controller}.{one.name}": one.unit
        for controller, offered in offers.items()
        for one in offered.settings
    }
    readouts = {
        f"{controller}.{one.name}": one
        for controller, offered in offers.items()
        for one in offered.readouts
    }
    return settings, readouts


def _array(
    name: str, values: NDArray[np.generic], shape: tuple[int, ...], readout: Readout | None
) -> Array:
    return Array(
        name=name,
        dtype=values.dtype.str,
        shape=(*shape, *values.shape[1:]),
        data=values.tobytes(),
        unit=readout.unit if readout is not None else "",
    )


def _readings(
    spots: int, blocks: Sequence[RawBlock], readout: Readout | None
) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
    """Return the readings of all spots, and at which of them there is one."""
    arrays = [block_array(block) for block in blocks]
    shape, dtype = _form(arrays, readout)
    values = np.zeros((spots, *shape), dtype)
    seen = np.zeros(spots, np.bool_)
    for block, array in zip(blocks, arrays, strict=True):
        check_fits(block, spots)
        if array.shape[1:] != shape:
            raise BadData(
                f"the shape of {block.controller}.{block.header.name} changed from {shape} to"
                f" {array.shape[1:]} during the sweep"
            )
        place = slice(block.header.offset, block.header.offset + len(array))
        values[place] = array
        seen[place] = True
    return _with_gaps(values, seen), seen


def _form(
    arrays: Sequence[NDArray[np.generic]], readout: Readout | None
) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Return the shape and type of one reading: as it came, or else as it was declared."""
    if not arrays:
        if readout is None:
            return (), np.dtype(np.float64)
        return readout.shape, np.dtype(readout.dtype)
    dtypes = {array.dtype for array in arrays}
    if len({dtype.kind in "SU" for dtype in dtypes}) > 1:
        raise BadData("a readout changed from text to numbers during the sweep")
    return arrays[0].shape[1:], np.result_type(*dtypes)


def _with_gaps(values: NDArray[np.generic], seen: NDArray[np.bool_]) -> NDArray[np.generic]:
    """Put NaN where there is no reading; text stays empty there."""
    if seen.all() or values.dtype.kind in "SU":
        return values
    gapped = values if values.dtype.kind in "fc" else values.astype(np.float64)
    gapped[~seen] = np.nan
    return gapped
