"""Noise is where the model says: after gates, while waiting, at readout."""

import math

import pytest

from stationd.actors.drivers.qpu_noise import (
    Cz,
    Depolarise,
    Measure,
    Prx,
    Relax,
    noisy_circuit,
    twirled,
)
from stationd.proto.program import Instruction, NativeCircuit


def circuit(*instructions: Instruction) -> NativeCircuit:
    return NativeCircuit(instructions=instructions, n_bits=2)


PRX_A = Instruction("prx", ("A",), (1.0, 0.5))
PRX_B = Instruction("prx", ("B",), (1.0, 0.5))
CZ = Instruction("cz", ("A", "B"))
BARRIER = Instruction("barrier", ("A", "B", "C"))
MEASURE_B = Instruction("measure", ("B",), (), (1,))


def test_without_observations_there_is_no_noise() -> None:
    made = noisy_circuit(circuit(PRX_A, BARRIER, CZ, MEASURE_B), {})
    assert made.steps == (Prx(0, 1.0, 0.5), Cz(0, 1), Measure(1, 1, 0.0))
    assert (made.qubits, made.n_bits) == (2, 2)
    assert made.measurements == (Measure(1, 1, 0.0),)


def test_gates_depolarise_by_their_infidelity() -> None:
    known = {"A.prx.error": 0.01, "B-A.cz.error": 0.375, "B.readout.error": 0.2}
    made = noisy_circuit(circuit(PRX_A, CZ, MEASURE_B), known)
    assert made.steps == (
        Prx(0, 1.0, 0.5),
        Depolarise((0,), 0.02),
        Cz(0, 1),
        Depolarise((0, 1), 0.5),
        Measure(1, 1, 0.2),
    )


def test_a_gate_cannot_be_worse_than_wholly_mixing() -> None:
    made = noisy_circuit(circuit(PRX_A), {"A.prx.error": 0.9})
    assert made.steps[1] == Depolarise((0,), 1.0)


def test_a_qubit_that_waits_decays_meanwhile() -> None:
    known = {"A.t1": 1e-5, "B.t1": 2e-5, "A.prx.duration": 3e-8, "B.prx.duration": 1e-7}
    made = noisy_circuit(circuit(PRX_A, PRX_B, CZ), known)
    (waited,) = [step for step in made.steps if isinstance(step, Relax)]
    assert (waited.qubit, waited.t1, waited.t2) == (0, 1e-5, 2e-5)
    assert waited.seconds == pytest.approx(7e-8)


def test_barriers_make_qubits_wait_and_those_in_the_ground_state_do_not_decay() -> None:
    known = {"A.t1": 1e-5, "B.t1": 2e-5, "C.t1": 1e-5}
    made = noisy_circuit(circuit(PRX_A, BARRIER, PRX_B, PRX_B, BARRIER, PRX_A), known)
    (waited,) = [step for step in made.steps if isinstance(step, Relax)]
    assert waited.qubit == 0
    assert waited.seconds == pytest.approx(8e-8)


def test_unknown_operations_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot play 'h'"):
        noisy_circuit(circuit(Instruction("h", ("A",))), {})


def test_a_long_wait_mixes_and_a_short_one_does_not() -> None:
    assert twirled(Relax(0, 1.0, 1e-6, 1e-6)) == pytest.approx((0.25, 0.25, 0.25))
    assert twirled(Relax(0, 1.0, math.inf, 1e-6)) == pytest.approx((0.0, 0.0, 0.5))
    assert sum(twirled(Relax(0, 1e-9, 1e-3, 2e-3))) == pytest.approx(0.0, abs=1e-5)
