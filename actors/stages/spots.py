"""The result of a sweep: one array per readout, over the whole grid of spots.

Rule. What the result will be like is told by the heads of its blocks alone. Then each block goes
      to its place in it, one after another: nothing is in memory as a whole.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec.structs import replace

from stationd.actors.stages.applied import applied_note
from stationd.actors.stages.block_arrays import block_array, block_type
from stationd.actors.stages.raw_data import BadData, BlockHead, RawBlock, check_fits
from stationd.actors.stages.snapshot import is_snapshot
from stationd.proto.program import Capabilities, Readout, Sweep
from stationd.proto.result import (
    MOST_RESULT_BYTES,
    Array,
    AxisValues,
    Layout,
    SweepResult,
    lay_out,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from stationd.actors.stages.artifact import Draft

_STRIP_BYTES: Final = 256 * 1024
"""So much of an array is written at once, or a block."""


class SweepForm:
    """What a sweep's result will be like.

    Args:
        sweep: What was asked for.
        heads: Of all blocks.
        offers: What the controllers offer, by name; gives units and shapes.
        metadata: Stored with the result, beside what the sweep has set.

    Attributes:
        result: The result, but for what is in its arrays. Where something is missing there will
            be NaN; an array of integers becomes one of floating-point numbers then.
        missing: Whether anything is.
        snapshots: The heads of those blocks that are snapshots.

    Raises:
        BadData: A block does not fit into the sweep.
    """

    def __init__(
        self,
        sweep: Sweep,
        heads: Iterable[BlockHead],
        offers: Mapping[str, Capabilities],
        metadata: Mapping[str, str],
    ) -> None:
        settings, readouts = _offered(offers)
        self._readings = {
            name: _Readings(name, sweep.spots, readouts.get(name)) for name in sweep.returns
        }
        self.snapshots: list[BlockHead] = []
        for head in heads:
            if is_snapshot(head):
                self.snapshots.append(head)
            readings = self._readings.get(f"{head.controller}.{head.header.name}")
            if readings is not None:
                readings.see(head)
        _choose_types(list(self._readings.values()))
        done = np.ones(sweep.spots, np.bool_)
        for readings in self._readings.values():
            done &= readings.seen
        self.missing = not done.all()
        self.result = SweepResult(
            axes=_axes(sweep, settings),
            arrays=tuple(
                readings.array(sweep.shape, readouts.get(name))
                for name, readings in self._readings.items()
            ),
            spots_done=int(done.sum()),
            metadata={**metadata, **applied_note(sweep, settings)},
        )

    def note(self, metadata: Mapping[str, str]) -> None:
        """Store more with the result; before it is laid out."""
        self.result = replace(self.result, metadata={**self.result.metadata, **metadata})

    def lay_out(self) -> Layout:
        """Return where everything stands in the result's bytes."""
        return lay_out(self.result, [readings.size for readings in self._readings.values()])

    def write(self, layout: Layout, blocks: Iterable[RawBlock], draft: Draft) -> None:
        """Write the result's bytes.

        Args:
            layout: As `lay_out` returns it.
            blocks: Those whose heads are known, in the same order.
            draft: Where to.

        Raises:
            OSError: The disk failed.
        """
        for place, piece in layout.pieces:
            draft.write(place, piece)
        strips = {
            name: _Strip(draft, place, readings)
            for (name, readings), place in zip(self._readings.items(), layout.arrays, strict=True)
        }
        for block in blocks:
            strip = strips.get(f"{block.controller}.{block.header.name}")
            if strip is not None:
                strip.take(block)
        for strip in strips.values():
            strip.flush()


def _axes(sweep: Sweep, units: Mapping[str, str]) -> tuple[AxisValues, ...]:
    return tuple(
        AxisValues(
            setting=axis.setting,
            dimension=dimension,
            values=axis.values,
            unit=units.get(axis.setting, ""),
        )
        for dimension, group in enumerate(sweep.axes)
        for axis in group
    )


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


