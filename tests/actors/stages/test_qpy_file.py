"""A QPY file is a circuit or a problem, and names nothing but gates."""

import io
import struct
import sys
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from stationd.actors.stages import qpy_file
from stationd.actors.stages.bad_program import BadProgram
from stationd.actors.stages.qpy_file import OLDEST_VERSION, parse_qpy
from stationd.actors.untyped import load
from stationd.client.files.qiskit import qpy_program
from stationd.proto.program import Qpu

_HEAD_BYTES = 20
QPU = Qpu(qubits=("QB1", "QB2", "QB3"), couplings=(("QB1", "QB2"), ("QB2", "QB3")))


def dumped(*circuits: Any, version: int = 18) -> bytes:  # noqa: ANN401 - has no type information
    file = io.BytesIO()
    load("qiskit.qpy").dump(list(circuits), file, version=version)
    return file.getvalue()


def bell(qubits: int = 2) -> Any:  # noqa: ANN401 - as above
    circuit = load("qiskit").QuantumCircuit(qubits, 2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def said(data: bytes) -> str:
    with pytest.raises(BadProgram) as raised:
        parse_qpy(data, QPU)
    (problem,) = raised.value.problems
    return problem.message


@pytest.mark.parametrize("version", range(OLDEST_VERSION, 19))
def test_all_versions_from_the_oldest_on_are_read(version: int) -> None:
    assert parse_qpy(dumped(bell(), version=version), QPU) == bell()


def test_gates_of_the_library_and_of_the_file_are_read() -> None:
    gates, make = load("qiskit.circuit.library"), load("qiskit").QuantumCircuit
    own = make(1, name="own")
    own.sx(0)
    circuit = make(3)
    circuit.append(gates.UnitaryGate([[0, 1], [1, 0]]), [0])
    circuit.append(gates.MCXGate(2), [0, 1, 2])
    circuit.append(gates.XXPlusYYGate(0.1, 0.2), [0, 1])
    circuit.append(own.to_gate().control(1), [1, 2])
    assert parse_qpy(dumped(circuit), QPU) == circuit


def test_a_file_cannot_call_what_is_not_a_gate() -> None:
    # Qiskit's reader calls whatever of its library has the name that the file gives; this
    # function builds a circuit as large as its argument.
    library = load("qiskit.circuit.library")
    gate = load("qiskit.circuit").Gate

    def make(self: Any, number: float) -> None:  # noqa: ANN401 - has no type information
        gate.__init__(self, "random_iqp", 1, [number])

    pretender = type("random_iqp", (gate,), {"__init__": make})
    circuit = load("qiskit").QuantumCircuit(1)
    circuit.append(pretender(3.0), [0])
    assert 'Gate class not found: "random_iqp"' in said(dumped(circuit))
    assert sys.modules["qiskit.circuit.library"] is library


def test_evolutions_which_name_classes_are_not_read() -> None:
    gates, pauli = load("qiskit.circuit.library"), load("qiskit.quantum_info").SparsePauliOp
    circuit = load("qiskit").QuantumCircuit(2)
    circuit.append(gates.PauliEvolutionGate(pauli("XX"), 0.3), [0, 1])
    assert "decompose() the circuit first" in said(dumped(circuit))


def test_what_the_head_says_is_checked_before_the_file_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide, two, good = dumped(bell(9)), dumped(bell(), bell()), dumped(bell())
    old = good[:6] + bytes([OLDEST_VERSION - 1]) + good[7:]
    # Behind the file's head, the table and the sizes of the name and the phase.
    place = _HEAD_BYTES + 8 + struct.calcsize("!H1cHIIQI")
    endless = good[:place] + struct.pack("!Q", 10**15) + good[place + 8 :]
    elsewhere = good[:_HEAD_BYTES] + bytes(8) + good[_HEAD_BYTES + 8 :]
    monkeypatch.setattr(qpy_file, "load", None)
    assert said(b"") == said(b"OPENQASM 3.0;" * 9)
    assert said(b"").startswith("this is not a QPY file: write one with")
    assert said(wide) == "the circuit needs 9 qubits, the QPU has 3: use fewer"
    assert said(two) == "the QPY file holds 2 circuits: a program is one circuit"
    assert said(old).startswith("QPY version 12 is too old, 13 and newer are read")
    assert "unfolds into more than 100,000 operations" in said(endless)
    assert "does not lead to its circuit" in said(elsewhere)


def test_gates_that_unfold_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qpy_file, "MOST_OPERATIONS", 40)
    gate = load("qiskit").QuantumCircuit(1, name="g0")
    gate.x(0)
    for number in range(1, 6):
        outer = load("qiskit").QuantumCircuit(1, name=f"g{number}")
        for _ in range(2):
            outer.append(gate.to_gate(), [0])
        gate = outer
    assert "unfolds into more than 40 operations" in said(dumped(gate))


def test_whatever_the_bytes_are_a_circuit_or_a_problem_comes_out() -> None:
    random, good = Random(7), dumped(bell())
    for _ in range(100):
        bad = bytearray(good)
        for _ in range(random.randint(1, 4)):
            bad[random.randrange(7, len(bad))] = random.randrange(256)
        with suppress(BadProgram):
            parse_qpy(bytes(bad[: random.randint(len(bad) // 2, len(bad))]), QPU)


@pytest.mark.parametrize(("duration", "unit"), [(1.5, "us"), (10, "ns"), (3, "dt")])
def test_a_delay_that_lost_its_unit_is_refused(duration: float, unit: str) -> None:
    circuit = load("qiskit").QuantumCircuit(1)
    circuit.delay(duration, 0, unit=unit)
    assert "does not keep the unit of a delay" in said(dumped(circuit))


def test_a_delay_of_a_circuit_that_is_handed_over_keeps_its_seconds() -> None:
    t = load("qiskit.circuit").Parameter("t")
    circuit = load("qiskit").QuantumCircuit(1)
    circuit.delay(1.5, 0, unit="us")
    circuit.delay(2 * t, 0, unit="ms")
    first, second = (step.operation for step in parse_qpy(qpy_program(circuit).data, QPU).data)
    assert (first.name, first.unit, first.params) == ("delay", "s", [1.5e-6])
    assert (second.name, second.unit) == ("delay", "s")
    assert float(second.params[0].bind({t: 3.0})) == pytest.approx(6e-3)
    assert circuit.data[0].operation.name == "delay", "the user's circuit stays as it is"
