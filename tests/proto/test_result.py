"""Artifacts: what comes out of a job, as bytes and back."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.proto.program import Instruction, NativeCircuit
from stationd.proto.result import (
    Array,
    AxisValues,
    CompiledResult,
    NullResult,
    Result,
    ShotsResult,
    SweepResult,
    decode_result,
    encode_result,
    lay_out,
)

BITS = np.packbits(np.array([[1, 0, 1], [0, 0, 0]], dtype=np.uint8), axis=1)
RESULTS: list[Result] = [
    ShotsResult(
        shots=3,
        bits=Array(name="bits", dtype="|u1", shape=(2, 1), data=memoryview(BITS.tobytes())),
        n_bits=3,
        bit_names=("c[0]", "c[1]", "c[2]"),
        counts={"101": 1, "000": 1},
        metadata={"calibration_set": "c"},
    ),
    SweepResult(
        axes=(AxisValues(setting="source.delay", dimension=0, values=(0.0, 0.5), unit="s"),),
        arrays=(
            Array(
                name="adc.trace",
                dtype="<f8",
                shape=(2, 2),
                data=memoryview(np.array([[1.0, 2.0], [np.nan, np.nan]]).tobytes()),
                unit="V",
            ),
        ),
        spots_done=1,
    ),
    CompiledResult(
        native=NativeCircuit(instructions=(Instruction("prx", ("QB1",), (1.5, 0.0)),), n_bits=0),
        openqasm="OPENQASM 3.0;\n",
        depth=1,
        two_qubit_gates=0,
    ),
    NullResult(duration=0.5),
]
GOLDEN_NULL = bytes.fromhex("82a474797065a46e756c6ca86475726174696f6ecb3fe0000000000000")


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: type(result).__name__)
def test_a_result_reads_as_it_was_written(result: Result) -> None:
    assert decode_result(encode_result(result)) == result


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_a_result_that_is_laid_out_reads_as_one_that_is_encoded(contents: list[bytes]) -> None:
    whole = SweepResult(
        axes=(AxisValues(setting="a.b", dimension=0, values=(1, 2)),),
        arrays=tuple(
            Array(name=f"r.{at}", dtype="|u1", shape=(len(data),), data=memoryview(data), unit="V")
            for at, data in enumerate(contents)
        ),
        spots_done=2,
        metadata={"job": "j"},
    )
    empty = tuple(msgspec.structs.replace(array, data=memoryview(b"")) for array in whole.arrays)
    layout = lay_out(msgspec.structs.replace(whole, arrays=empty), [len(data) for data in contents])
    written = bytearray(layout.size)
    for place, piece in (*layout.pieces, *zip(layout.arrays, contents, strict=True)):
        written[place : place + len(piece)] = piece
    assert decode_result(bytes(written)) == whole


def test_stored_bytes_stay_readable() -> None:
    assert encode_result(NullResult(duration=0.5)) == GOLDEN_NULL
    assert decode_result(GOLDEN_NULL) == NullResult(duration=0.5)


def test_what_a_newer_version_adds_is_skipped() -> None:
    newer = msgspec.msgpack.encode({"type": "null", "duration": 0.5, "mood": "fine"})
    assert decode_result(newer) == NullResult(duration=0.5)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xc0", GOLDEN_NULL[:-1], GOLDEN_NULL + b"\x00", b"\x81\xa4type\xa3odd", b"\x91" * 10**5,
     b"\x82\xa4type\xa4null\xa1x" + b"\x91" * 10**5],
    ids=["empty", "nil", "truncated", "trailing", "unknown", "array", "deep"],
)  # fmt: skip
def test_bytes_that_are_no_result_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        decode_result(data)