class _Readings:
    """What is known of all readings of one readout."""

    def __init__(self, name: str, spots: int, readout: Readout | None) -> None:
        self.name = name
        self.seen = np.zeros(spots, np.bool_)
        # As it comes, or else as it was declared.
        self.shape: tuple[int, ...] = () if readout is None else readout.shape
        self.dtype: np.dtype[np.generic] = np.dtype("<f8" if readout is None else readout.dtype)
        self._dtypes: set[np.dtype[np.generic]] = set()

    @property
    def row_bytes(self) -> int:
        """Bytes of one reading."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        return len(self.seen) * self.row_bytes

    @property
    def has_gaps(self) -> bool:
        """Whether some are missing, and there is something that says so; text is empty there."""
        return self.dtype.kind not in "SU" and not self.seen.all()

    def see(self, head: BlockHead) -> None:
        dtype = block_type(head.controller, head.header, head.size_bytes)
        check_fits(head, len(self.seen))
        shape = head.header.shape[1:]
        if self._dtypes and shape != self.shape:
            raise BadData(
                f"the shape of {self.name} changed from {self.shape} to {shape} during the sweep"
            )
        if self._dtypes and (dtype.kind in "SU") is not (self.dtype.kind in "SU"):
            raise BadData("a readout changed from text to numbers during the sweep")
        if dtype not in self._dtypes:
            self._dtypes.add(dtype)
            self.dtype = np.result_type(*self._dtypes)
        self.shape = shape
        self.seen[head.header.offset : head.header.offset + head.header.shape[0]] = True

    def array(self, shape: tuple[int, ...], readout: Readout | None) -> Array:
        return Array(
            name=self.name,
            dtype=self.dtype.str,
            shape=(*shape, *self.shape),
            data=memoryview(b""),
            unit=readout.unit if readout is not None else "",
        )


def _choose_types(readings: list[_Readings]) -> None:
    """Make integers with gaps numbers that can be NaN, of a size that can be stored."""
    if (size := sum(one.size for one in readings)) > MOST_RESULT_BYTES:
        raise BadData(
            f"the readings that came take {size:,} bytes, at most {MOST_RESULT_BYTES:,} are stored:"
            " use fewer steps or read less"
        )
    whole = [one for one in readings if one.has_gaps and one.dtype.kind in "biu"]
    narrow = [np.result_type(one.dtype, np.float16) for one in whole]
    for one in whole:
        one.dtype = np.dtype(np.float64)
    if sum(one.size for one in readings) > MOST_RESULT_BYTES:
        for one, dtype in zip(whole, narrow, strict=True):
            one.dtype = dtype


class _Strip:
    """Writes one array: what comes in the order of spots is written many at a time."""

    def __init__(self, draft: Draft, place: int, readings: _Readings) -> None:
        self._draft = draft
        self._place = place
        self._readings = readings
        self._begin = self._end = place
        self._waiting = bytearray()
        if readings.has_gaps:
            self._fill()

    def _fill(self) -> None:
        readings = self._readings
        values = math.prod(readings.shape) * len(readings.seen)
        most = max(1, _STRIP_BYTES // readings.dtype.itemsize)
        nothing = np.full(min(most, values), np.nan, readings.dtype).tobytes()
        for place in range(0, readings.size, len(nothing) or 1):
            self._draft.write(self._place + place, nothing[: readings.size - place])

    def take(self, block: RawBlock) -> None:
        array = block_array(block).astype(self._readings.dtype, copy=False)
        place = self._place + block.header.offset * self._readings.row_bytes
        if place != self._end or len(self._waiting) >= _STRIP_BYTES:
            self.flush()
            self._begin = place
        self._waiting += array.tobytes()
        self._end = place + array.nbytes

    def flush(self) -> None:
        if self._waiting:
            self._draft.write(self._begin, self._waiting)
            self._waiting = bytearray()
