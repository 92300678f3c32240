"""What comes out of a job: arrays with their names, shapes and units.

An artifact is one `Result`, encoded as msgpack. Arrays are kept as numpy type string, shape
and bytes in C order; nothing is ever pickled. What is large is never in memory as a whole: who
writes it asks `lay_out` where everything stands, who reads it maps the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from mmap import mmap
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from stationd.proto.program import NativeCircuit, SettingValue

MOST_RESULT_BYTES: Final = 2_000_000_000
"""The most bytes of all arrays of a result together, as they were read.

A value of msgpack ends at 4 GiB, and arrays of integers with gaps become floating-point numbers
of up to twice the size.
"""


class Array(Struct, frozen=True, kw_only=True):
    """An array as it is stored and sent."""

    name: str
    dtype: str
    """A numpy type string, as in ``<f8``."""
    shape: tuple[int, ...]
    data: memoryview
    """In C order. What is read is a view on what it is read from."""
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
    duration: float = 0.0
    """Seconds that one run takes, from the first operation to the end of the last one, as far as is
    known; without what the instruments need between two runs."""
    initial_layout: tuple[str, ...] = ()
    """The QPU's qubits that the program's first, second, ... qubit begins on; empty if nothing
    was compiled, for a program in native operations names them itself."""
    final_layout: tuple[str, ...] = ()
    """Those that they are on at the end: swaps may have moved them."""


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


class Layout(NamedTuple):
    """Where everything stands in the bytes of a sweep's result."""

    size: int
    """Bytes."""
    pieces: tuple[tuple[int, bytes], ...]
    """All but what is in the arrays, each piece after its place."""
    arrays: tuple[int, ...]
    """The places of what is in the arrays."""


def lay_out(result: SweepResult, sizes: Sequence[int]) -> Layout:
    """Return what `encode_result` would, but for the arrays' data, which is put there by others.

    Args:
        result: Its arrays are empty.
        sizes: Bytes of each array.

    >>> empty = Array(name="r.p", dtype="|u1", shape=(3,), data=memoryview(b""))
    >>> layout = lay_out(SweepResult(axes=(), arrays=(empty,), spots_done=3), (3,))
    >>> written = bytearray(layout.size)
    >>> for place, data in (*layout.pieces, (layout.arrays[0], b"abc")):
    ...     written[place : place + len(data)] = data
    >>> bytes(decode_result(bytes(written)).arrays[0].data)
    b'abc'
    """
    before = _open(result, "arrays") + _MANY + len(sizes).to_bytes(4)
    pieces: list[tuple[int, bytes]] = []
    arrays: list[int] = []
    place = 0
    for array, size in zip(result.arrays, sizes, strict=True):
        piece = before + _open(array, "data") + _BYTES + size.to_bytes(4)
        pieces.append((place, piece))
        arrays.append(place + len(piece))
        place, before = arrays[-1] + size, b""
    return Layout(place + len(before), (*pieces, (place, before)), tuple(arrays))


_MANY: Final = b"\xdd"
"""Four bytes follow that count the elements of an array."""
_BYTES: Final = b"\xc6"
"""Four bytes follow that count the bytes that come then."""


def _open(struct: Struct, last: str) -> bytes:
    """Encode a Struct up to the value of one of its fields, which comes last."""
    fields: dict[str, Any] = {} if (tag := struct.__struct_config__.tag) is None else {"type": tag}
    fields |= {name: getattr(struct, name) for name in struct.__struct_fields__ if name != last}
    encoded = _ENCODER.encode(fields)
    # The first byte counts up to fifteen fields.
    return bytes((encoded[0] + 1,)) + encoded[1:] + _ENCODER.encode(last)


def decode_result(data: bytes | mmap) -> Result:
    """Read the bytes of an artifact.

    Raises:
        ValueError: The bytes are not those of a result.
    """
    try:
        return _DECODER.decode(data)
    except RecursionError as error:
        raise ValueError(f"not a result: {error}") from error
