"""Each circuit gets the engine that is right for it, and all engines agree."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from stationd.actors.drivers.qpu_engines import (
    CliffordEngine,
    DensityEngine,
    StatevectorEngine,
    TrajectoryEngine,
    engine_for,
    run_circuit,
)
from stationd.actors.drivers.qpu_noise import (
    Cz,
    Depolarise,
    Measure,
    NoisyCircuit,
    Prx,
    Relax,
    Reset,
    Step,
    noisy_circuit,
)
from stationd.proto.program import Instruction, NativeCircuit

HALF = math.pi / 2
BELL: tuple[Step, ...] = (Prx(0, HALF, -HALF), Prx(1, HALF, -HALF), Cz(0, 1), Prx(1, HALF, HALF))
ENDS: tuple[Step, ...] = (Measure(0, 0, 0.0), Measure(1, 1, 0.0))
NOISE: tuple[Step, ...] = (
    Depolarise((0, 1), 0.2),
    Relax(0, 5e-6, 1e-5, 2e-5),
    Depolarise((1,), 0.1),
)
EIGHTH = Prx(0, math.pi / 4, 0.3)


def circuit(*steps: Step, qubits: int = 2, n_bits: int = 2) -> NoisyCircuit:
    return NoisyCircuit(qubits=qubits, n_bits=n_bits, steps=steps)


def shares(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return how often 00, 01, 10 and 11 came."""
    return np.bincount(bits[:, 0] * 2 + bits[:, 1], minlength=4) / len(bits)


@pytest.mark.parametrize(
    ("made", "engine"),
    [
        (circuit(*BELL, *ENDS), CliffordEngine),
        (
            circuit(*BELL, Depolarise((0, 1), 0.2), Relax(0, 1e-7, 1e-5, 2e-5), *ENDS),
            CliffordEngine,
        ),
        (circuit(*BELL, *NOISE, *ENDS), DensityEngine),
        (circuit(*BELL, Reset(0), *ENDS), CliffordEngine),
        (circuit(EIGHTH, Reset(0), *ENDS, qubits=12), TrajectoryEngine),
        (circuit(EIGHTH, *ENDS), DensityEngine),
        (circuit(EIGHTH, *ENDS, qubits=12), StatevectorEngine),
        (circuit(EIGHTH, *NOISE, *ENDS, qubits=12), TrajectoryEngine),
        (circuit(EIGHTH, *ENDS, *BELL), TrajectoryEngine),
        (circuit(EIGHTH, *ENDS, Measure(0, 1, 0.0)), TrajectoryEngine),
    ],
)
def test_the_engine_is_the_one_for_the_circuit(made: NoisyCircuit, engine: type) -> None:
    assert type(engine_for(made)) is engine


@pytest.mark.parametrize("engine", [CliffordEngine, DensityEngine, TrajectoryEngine])
def test_engines_agree_with_noise(engine: type[CliffordEngine]) -> None:
    # Without loss of energy, which Pauli errors can only stand for.
    noise = (Depolarise((0, 1), 0.2), Relax(0, 5e-6, math.inf, 1e-5), Depolarise((1,), 0.1))
    made = circuit(*BELL, *noise, Prx(0, HALF, 0.0), Prx(1, HALF, 0.0), *ENDS)
    found = shares(run_circuit(engine(made), made, 20_000, 1))
    reference = shares(run_circuit(DensityEngine(made), made, 200_000, 2))
    assert np.abs(found - reference).sum() / 2 < 0.02


@pytest.mark.parametrize("angle", range(8))
@pytest.mark.parametrize("phase", range(8))
def test_clifford_rotations_are_those_of_the_statevector(angle: int, phase: int) -> None:
    # Two rotations about other axes make phases visible.
    turn = Prx(0, angle * HALF, phase * HALF / 2)
    made = circuit(Prx(0, HALF, 0.0), turn, Prx(0, HALF, HALF), *BELL[1:], *ENDS)
    if type(engine_for(made)) is not CliffordEngine:
        assert phase % 2, "only eighths of a turn are not Clifford"
        assert angle % 2
        return
    found = shares(run_circuit(CliffordEngine(made), made, 4000, 1))
    exact = shares(run_circuit(StatevectorEngine(made), made, 4000, 2))
    assert np.abs(found - exact).sum() / 2 < 0.05


@pytest.mark.parametrize(
    "made",
    [
        circuit(*BELL, *NOISE, *ENDS),
        circuit(EIGHTH, *NOISE, *ENDS),
        circuit(EIGHTH, *ENDS, *BELL, *ENDS),
    ],
)
def test_a_seed_gives_the_same_outcomes(made: NoisyCircuit) -> None:
    first, again, other = (run_circuit(engine_for(made), made, 300, seed) for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_readout_flips_what_is_reported() -> None:
    made = circuit(Measure(0, 0, 1.0), Measure(1, 1, 0.25))
    bits = run_circuit(engine_for(made), made, 10_000, 1)
    assert bits[:, 0].all()
    assert 0.2 < bits[:, 1].mean() < 0.3


def test_the_last_measurement_of_a_bit_stands_and_others_are_zero() -> None:
    made = circuit(Prx(0, math.pi, 0.0), Measure(0, 2, 0.0), Measure(1, 2, 0.0), n_bits=3)
    assert not run_circuit(engine_for(made), made, 10, 1).any()


def test_bits_are_where_the_measurement_says_in_a_wide_circuit() -> None:
    turns = [Prx(qubit, math.pi + 0.001, 0.0) for qubit in (3, 11)]
    ends = [Measure(qubit, 11 - qubit, 0.0) for qubit in range(12)]
    made = circuit(*turns, *ends, qubits=12, n_bits=12)
    bits = run_circuit(engine_for(made), made, 50, 1)
    assert np.median(bits, axis=0).astype(int).tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]


