"""How the simulated QPU's circuits are simulated; imported in the simulator's process only.

===================  ==============================================================================
engine               for which circuits, and why
===================  ==============================================================================
`CliffordEngine`     all angles are quarter turns: stim does a thousand shots of any width in
                     microseconds. Decay is twirled into Pauli errors, which is right for short
                     waits and has no ground state to decay to: circuits with longer ones, such as
                     the delays of a T1 measurement, go to the engines below.
`DensityEngine`      up to `MOST_DENSITY_QUBITS` qubits, measured at the end: the noisy state is
                     computed once (Aer, density matrix), and every shot is drawn from it.
`StatevectorEngine`  without noise, up to `MOST_STATEVECTOR_QUBITS`, measured at the end: the
                     same with a statevector.
`TrajectoryEngine`   all others, shot by shot (Aer): with a statevector if it is small enough,
                     else as a matrix product state, for a statevector of 20 qubits takes 0.3 s
                     per noisy shot. Deeply entangled wide circuits stay slow.
===================  ==============================================================================

Outcomes depend on the seed and on the shots asked for, and on nothing else; for stim also on the
kind of processor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from stationd.actors.drivers.qpu_noise import (
    Cz,
    Depolarise,
    Measure,
    NoisyCircuit,
    Prx,
    Relax,
    Reset,
    Step,
    twirled,
)
from stationd.actors.untyped import load

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DENSITY_QUBITS: Final = 9
"""A density matrix of 9 qubits takes 4 MiB, and a gate on it some milliseconds."""
MOST_STATEVECTOR_QUBITS: Final = 20
MOST_TWIRLED: Final = 0.02
"""The largest loss of energy in one wait that Pauli errors may stand for."""
_TOLERANCE: Final = 1e-7
"""Radians between an angle and the quarter turn that it is taken for."""


class Engine(Protocol):
    """Simulates one circuit."""

    def sample(self, shots: int, seed: int) -> NDArray[np.uint8]:
        """Return the outcomes of all measurements, ``(shots, measurements)``, 0 or 1."""
        ...


def engine_for(circuit: NoisyCircuit) -> Engine:
    """Choose the fastest engine that is right for a circuit."""
    if is_clifford(circuit) and not loses_energy(circuit):
        return CliffordEngine(circuit)
    if measures_last(circuit):
        if circuit.qubits <= MOST_DENSITY_QUBITS:
            return DensityEngine(circuit)
        if not has_noise(circuit) and circuit.qubits <= MOST_STATEVECTOR_QUBITS:
            return StatevectorEngine(circuit)
    return TrajectoryEngine(circuit)


def run_circuit(engine: Engine, circuit: NoisyCircuit, shots: int, seed: int) -> NDArray[np.uint8]:
    """Return the classical bits of every shot, ``(shots, n_bits)``, readout errors included."""
    draw = np.random.default_rng(seed)
    outcomes = engine.sample(shots, int(draw.integers(2**31)))
    bits = np.zeros((shots, circuit.n_bits), np.uint8)
    for index, measurement in enumerate(circuit.measurements):
        wrong = draw.random(shots) < measurement.flip
        bits[:, measurement.bit] = outcomes[:, index] ^ wrong
    return bits


# --- what kind of circuit it is --------------------------------------------------------------


def measures_last(circuit: NoisyCircuit) -> bool:
    """Whether nothing happens to a qubit after it has been measured."""
    measured: set[int] = set()
    for step in circuit.steps:
        if measured.intersection(_touched(step)):
            return False
        if isinstance(step, Measure):
            measured.add(step.qubit)
    return True


def has_noise(circuit: NoisyCircuit) -> bool:
    """Whether a shot differs from the next by more than its outcome."""
    return any(isinstance(step, (Depolarise, Relax, Reset)) for step in circuit.steps)


def loses_energy(circuit: NoisyCircuit) -> bool:
    """Whether a qubit waits for so long that it matters which state it decays to."""
    return any(
        -math.expm1(-step.seconds / step.t1) > MOST_TWIRLED
        for step in circuit.steps
        if isinstance(step, Relax)
    )


def is_clifford(circuit: NoisyCircuit) -> bool:
    """Whether all rotations map Pauli operators to Pauli operators."""
    return all(_turns(step) is not None for step in circuit.steps if isinstance(step, Prx))


def _touched(step: Step) -> tuple[int, ...]:
    match step:
        case Cz(first, second):
            return (first, second)
        case Depolarise(qubits):
            return qubits
        case Prx(qubit) | Relax(qubit) | Measure(qubit) | Reset(qubit):
            return (qubit,)


def _turns(step: Prx) -> tuple[int, int] | None:
    """Return angle and phase of a Clifford rotation; in quarter turns, the phase in eighths."""
    angle, phase = step.angle / (math.pi / 2), step.phase / (math.pi / 4)
    near = _TOLERANCE / (math.pi / 4)
    if abs(angle - round(angle)) > near:
        return None
    quarters = round(angle) % 4
    if quarters == 0:
        return 0, 0
    # A half turn may be about any eighth, a quarter turn only about X, Y and their opposites.
    if abs(phase - round(phase)) > near or (quarters != 2 and round(phase) % 2):  # noqa: PLR2004 - half a turn
        return None
    return quarters, round(phase) % 8


# --- stim ------------------------------------------------------------------------------------


class CliffordEngine:
    """Stabiliser simulation with Pauli noise."""

    def __init__(self, circuit: NoisyCircuit) -> None:
        # As one text, which stim reads twenty times as fast as it appends instructions one by one.
        text = "\n".join(line for step in circuit.steps for line in _stim_lines(step))
        self._circuit = load("stim").Circuit(text)
        self._measurements = len(circuit.measurements)

    def sample(self, shots: int, seed: int) -> NDArray[np.uint8]:
        """Return outcomes, see `Engine`."""
        if not self._measurements:
            return np.zeros((shots, 0), np.uint8)
        outcomes: NDArray[np.bool_] = self._circuit.compile_sampler(seed=seed).sample(shots)
        return outcomes.astype(np.uint8)


def _stim_lines(step: Step) -> list[str]:
    """Return what a step is in stim's language."""
    match step:
        case Prx(qubit):
            return [f"{gate} {qubit}" for gate in _stim_turn(step)]
        case Cz(first, second):
            return [f"CZ {first} {second}"]
        case Depolarise(qubits, probability):
            # Stim counts the errors alone, without the identity's share of the mixture.
            errors = probability * (1 - 1 / 4 ** len(qubits))
            return [f"DEPOLARIZE{len(qubits)}({errors!r}) {' '.join(map(str, qubits))}"]
        case Relax(qubit):
            x, y, z = twirled(step)
            return [f"PAULI_CHANNEL_1({x!r},{y!r},{z!r}) {qubit}"]
        case Measure(qubit):
            return [f"M {qubit}"]
        case Reset(qubit):
            return [f"R {qubit}"]


