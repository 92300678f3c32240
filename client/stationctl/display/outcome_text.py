"""A result as plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stationd.client.results.outcome import (
    CircuitResult,
    CompiledCircuit,
    NullOutcome,
    Outcome,
    SweepData,
)
from stationd.client.stationctl.display.pictures import histogram, quantity
from stationd.client.stationctl.printing import plain_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

READINGS: Final = ("NAME", "SHAPE", "RANGE")
"""The heads of a table of settings and readouts."""


def told(outcome: Outcome) -> list[str]:
    """Return what a result says."""
    match outcome:
        case CircuitResult():
            return [shots(outcome), *histogram(outcome.counts)]
        case SweepData() if only_sets(outcome):
            return applied(outcome)
        case SweepData():
            return [spots(outcome), *plain_table(READINGS, readings(outcome))]
        case CompiledCircuit():
            return compiled(outcome)
        case NullOutcome():
            return [f"nothing was done for {outcome.duration:g} s"]


def shots(outcome: CircuitResult) -> str:
    """Say how many shots there are."""
    return f"{len(outcome.bits):,} of {outcome.shots:,} shots"


def spots(data: SweepData) -> str:
    """Say how many points of a sweep there are."""
    total = 1
    for size in {data.dimensions[name]: len(axis) for name, axis in data.axes.items()}.values():
        total *= size
    return f"{data.spots_done:,} of {total:,} points"


def only_sets(data: SweepData) -> bool:
    """Whether nothing was swept and nothing read, as by `stationctl set`."""
    return not data.axes and not data.arrays


def applied(data: SweepData) -> list[str]:
    """Say what a sweep of one spot has set."""
    if not data.spots_done:
        return ["nothing was set"]
    return [
        f"set {name} = {value}{f' {unit}' if (unit := data.units.get(name)) else ''}"
        for name, value in data.applied.items()
    ] or ["nothing was read"]


def compiled(outcome: CompiledCircuit) -> list[str]:
    """Return the text of a compiled circuit, and what is worth knowing of it."""
    facts = f"// depth {outcome.depth}, {outcome.two_qubit_gates} two-qubit gates"
    if outcome.duration:
        facts += f", {quantity(outcome.duration, 's')}"
    return [facts, *_layout(outcome), *outcome.openqasm.splitlines()]


def _layout(outcome: CompiledCircuit) -> list[str]:
    if not outcome.initial_layout:
        return []
    begins, ends = " ".join(outcome.initial_layout), " ".join(outcome.final_layout)
    moved = "" if ends == begins else f", at the end on {ends}"
    return [f"// its qubits are on {begins}{moved}"]


def readings(data: SweepData) -> list[tuple[str, str, str]]:
    """Return a row for each setting and each readout of a sweep."""
    return [
        (name, "x".join(map(str, array.shape)) or "1", _range(array, data.units.get(name, "")))
        for name, array in (data.axes | data.arrays).items()
    ]


def _range(array: NDArray[Any], unit: str) -> str:
    if array.dtype.kind not in "iuf" or not array.size:
        return ""
    numbers = array.astype(float)
    if np.isnan(numbers).all():
        return "nothing read"
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    return f"{quantity(low, unit)} … {quantity(high, unit)}"