@pytest.mark.parametrize("steps", [BELL, (EIGHTH,)])
def test_a_circuit_without_measurements_gives_zeros(steps: tuple[Step, ...]) -> None:
    made = circuit(*steps)
    assert not run_circuit(engine_for(made), made, 5, 1).any()


def test_idle_qubits_decay_to_the_ground_state() -> None:
    waited = Relax(0, 1e-5, 1e-5, 2e-5)
    made = circuit(Prx(0, math.pi + 1e-3, 0.0), waited, Measure(0, 0, 0.0))
    excited = run_circuit(engine_for(made), made, 20_000, 1)[:, 0].mean()
    assert excited == pytest.approx(math.exp(-1), abs=0.02)


# --- circuits as they are executed -----------------------------------------------------------

T1, T2 = 20e-6, 30e-6
KNOWN = {"A.t1": T1, "A.t2": T2}
QUARTER = Instruction("prx", ("A",), (HALF, 0.0))
FLIP = Instruction("prx", ("A",), (math.pi, 0.0))
READ = Instruction("measure", ("A",), (), (0,))
AGAIN = Instruction("measure", ("A",), (), (1,))
RESET = Instruction("reset", ("A",))


def wait(seconds: float) -> Instruction:
    return Instruction("delay", ("A",), (seconds,))


def executed(
    *instructions: Instruction, known: dict[str, float] | None = None, shots: int = 20_000
) -> NDArray[np.uint8]:
    native = NativeCircuit(instructions=instructions, n_bits=2)
    noisy = noisy_circuit(native, KNOWN if known is None else known)
    return run_circuit(engine_for(noisy), noisy, shots, 5)


@pytest.mark.parametrize("seconds", [0.0, 5e-6, 20e-6, 100e-6])
def test_an_excited_qubit_decays_with_t1_while_it_waits(seconds: float) -> None:
    excited = executed(FLIP, wait(seconds), READ)[:, 0].mean()
    assert excited == pytest.approx(math.exp(-seconds / T1), abs=0.02)


@pytest.mark.parametrize("seconds", [0.0, 10e-6, 30e-6, 150e-6])
def test_a_superposition_loses_its_phase_with_t2_while_it_waits(seconds: float) -> None:
    # A quarter turn to the equator, and another one that undoes nothing but goes on to the pole.
    excited = executed(QUARTER, wait(seconds), QUARTER, READ)[:, 0].mean()
    assert excited == pytest.approx((1 + math.exp(-seconds / T2)) / 2, abs=0.02)


def test_one_wait_is_as_good_as_two_halves() -> None:
    halves = executed(FLIP, wait(10e-6), wait(10e-6), READ)[:, 0].mean()
    assert halves == pytest.approx(math.exp(-1), abs=0.02)


def test_a_qubit_in_its_ground_state_does_not_decay() -> None:
    assert not executed(wait(1.0), READ).any()


@pytest.mark.parametrize("angle", [math.pi, HALF, 1.0])
def test_a_reset_gives_the_ground_state(angle: float) -> None:
    turn = Instruction("prx", ("A",), (angle, 0.0))
    assert not executed(turn, RESET, READ, known={}).any()
    both = executed(turn, READ, RESET, AGAIN, known={})
    assert both[:, 0].any()
    assert not both[:, 1].any()


@pytest.mark.parametrize("angle", [HALF, 1.0])
def test_a_qubit_that_is_measured_twice_gives_the_same_twice(angle: float) -> None:
    turn = Instruction("prx", ("A",), (angle, 0.0))
    both = executed(turn, READ, AGAIN, known={})
    assert np.array_equal(both[:, 0], both[:, 1])
    assert both[:, 0].mean() == pytest.approx(math.sin(angle / 2) ** 2, abs=0.02)


def test_a_measured_qubit_goes_on_and_a_bit_keeps_its_last_outcome() -> None:
    both = executed(QUARTER, READ, FLIP, AGAIN, known={})
    assert np.array_equal(both[:, 0], 1 - both[:, 1])
    assert executed(READ, FLIP, READ, known={})[:, 0].all()


def test_half_of_a_pair_can_be_reset_and_the_other_half_is_not_touched() -> None:
    pair = (
        Instruction("prx", ("A",), (HALF, -HALF)),
        Instruction("prx", ("B",), (HALF, -HALF)),
        Instruction("cz", ("A", "B")),
        Instruction("prx", ("B",), (HALF, HALF)),
    )
    both = executed(*pair, RESET, READ, Instruction("measure", ("B",), (), (1,)), known={})
    assert not both[:, 0].any()
    assert both[:, 1].mean() == pytest.approx(0.5, abs=0.02)


def test_decay_of_many_qubits_ends_in_the_ground_state() -> None:
    # More than a density matrix can hold.
    names = [f"Q{number}" for number in range(12)]
    native = NativeCircuit(
        instructions=(
            *(Instruction("prx", (name,), (math.pi, 0.0)) for name in names),
            *(Instruction("delay", (name,), (100e-6,)) for name in names),
            *(Instruction("measure", (name,), (), (bit,)) for bit, name in enumerate(names)),
        ),
        n_bits=12,
    )
    noisy = noisy_circuit(native, {f"{name}.t1": T1 for name in names})
    assert run_circuit(engine_for(noisy), noisy, 200, 5).mean() < 0.05
