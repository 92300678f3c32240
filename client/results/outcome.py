"""Results as people use them: numpy arrays, with the names and units of what was measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from stationd.client.references.table import html
from stationd.client.station.near_names import meant
from stationd.proto.error import ProtocolViolation
from stationd.proto.result import (
    Array,
    AxisValues,
    CompiledResult,
    NullResult,
    ShotsResult,
    SweepResult,
    decode_result,
)

_MOST_ROWS: Final = 32
"""Outcomes that a notebook shows, the most frequent ones."""

if TYPE_CHECKING:
    from mmap import mmap

    import numpy as np
    import xarray as xr
    from numpy.typing import NDArray

    from stationd.proto.program import NativeCircuit, SettingValue


@dataclass(frozen=True, eq=False)
class CircuitResult:
    """The outcome of a circuit."""

    counts: dict[str, int]
    """How often each outcome was seen; bit 0 is the leftmost character."""
    bits: NDArray[np.uint8] = field(repr=False)
    """``(shots, n_bits)`` of 0 and 1, in the order in which the shots were taken."""
    bit_names: tuple[str, ...]
    """Names of the columns, as in ``c[0]``."""
    shots: int
    """How many were asked for; `bits` has fewer rows if the job ended early."""
    metadata: dict[str, str] = field(default_factory=dict[str, str])

    def _repr_html_(self) -> str:
        often = sorted(self.counts.items(), key=lambda one: -one[1])
        rows = [{"outcome": outcome, "shots": number} for outcome, number in often[:_MOST_ROWS]]
        return f"<p>{_more(often)}</p>{html(rows)}" if len(often) > len(rows) else html(rows)

    @property
    def settings(self) -> dict[str, SettingValue | None]:
        """How the instruments stood, as `SweepData.settings`."""
        return _settings(self.metadata)

    @property
    def binding(self) -> dict[str, float]:
        """What the circuit's parameters were set to, by name; empty if it has none."""
        return msgspec.json.decode(self.metadata.get("binding", "{}"), type=dict[str, float])


@dataclass(frozen=True, eq=False)
class SweepData:
    """The outcome of a sweep: one array per return parameter."""

    axes: dict[str, NDArray[Any]]
    """The values of each swept setting, by its dotted name."""
    dimensions: dict[str, int]
    """Which dimension of the arrays each swept setting runs along; zipped ones share one."""
    arrays: dict[str, NDArray[Any]] = field(repr=False)
    """Of shape ``(steps per dimension..., *shape of one reading)``, by the readout's dotted
    name; NaN where nothing was read."""
    units: dict[str, str]
    """Of settings and readouts, where known."""
    spots_done: int
    metadata: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def settings(self) -> dict[str, SettingValue | None]:
        """How the instruments stood before the first spot, by dotted name, as far as is known.

        None is a value that was not known. What the sweep stepped through is in `axes`.
        """
        return _settings(self.metadata)

    @property
    def applied(self) -> dict[str, SettingValue]:
        """What the job has set before the first spot, by dotted name; units are in `units`."""
        return {name: one.value for name, one in _applied(self.metadata).items()}

    def _repr_html_(self) -> str:
        return html(
            {
                "name": name,
                "is": "swept" if name in self.axes else "read",
                "unit": self.units.get(name, ""),
                "shape": " x ".join(map(str, values.shape)) or "one value",
                "type": str(values.dtype),
            }
            for name, values in (self.axes | self.arrays).items()
        )

    def dataset(self) -> xr.Dataset:
        """Return the same as labelled arrays, with units and axes.

        Raises:
            MissingExtra: xarray is not installed.
        """
        from stationd.client.results.dataset import dataset  # noqa: PLC0415 - only with the extra

        return dataset(self.axes, self.dimensions, self.arrays, self.units, self._attributes())

    def _attributes(self) -> dict[str, object]:
        return {**self.metadata, "spots_done": self.spots_done}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array or an axis by its dotted name."""
        known = self.axes | self.arrays
        if name not in known:
            raise KeyError(f"there is no {name!r} in this result{meant(name, known)}")
        return known[name]


@dataclass(frozen=True)
class CompiledCircuit:
    """The outcome of a compilation."""

    openqasm: str
    """OpenQASM 3 text on the QPU's physical qubits."""
    native: NativeCircuit = field(repr=False)
    depth: int
    two_qubit_gates: int
    metadata: dict[str, str] = field(default_factory=dict[str, str])
    duration: float = 0.0
    """Seconds that one run takes, from the first operation to the end of the last one, as far as is
    known; without what the instruments need between two runs."""
    initial_layout: tuple[str, ...] = ()
    """The QPU's qubits that the program's first, second, ... qubit begins on; empty if the program
    was in native operations, which name them."""
    final_layout: tuple[str, ...] = ()
    """Those that they are on at the end: swaps may have moved them."""


