"""The result of a circuit: packed bits and counts, from blocks of outcomes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from stationd.actors.stages.block_arrays import block_array
from stationd.actors.stages.raw_data import BadData, RawBlock, check_fits
from stationd.proto.result import Array, ShotsResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

BITS: Final = "bits"
"""The name of the outcomes' blocks."""
_AXES: Final = 2
"""Shots and bits."""


def shots_result(
    shots: int,
    n_bits: int,
    bit_names: tuple[str, ...],
    blocks: Iterable[RawBlock],
    metadata: Mapping[str, str],
) -> ShotsResult:
    """Build a circuit's result of the shots that have arrived.

    Raises:
        BadData: A block does not hold outcomes of these bits.
    """
    packed = np.zeros((shots, math.ceil(n_bits / 8)), np.uint8)
    seen = np.zeros(shots, np.bool_)
    for block in blocks:
        if block.header.name == BITS:
            outcomes = _outcomes(block, n_bits)
            check_fits(block, shots)
            place = slice(block.header.offset, block.header.offset + len(outcomes))
            packed[place] = np.packbits(outcomes, axis=1)
            seen[place] = True
    rows = packed if seen.all() else packed[seen]
    return ShotsResult(
        shots=shots,
        bits=Array(name=BITS, dtype="|u1", shape=rows.shape, data=memoryview(rows.tobytes())),
        n_bits=n_bits,
        bit_names=bit_names,
        counts=counts(rows, n_bits),
        metadata=dict(metadata),
    )


def _outcomes(block: RawBlock, n_bits: int) -> NDArray[np.uint8]:
    outcomes = block_array(block)
    if outcomes.ndim != _AXES or outcomes.shape[1] != n_bits or outcomes.dtype.itemsize != 1:
        raise BadData(
            f"block {block.header.index} of {block.controller!r} has the shape {outcomes.shape}"
            f" and the type {outcomes.dtype.str}, and not {n_bits} bits per shot as bytes"
        )
    return outcomes.astype(np.uint8, copy=False)


def counts(packed: NDArray[np.uint8], n_bits: int) -> dict[str, int]:
    """Count equal rows of packed bits.

    Returns:
        How often each outcome was seen, in ascending order of outcomes; bit 0 is leftmost.
    """
    if not len(packed):
        return {}
    if not n_bits:
        return {"": len(packed)}
    outcomes, times = np.unique(packed, axis=0, return_counts=True)
    digits = np.unpackbits(outcomes, axis=1, count=n_bits) + ord("0")
    return {
        row.tobytes().decode("ascii"): int(number)
        for row, number in zip(digits, times, strict=True)
    }
