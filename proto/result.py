"""What comes out of a job: arrays with their names, shapes and units.

An artifact is one `Result`, encoded as msgpack. Arrays are kept as numpy type string, shape
and bytes in C order; nothing is ever pickled.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct

from stationd.proto.program import NativeCircuit, SettingValue


class Array(Struct, frozen=True, kw_only=True):
    """An array as it is stored and sent."""

    name: str
    dtype: str
    """A numpy type string, as in ``<f8``."""
    shape: tuple[int, ...]
    data: bytes
    """In C order."""
    unit: str = ""


class AxisValues(Struct, frozen=True, kw_only=True):
    """The values that a setting took along one dimension of a sweep's arrays."""

    setting: str
    dimension: int
    """Which dimension; zipped settings share one."""
    values: tuple[SettingValue, ...]
    unit: str = ""


class ShotsResult(Struct, frozen=True, tag="shots", kw_only=True):
    """The outcome of a circuit."""

    shots: int
    """How many were asked for."""
    bits: Array
    """``(shots done, ceil(bits / 8))`` uint8: one row per shot, each packed with
    `numpy.packbits`, bit 0 first."""
    n_bits: int
    bit_names: tuple[str, ...]
    counts: dict[str, int]
    """How often each outcome was seen; bit 0 is the leftmost character."""
    metadata: dict[str, str] = {}


class SweepResult(Struct, frozen=True, tag="sweep", kw_only=True):
    """The outcome of a sweep: one array per return parameter."""

    axes: tuple[AxisValues, ...]
    arrays: tuple[Array, ...]
    """Of shape ``(steps per axis..., *shape of one reading)``; NaN where nothing was read."""
    spots_done: int
    metadata: dict[str, str] = {}


class CompiledResult(Struct, frozen=True, tag="compiled", kw_only=True):
    """The outcome of a compilation."""

    native: NativeCircuit
    openqasm: str
    """The compiled circuit as OpenQASM 3 text on the QPU's physical qubits."""
    depth: int
    two_qubit_gates: int
    metadata: dict[str, str] = {}


class NullResult(Struct, frozen=True, tag="null", kw_only=True):
    """The outcome of a null program: that it was executed."""

    duration: float
    """Seconds, as asked for."""


Result = ShotsResult | SweepResult | CompiledResult | NullResult

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Result]] = msgspec.msgpack.Decoder(Result)


def encode_result(result: Result) -> bytes:
    """Return the bytes of an artifact."""
    return _ENCODER.encode(result)


def decode_result(data: bytes) -> Result:
    """Read the bytes of an artifact.

    Raises:
        ValueError: The bytes are not those of a result.
    """
    try:
        return _DECODER.decode(data)
    except RecursionError as error:
        raise ValueError(f"not a result: {error}") from error
