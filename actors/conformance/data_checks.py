"""Whether data is what was declared and asked for: pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from stationd.actors.stages.shots import BITS
from stationd.actors.stages.snapshot import SNAPSHOT
from stationd.proto.program import CircuitsWork, SweepWork, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stationd.actors.line.facts import BlockCame
    from stationd.proto.program import Capabilities, Readout

_MOST_SAID: Final = 3


def problems(work: Work, offered: Capabilities, blocks: Iterable[BlockCame]) -> list[str]:
    """Return what is wrong with the data of some work that was done whole, in words."""
    data = [one for one in blocks if one.name != SNAPSHOT]
    match work:
        case SweepWork():
            found = list(_of_sweep(work, offered, data))
        case CircuitsWork():
            found = list(_of_circuits(work, data))
        case _:
            found = [f"null programs have no data, and {one.name!r} came" for one in data]
    more = len(found) - _MOST_SAID
    return [*found[:_MOST_SAID], *([f"and {more} more"] if more > 0 else [])]


def _of_sweep(work: SweepWork, offered: Capabilities, data: Sequence[BlockCame]) -> Iterator[str]:
    declared = {one.name: one for one in offered.readouts}
    for name in sorted({one.name for one in data} - set(work.returns)):
        yield f"data of {name!r} came, which the sweep does not return"
    for name in work.returns:
        blocks = [one for one in data if one.name == name]
        yield from _coverage(f"readout {name!r}", "spot", blocks, work.spots)
        yield from _declared(declared[name], blocks)


def _coverage(whose: str, unit: str, blocks: Sequence[BlockCame], wanted: int) -> Iterator[str]:
    came = np.zeros(wanted, np.int64)
    for one in blocks:
        end = one.offset + one.shape[0]
        if end > wanted:
            yield f"{whose}: data of {unit} {end - 1} came, and there are {wanted}, from 0"
        came[one.offset : end] += 1
    missing = np.flatnonzero(came == 0)
    if len(missing):
        yield f"{whose}: nothing came of {unit} {missing[0]} ({len(missing)} of {wanted} missing)"
    twice = np.flatnonzero(came > 1)
    if len(twice):
        yield f"{whose}: {unit} {twice[0]} came {came[twice[0]]} times"


def _declared(readout: Readout, blocks: Sequence[BlockCame]) -> Iterator[str]:
    shapes = {one.shape[1:] for one in blocks} - {readout.shape}
    for shape in sorted(shapes, key=str):
        yield (
            f"readout {readout.name!r} declares the shape {readout.shape} for one reading, and"
            f" {shape} came"
        )
    wanted = np.dtype(readout.dtype)
    for dtype in sorted({one.dtype for one in blocks}):
        came = np.dtype(dtype)
        if came.kind != "U" if wanted.kind == "U" else not np.can_cast(came, wanted, "safe"):
            yield (
                f"readout {readout.name!r} declares the type {wanted.name}, and {came.name} came"
            )


def _of_circuits(work: CircuitsWork, data: Sequence[BlockCame]) -> Iterator[str]:
    for name in sorted({one.name for one in data} - {BITS}):
        yield f"data of {name!r} came; a circuit's outcomes are called {BITS!r}"
    asked = {one.item: one for one in work.circuits}
    for item in sorted({one.item for one in data} - asked.keys()):
        yield f"data of item {item} came, which was not asked for"
    for item, circuit in asked.items():
        blocks = [one for one in data if one.item == item and one.name == BITS]
        yield from _coverage(f"item {item}", "shot", blocks, circuit.shots)
        for one in blocks:
            yield from _bits(item, circuit.circuit.n_bits, one)


def _bits(item: int, n_bits: int, block: BlockCame) -> Iterator[str]:
    dtype = np.dtype(block.dtype)
    if block.shape[1:] != (n_bits,) or dtype.itemsize != 1:
        yield (
            f"item {item}: outcomes have the shape {block.shape} and the type {dtype.name}, and not"
            f" {n_bits} bits a shot, a byte each"
        )
    elif math.prod(block.shape) and np.frombuffer(block.data, np.uint8).max() > 1:
        yield f"item {item}: an outcome is neither 0 nor 1"


def read_back(work: Work, blocks: Sequence[BlockCame]) -> dict[str, NDArray[np.generic]]:
    """Return what came of settings that the work sets and reads back, by name."""
    if not isinstance(work, SweepWork):
        return {}
    its_own = {move.setting for move in work.moves} | {name for name, _ in work.settings}
    return {
        name: np.concatenate(
            [
                np.frombuffer(one.data, one.dtype).reshape(one.shape)
                for one in sorted(blocks, key=lambda block: block.offset)
                if one.name == name
            ]
        )
        for name in sorted({one.name for one in blocks} & its_own)
    }


def changed(
    before: Mapping[str, NDArray[np.generic]], after: Mapping[str, NDArray[np.generic]]
) -> list[str]:
    """Return which settings read otherwise than before, although the same was set."""
    return [name for name in before if name in after and not _alike(before[name], after[name])]


def _alike(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    if one.dtype.kind not in "iuf" or other.dtype.kind not in "iuf" or one.shape != other.shape:
        return np.array_equal(one, other)
    numbers, others = one.astype(np.float64), other.astype(np.float64)
    # An instrument that measures what it has set may be a little off each time.
    span = float(np.ptp(numbers)) if numbers.size else 0.0
    return bool(np.allclose(numbers, others, rtol=1e-3, atol=0.1 * span, equal_nan=True))
