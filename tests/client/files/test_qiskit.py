"""Qiskit's circuits and files become programs of one circuit each."""

import io

import pytest

from stationd.actors.untyped import load
from stationd.client.files.qiskit import is_qiskit, qpy_program, qpy_programs
from stationd.proto.error import InvalidJob
from stationd.proto.program import NullProgram


def test_a_circuit_of_qiskit_is_known_by_its_type() -> None:
    quantum = load("qiskit").QuantumCircuit
    own = type("Own", (quantum,), {})
    assert is_qiskit(quantum(1))
    assert is_qiskit(own(1))
    assert not is_qiskit(NullProgram())
    assert not is_qiskit("QuantumCircuit")


def test_a_circuit_is_written_as_a_file_of_one() -> None:
    circuit = load("qiskit").QuantumCircuit(2, name="bell")
    circuit.h(0)
    program = qpy_program(circuit)
    assert program.name == "bell"
    assert load("qiskit.qpy").load(io.BytesIO(program.data)) == [circuit]


def test_a_file_of_one_goes_as_it_is_and_others_are_taken_apart() -> None:
    first, second = (load("qiskit").QuantumCircuit(n, name=f"c{n}") for n in (1, 2))
    one, two = io.BytesIO(), io.BytesIO()
    load("qiskit.qpy").dump(first, one)
    load("qiskit.qpy").dump([first, second], two)
    (alone,) = qpy_programs(one.getvalue(), "f.qpy", "f")
    assert (alone.data, alone.name) == (one.getvalue(), "f")
    assert qpy_programs(two.getvalue(), "f.qpy", "f") == [qpy_program(first), qpy_program(second)]


@pytest.mark.parametrize("data", [b"", b"OPENQASM 3.0;" * 9, b"QISKIT" + bytes(20)])
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidJob, match=r"f\.qpy is not a QPY file with circuits"):
        qpy_programs(data, "f.qpy", "f")
