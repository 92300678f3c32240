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
)

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
