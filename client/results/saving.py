"""Results as files that outlive the station: a ``.npz`` of arrays and a ``.json`` of the rest."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from stationd.client.results.outcome import (
    CircuitResult,
    CompiledCircuit,
    NullOutcome,
    Outcome,
    SweepData,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from numpy.typing import NDArray


def save(outcome: Outcome, folder: Path, stem: str) -> list[Path]:
    """Write a result's files; each appears whole or not at all.

    Returns:
        What was written: ``stem.npz`` if there are arrays, and ``stem.json``.

    Raises:
        OSError: A file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    arrays = arrays_of(outcome)
    if arrays:
        import numpy as np  # noqa: PLC0415 - only where there are arrays

        written.append(
            write_whole(
                folder / f"{stem}.npz",
                lambda file: np.savez(file, **cast("dict[str, Any]", arrays)),
            )
        )
    document = msgspec.json.format(msgspec.json.encode(summary(outcome)), indent=2)
    written.append(write_whole(folder / f"{stem}.json", lambda file: file.write(document)))
    return written


def arrays_of(outcome: Outcome) -> dict[str, NDArray[Any]]:
    """Return a result's arrays by name."""
    match outcome:
        case CircuitResult():
            return {"bits": outcome.bits}
        case SweepData():
            return {**outcome.axes, **outcome.arrays}
        case _:
            return {}


def summary(outcome: Outcome) -> dict[str, object]:
    """Return all of a result but for its arrays, ready for JSON."""
    match outcome:
        case CircuitResult():
            return {
                "type": "circuit",
                "counts": outcome.counts,
                "shots": outcome.shots,
                "bit_names": outcome.bit_names,
                "metadata": outcome.metadata,
            }
        case SweepData():
            return {
                "type": "sweep",
                "dimensions": outcome.dimensions,
                "shapes": {name: array.shape for name, array in outcome.arrays.items()},
                "units": outcome.units,
                "applied": outcome.applied,
                "spots_done": outcome.spots_done,
                "metadata": outcome.metadata,
            }
        case CompiledCircuit():
            return {
                "type": "compiled",
                "openqasm": outcome.openqasm,
                "depth": outcome.depth,
                "two_qubit_gates": outcome.two_qubit_gates,
                "duration": outcome.duration,
                "initial_layout": outcome.initial_layout,
                "final_layout": outcome.final_layout,
                "metadata": outcome.metadata,
            }
        case NullOutcome():
            return {"type": "null", "duration": outcome.duration}


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> Path:
    """Write a file, which appears whole or not at all, and return its path."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path