def _stim_turn(step: Prx) -> list[str]:
    """Return the gates of a rotation."""
    quarters, eighths = _turns(step) or (0, 0)
    if quarters == 0:
        return []
    if quarters == 2:  # noqa: PLR2004 - half a turn
        # Rz(p) X Rz(-p) = X Rz(-2p): an eighth of the axis is a quarter of the frame.
        return ["S_DAG"] * (eighths % 4) + ["X"]
    turn = "SQRT_X" if quarters == 1 else "SQRT_X_DAG"
    return ["S_DAG"] * (eighths // 2) + [turn] + ["S"] * (eighths // 2)


# --- Aer -------------------------------------------------------------------------------------


class _OnceEngine:
    """Computes the distribution of all outcomes once, and draws from it."""

    method: str

    def __init__(self, circuit: NoisyCircuit) -> None:
        qubits = [measurement.qubit for measurement in circuit.measurements]
        self._measurements = len(qubits)
        if not qubits:
            return
        steps = tuple(step for step in circuit.steps if not isinstance(step, Measure))
        program = _program(circuit, steps)
        program.save_probabilities(qubits)
        data = _run(self.method, program, shots=1, seed=0).data(0)
        chances = np.clip(np.asarray(data["probabilities"], np.float64), 0.0, None)
        self._ladder = np.cumsum(chances / chances.sum())

    def sample(self, shots: int, seed: int) -> NDArray[np.uint8]:
        """Return outcomes, see `Engine`."""
        if not self._measurements:
            return np.zeros((shots, 0), np.uint8)
        draws = np.random.default_rng(seed).random(shots)
        last = len(self._ladder) - 1
        drawn = np.minimum(np.searchsorted(self._ladder, draws, side="right"), last)
        # Qubit 0 of the list is the lowest bit of the index.
        columns = np.arange(self._measurements)
        return ((drawn[:, np.newaxis] >> columns) & 1).astype(np.uint8)


class DensityEngine(_OnceEngine):
    """A density matrix, computed once."""

    method = "density_matrix"


class StatevectorEngine(_OnceEngine):
    """A statevector, computed once."""

    method = "statevector"


class TrajectoryEngine:
    """Every shot is simulated by itself, with measurements where they are."""

    def __init__(self, circuit: NoisyCircuit) -> None:
        small = circuit.qubits <= MOST_DENSITY_QUBITS
        self._method = "statevector" if small else "matrix_product_state"
        self._measurements = len(circuit.measurements)
        self._program = _program(circuit, circuit.steps, bits=self._measurements)

    def sample(self, shots: int, seed: int) -> NDArray[np.uint8]:
        """Return outcomes, see `Engine`."""
        if not self._measurements:
            return np.zeros((shots, 0), np.uint8)
        result = _run(self._method, self._program, shots=shots, seed=seed, memory=True)
        # Aer writes the last bit first.
        rows = [[int(digit) for digit in reversed(word)] for word in result.get_memory()]
        return np.array(rows, np.uint8)


def _program(circuit: NoisyCircuit, steps: tuple[Step, ...], bits: int = 0) -> Any:  # noqa: ANN401 - Qiskit has no type information
    noise = load("qiskit_aer.noise")
    program = load("qiskit").QuantumCircuit(max(1, circuit.qubits), bits)
    measured = 0
    for step in steps:
        match step:
            case Prx(qubit, angle, phase):
                program.r(angle, phase, qubit)
            case Cz(first, second):
                program.cz(first, second)
            case Depolarise(qubits, probability):
                error = noise.depolarizing_error(probability, len(qubits))
                program.append(error.to_instruction(), qubits)
            case Relax(qubit, seconds, t1, t2):
                error = noise.thermal_relaxation_error(t1, t2, seconds)
                program.append(error.to_instruction(), [qubit])
            case Measure(qubit):
                program.measure(qubit, measured)
                measured += 1
            case Reset(qubit):
                program.reset(qubit)
    return program


def _run(method: str, program: Any, *, shots: int, seed: int, memory: bool = False) -> Any:  # noqa: ANN401 - Qiskit has no type information
    # One thread: the control host has better things to do, and results do not depend on it.
    simulator = load("qiskit_aer").AerSimulator(method=method, max_parallel_threads=1)
    result = simulator.run(program, shots=shots, seed_simulator=seed, memory=memory).result()
    if not result.success:
        raise RuntimeError(f"the simulation failed: {result.status}")
    return result
