"""Stored results become arrays with names and units, or a clear error."""

from dataclasses import replace

import numpy as np
import pytest

from stationd.client.results.outcome import (
    CircuitResult,
    CompiledCircuit,
    NullOutcome,
    SweepData,
    read_outcome,
)
from stationd.proto.error import ProtocolViolation
from stationd.proto.program import NativeCircuit
from stationd.proto.result import (
    Array,
    AxisValues,
    CompiledResult,
    NullResult,
    ShotsResult,
    SweepResult,
    encode_result,
)


def shots(bits: np.ndarray, n_bits: int, **changes: str) -> bytes:
    packed = np.packbits(bits, axis=1)
    array = {"dtype": "|u1"} | changes
    return encode_result(
        ShotsResult(
            shots=len(bits),
            bits=Array(name="bits", shape=packed.shape, data=memoryview(packed.tobytes()), **array),
            n_bits=n_bits,
            bit_names=tuple(f"c[{index}]" for index in range(n_bits)),
            counts={},
        )
    )


@pytest.mark.parametrize("n_bits", [0, 1, 7, 8, 9, 20])
@pytest.mark.parametrize("n_shots", [0, 1, 5])
def test_bits_are_unpacked_in_order(n_shots: int, n_bits: int) -> None:
    bits = np.random.default_rng(n_bits).integers(0, 2, (n_shots, n_bits), dtype=np.uint8)
    result = read_outcome(shots(bits, n_bits))
    assert isinstance(result, CircuitResult)
    assert result.bits.shape == (n_shots, n_bits)
    assert (result.bits == bits).all()


def test_a_sweep_has_axes_arrays_and_units_by_name() -> None:
    values = np.arange(6.0).reshape(2, 3)
    result = read_outcome(
        encode_result(
            SweepResult(
                axes=(
                    AxisValues(setting="a.x", dimension=0, values=(1, 2), unit="V"),
                    AxisValues(setting="a.y", dimension=1, values=(0.5, 1.5, 2.5)),
                ),
                arrays=(
                    Array(
                        name="r.p",
                        dtype="<f8",
                        shape=(2, 3),
                        data=memoryview(values.tobytes()),
                        unit="W",
                    ),
                ),
                spots_done=6,
            )
        )
    )
    assert isinstance(result, SweepData)
    assert result["a.y"].tolist() == [0.5, 1.5, 2.5]
    assert result["r.p"].tolist() == values.tolist()
    assert result.dimensions == {"a.x": 0, "a.y": 1}
    assert result.units == {"a.x": "V", "r.p": "W"}
    result["r.p"][0, 0] = 7.0  # arrays are the reader's own


def test_compiled_circuits_and_null_programs_are_read() -> None:
    native = NativeCircuit(instructions=(), n_bits=0)
    compiled = CompiledResult(native=native, openqasm="OPENQASM 3.0;", depth=0, two_qubit_gates=0)
    assert isinstance(read_outcome(encode_result(compiled)), CompiledCircuit)
    assert read_outcome(encode_result(NullResult(duration=2.0))) == NullOutcome(duration=2.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        shots(np.zeros((2, 3), dtype=np.uint8), 3, dtype="|O"),
        shots(np.zeros((2, 3), dtype=np.uint8), 3, dtype="nonsense"),
        shots(np.zeros((2, 3), dtype=np.uint8), 30),
        shots(np.zeros((2, 3), dtype=np.uint8), 3, dtype="<f8"),
    ],
)
def test_what_is_no_result_is_refused(data: bytes) -> None:
    with pytest.raises(ProtocolViolation, match="cannot be read"):
        read_outcome(data)


def test_a_result_knows_what_its_parameters_were_set_to() -> None:
    result = CircuitResult(
        counts={},
        bits=np.zeros((0, 1), np.uint8),
        bit_names=("c",),
        shots=0,
        metadata={"binding": '{"theta":0.5}'},
    )
    assert result.binding == {"theta": 0.5}
    assert replace(result, metadata={}).binding == {}


def test_a_notebook_shows_the_outcomes_seen_most_often() -> None:
    bits = np.zeros((1, 1), np.uint8)
    shown = CircuitResult({"0": 1, "1": 3}, bits, ("c[0]",), 4)._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert shown.index("<td>1</td><td>3</td>") < shown.index("<td>0</td><td>1</td>")
    many = CircuitResult({f"{n:06b}": 1 for n in range(64)}, bits, (), 64)._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert many.count("<tr>") == 1 + 32
    assert "the most frequent 32 of 64 outcomes" in many


def test_a_notebook_shows_what_a_sweep_has_and_not_its_numbers() -> None:
    data = SweepData(
        axes={"a.x": np.array([0.0, 1.0])},
        dimensions={"a.x": 0},
        arrays={"r.<p>": np.zeros((2, 64))},
        units={"a.x": "s"},
        spots_done=2,
    )
    shown = data._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert "<td>a.x</td><td>swept</td><td>s</td><td>2</td><td>float64</td>" in shown
    assert "<td>r.&lt;p&gt;</td><td>read</td><td></td><td>2 x 64</td><td>float64</td>" in shown
    with pytest.raises(KeyError, match=r"there is no 'a.X' in this result; did you mean 'a.x'"):
        _ = data["a.X"]
