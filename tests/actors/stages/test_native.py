"""Native circuits do what the compiled ones do, with fewer rotations."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stationd.actors.stages.native import (
    depth,
    native_circuit,
    openqasm_text,
    prx_matrix,
    split,
)
from stationd.actors.untyped import load
from stationd.proto.program import Instruction, NativeCircuit

QUBITS = ("QB1", "QB2", "QB3")
ANGLES = st.one_of(st.floats(-7, 7), st.integers(-8, 8).map(lambda eighths: eighths * math.pi / 4))


def z_matrix(angle: float) -> NDArray[np.complex128]:
    return np.diag([np.exp(-0.5j * angle), np.exp(0.5j * angle)])


def same_up_to_phase(first: NDArray[np.complex128], second: NDArray[np.complex128]) -> bool:
    return bool(abs(abs(np.trace(first.conj().T @ second)) - len(first)) < 1e-7)


@given(st.lists(st.tuples(ANGLES, ANGLES), min_size=1, max_size=4))
@settings(deadline=None)
def test_every_gate_is_a_rotation_and_a_frame(turns: list[tuple[float, float]]) -> None:
    gate = np.eye(2, dtype=np.complex128)
    for angle, phase in turns:
        gate = prx_matrix(angle, phase) @ gate
    angle, phase, frame = split(gate)
    assert 0 <= angle <= math.pi
    assert -math.pi <= phase <= math.pi
    assert same_up_to_phase(z_matrix(frame) @ prx_matrix(angle, phase), gate)


def rebuilt(circuit: NativeCircuit) -> Any:  # noqa: ANN401 - has no type information
    made = load("qiskit").QuantumCircuit(len(QUBITS), circuit.n_bits)
    for one in circuit.instructions:
        places = [QUBITS.index(qubit) for qubit in one.qubits]
        match one.gate:
            case "prx":
                made.r(*one.params, places[0])
            case "cz":
                made.cz(*places)
            case _:
                raise AssertionError(one)
    return made


STEPS = st.one_of(
    st.tuples(st.just("r"), ANGLES, ANGLES, st.integers(0, 2)),
    st.tuples(st.just("cz"), st.sampled_from([(0, 1), (1, 2), (2, 0)])),
)


@given(st.lists(STEPS, max_size=12))
@settings(deadline=None)
def test_a_circuit_that_measures_nothing_stays_what_it_was(steps: list[tuple[Any, ...]]) -> None:
    source = load("qiskit").QuantumCircuit(3)
    for step in steps:
        if step[0] == "r":
            source.r(step[1], step[2], step[3])
        else:
            source.cz(*step[1])
    native = native_circuit(source, QUBITS, "")
    operator = load("qiskit.quantum_info").Operator
    assert same_up_to_phase(operator(rebuilt(native)).data, operator(source).data)


def test_what_merges_is_one_rotation() -> None:
    source = load("qiskit").QuantumCircuit(1, 1)
    for _ in range(4):
        source.r(math.pi / 8, 0, 0)
    source.measure(0, 0)
    native = native_circuit(source, QUBITS, "four")
    assert [one.gate for one in native.instructions] == ["prx", "measure"]
    assert native.instructions[0].params == (math.pi / 2, 0.0)
    assert native.name == "four"


def test_a_frame_before_a_measurement_is_dropped() -> None:
    source = load("qiskit").QuantumCircuit(1, 1)
    source.r(math.pi, 0, 0)
    source.r(math.pi, 0.3, 0)
    source.measure(0, 0)
    (only,) = native_circuit(source, QUBITS, "").instructions
    assert only == Instruction("measure", ("QB1",), (), (0,))


def test_other_gates_are_refused() -> None:
    source = load("qiskit").QuantumCircuit(1)
    source.h(0)
    with pytest.raises(ValueError, match="'h', which the QPU does not know"):
        native_circuit(source, QUBITS, "")


def example(*bit_names: str) -> NativeCircuit:
    return NativeCircuit(
        instructions=(
            Instruction("prx", ("QB1",), (math.pi / 2, 0.25)),
            Instruction("cz", ("QB1", "QB3")),
            Instruction("barrier", ("QB1", "QB3")),
            Instruction("measure", ("QB3",), (), (len(bit_names) - 1,)),
        ),
        n_bits=len(bit_names),
        bit_names=bit_names,
    )


@pytest.mark.parametrize(
    ("bit_names", "declared", "written"),
    [
        (("c[0]", "c[1]"), ["bit[2] c;"], "c[1]"),
        (("a[0]", "b[0]"), ["bit[1] a;", "bit[1] b;"], "b[0]"),
        (("input[0]",), ["bit[1] c;"], "c[0]"),
        (("bit[0]", "bit[1]"), ["bit[2] c;"], "c[1]"),
        (("a[0]", "b[0]", "a[1]"), ["bit[3] c;"], "c[2]"),
    ],
)
def test_the_text_is_openqasm_3_on_physical_qubits(
    bit_names: tuple[str, ...], declared: list[str], written: str
) -> None:
    text = openqasm_text(example(*bit_names), QUBITS)
    assert [line for line in text.splitlines() if line.startswith("bit")] == declared
    assert f"cz $0, $2;\nbarrier $0, $2;\n{written} = measure $2;" in text
    assert load("qiskit.qasm3").loads(text).count_ops() == {
        "prx": 1,
        "cz": 1,
        "barrier": 1,
        "measure": 1,
    }


def test_depth_counts_what_waits_for_each_other() -> None:
    assert depth(example("c[0]")) == 3
    assert depth(NativeCircuit(instructions=(), n_bits=0)) == 0