@dataclass(frozen=True)
class NullOutcome:
    """The outcome of a null program: that it was executed."""

    duration: float
    """Seconds, as asked for."""


Outcome = CircuitResult | SweepData | CompiledCircuit | NullOutcome


def read_outcome(data: bytes | mmap) -> Outcome:
    """Read a stored result.

    Args:
        data: Its bytes. If they are a mapped file, a sweep's arrays lie on it.

    Raises:
        ProtocolViolation: The bytes are not those of a result.
    """
    try:
        result = decode_result(data)
        match result:
            case ShotsResult():
                return _circuit(result)
            case SweepResult():
                return _sweep(result)
            case CompiledResult():
                return CompiledCircuit(
                    openqasm=result.openqasm,
                    native=result.native,
                    depth=result.depth,
                    two_qubit_gates=result.two_qubit_gates,
                    metadata=result.metadata,
                    duration=result.duration,
                    initial_layout=result.initial_layout,
                    final_layout=result.final_layout,
                )
            case NullResult():
                return NullOutcome(duration=result.duration)
    except (ValueError, TypeError) as error:
        raise ProtocolViolation(f"the stored result cannot be read: {error}") from error


def _more(often: list[tuple[str, int]]) -> str:
    return f"the most frequent {_MOST_ROWS} of {len(often):,} outcomes"


class _Applied(msgspec.Struct):
    value: bool | int | float | str
    unit: str = ""


def _applied(metadata: dict[str, str]) -> dict[str, _Applied]:
    return msgspec.json.decode(metadata.get("applied", "{}"), type=dict[str, _Applied])


def _settings(metadata: dict[str, str]) -> dict[str, SettingValue | None]:
    found = msgspec.json.decode(
        metadata.get("settings", "{}"), type=dict[str, dict[str, bool | int | float | str | None]]
    )
    return {
        f"{controller}.{name}": value
        for controller, standing in found.items()
        for name, value in standing.items()
    }


def _circuit(result: ShotsResult) -> CircuitResult:
    import numpy as np  # noqa: PLC0415 - most uses of the client never need it

    packed = _array(result.bits).astype(np.uint8, copy=False)
    rows = packed.reshape(packed.shape[0], math.ceil(result.n_bits / 8))
    bits = np.unpackbits(rows, axis=1, count=result.n_bits)
    return CircuitResult(
        counts=result.counts,
        bits=bits,
        bit_names=result.bit_names,
        shots=result.shots,
        metadata=result.metadata,
    )


def _sweep(result: SweepResult) -> SweepData:
    units = {axis.setting: axis.unit for axis in result.axes}
    units |= {array.name: array.unit for array in result.arrays}
    units |= {name: one.unit for name, one in _applied(result.metadata).items()}
    return SweepData(
        axes={axis.setting: _axis(axis) for axis in result.axes},
        dimensions={axis.setting: axis.dimension for axis in result.axes},
        arrays={array.name: _array(array) for array in result.arrays},
        units={name: unit for name, unit in units.items() if unit},
        spots_done=result.spots_done,
        metadata=result.metadata,
    )


def _axis(axis: AxisValues) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415

    return np.asarray(axis.values)


def _array(array: Array) -> NDArray[Any]:
    import numpy as np  # noqa: PLC0415

    dtype = np.dtype(array.dtype)
    if dtype.hasobject:
        raise ValueError(f"the array {array.name} is of type {array.dtype}")
    found = np.frombuffer(array.data, dtype=dtype).reshape(array.shape)
    # What lies on received bytes cannot be written to; what lies on a mapped file can.
    return found if found.flags.writeable else found.copy()
