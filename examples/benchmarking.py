"""Randomised benchmarking: random gates that undo each other, on five qubits at once."""

from __future__ import annotations

import sys
from itertools import product

import numpy as np
from experiment import QPU, calibrate, run_circuits, station
from fitting import Fit, Numbers, fit
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from report import Comparison, finish

from stationd import CircuitResult, Instruction, NativeCircuit

# What the simulation is given: the average infidelity of each qubit's pulses.
PULSE_ERRORS = (2.5e-3, 4e-3, 2e-3, 6e-3, 3e-3)
READOUT_ERROR = 0.02  # which changes how high the curves are, and not how fast they fall

N = len(PULSE_ERRORS)
QUBITS = [f"QB{k}" for k in range(1, N + 1)]
LENGTHS = (1, 10, 25, 50, 100, 160)
SEQUENCES, SHOTS = 15, 1000

Pulse = tuple[float, float]
"""Angle and phase of a turn about an axis in the equator, in radians."""
PULSES: list[Pulse] = [
    *((np.pi, k * np.pi / 4) for k in range(4)),
    *((np.pi / 2, k * np.pi / 2) for k in range(4)),
]


def turn(angle: float, phase: float) -> Numbers:
    """Return what a pulse does to Bloch's vector, by Rodrigues' formula."""
    x, y = np.cos(phase), np.sin(phase)
    cross = np.array([[0, 0, y], [0, 0, -x], [-y, x, 0]])
    matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return np.rint(matrix).astype(int)


def clifford_group() -> dict[bytes, tuple[Pulse, ...]]:
    """Return all 24 turns that map axes to axes, each with the fewest pulses that make it."""
    found: dict[bytes, tuple[Pulse, ...]] = {}
    for count in range(3):
        for pulses in product(PULSES, repeat=count):
            found.setdefault(key(pulses), pulses)
    return found


def key(pulses: tuple[Pulse, ...]) -> bytes:
    """Return what pulses do together, as something to look up by."""
    return together(pulses).tobytes()


def together(pulses: tuple[Pulse, ...]) -> Numbers:
    """Return what pulses do one after another."""
    matrix = np.eye(3, dtype=int)
    for one in pulses:
        matrix = turn(*one) @ matrix
    return matrix


GROUP = clifford_group()
MATRICES = {which: together(pulses) for which, pulses in GROUP.items()}


def sequence(length: int, random: np.random.Generator) -> list[Pulse]:
    """Return the pulses of random Clifford gates, and of the one that undoes them all."""
    gates = [list(GROUP)[k] for k in random.integers(len(GROUP), size=length)]
    total = np.eye(3, dtype=int)
    for one in gates:
        total = MATRICES[one] @ total
    gates.append(np.ascontiguousarray(total.T).tobytes())
    return [pulse for one in gates for pulse in GROUP[one]]


def circuit(length: int, random: np.random.Generator) -> NativeCircuit:
    """Return a sequence for each qubit, all at the same time.

    In native operations: a compiler would see that all of it together does nothing.
    """
    played = [
        Instruction("prx", (qubit,), pulse)
        for qubit in QUBITS
        for pulse in sequence(length, random)
    ]
    read = [Instruction("measure", (qubit,), bits=(bit,)) for bit, qubit in enumerate(QUBITS)]
    return NativeCircuit(instructions=(*played, *read), n_bits=N)


def decay(m: Numbers, *, error: float, amplitude: float, offset: float) -> Numbers:
    """Return the share that is found undone after `m` gates with an error each."""
    return amplitude * (1 - 2 * error) ** m + offset


def error_of_a_gate(pulse_error: float) -> float:
    """Return the average infidelity of a Clifford gate whose pulses depolarise.

    A pulse with the infidelity r shrinks Bloch's vector to 1 - 2 r of its length, and what a gate
    does on average is the mean over the group.
    """
    shrunk = np.mean([(1 - 2 * pulse_error) ** len(pulses) for pulses in GROUP.values()])
    return float(1 - shrunk) / 2


def main() -> int:
    """Measure, fit, draw, compare."""
    random = np.random.default_rng(1)
    programs = [circuit(length, random) for length in LENGTHS for _ in range(SEQUENCES)]
    observed = {f"{q}.prx.error": one for q, one in zip(QUBITS, PULSE_ERRORS, strict=True)}
    observed |= {f"{q}.readout.error": READOUT_ERROR for q in QUBITS}
    with station(QPU):
        results = run_circuits(programs, SHOTS, "benchmarking", calibration=calibrate(observed))
    undone = survival(results)
    means, spreads = undone.mean(axis=1), undone.std(axis=1, ddof=1) / SEQUENCES**0.5
    fits = [
        fit(decay, LENGTHS, mean, sigma=spread, error=5e-3, amplitude=0.5, offset=0.5)
        for mean, spread in zip(means.T, spreads.T, strict=True)
    ]
    return finish(
        "benchmarking",
        draw(means, spreads, fits),
        [
            Comparison(f"error per gate, {q}", round(error_of_a_gate(error), 6), one["error"], "%")
            for q, error, one in zip(QUBITS, PULSE_ERRORS, fits, strict=True)
        ],
    )


def survival(results: list[CircuitResult]) -> Numbers:
    """Return the share of shots that found each qubit in 0, ``(lengths, sequences, qubits)``."""
    found = np.stack([1 - one.bits.mean(axis=0) for one in results])
    return found.reshape(len(LENGTHS), SEQUENCES, N)


def draw(means: Numbers, spreads: Numbers, fits: list[Fit]) -> Axes:
    """Draw the mean of all sequences of a length, and the fits."""
    axes = plt.subplots(layout="constrained")[1]
    along = np.linspace(0, LENGTHS[-1], 200)
    for k, one in enumerate(fits):
        axes.errorbar(LENGTHS, means[:, k], spreads[:, k], fmt="o", markersize=4, color=f"C{k}")
        axes.plot(along, one(along), color=f"C{k}", label=QUBITS[k])
    axes.set(xlabel="Clifford gates before the one that undoes them", ylabel="share found in 0")
    axes.legend(frameon=False)
    return axes


if __name__ == "__main__":
    sys.exit(main())
