"""Five entangled qubits: how well, once the errors of the readout are taken out."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from experiment import QPU, calibrate, run_circuits, station
from fitting import Fitted, Numbers
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from report import Comparison, finish

from stationd import CircuitResult

# What the simulation is given, and the measurement has to find.
READOUT_ERRORS = (0.03, 0.02, 0.045, 0.025, 0.035)
# What it is given besides: infidelities of gates, seconds.
GATES = {"prx.error": 8e-4, "t1": 40e-6, "t2": 30e-6}
CZ_ERROR = 8e-3

N = len(READOUT_ERRORS)
PHASES = np.linspace(0, np.pi, 21)
SHOTS, MANY = 4_000, 40_000

HEAD = f'OPENQASM 3.0; include "stdgates.inc"; bit[{N}] c;\n'
# Names of the qubits themselves: which one is which matters here.
GHZ = "h $0;\n" + "".join(f"cx $0, ${k};\n" for k in range(1, N))
MEASURE = f"barrier {', '.join(f'${k}' for k in range(N))};\n" + "".join(
    f"c[{k}] = measure ${k};\n" for k in range(N)
)


def turned(phase: float) -> str:
    """Return quarter turns of all qubits, about an axis at a phase in the equator."""
    angles = f"pi/2, {phase - np.pi / 2}, {np.pi / 2 - phase}"
    return "".join(f"U({angles}) ${k};\n" for k in range(N))


FLIPPED = "".join(f"x ${k};\n" for k in range(N))
PREPARED = [HEAD + MEASURE, HEAD + FLIPPED + MEASURE]
ENTANGLED = [HEAD + GHZ + MEASURE, *(HEAD + GHZ + turned(one) + MEASURE for one in PHASES)]


def main() -> int:
    """Measure, correct, draw, compare."""
    with station(QPU):
        noisy, perfect = calibration(READOUT_ERRORS), calibration([0.0] * N)
        prepared = run_circuits(PREPARED, MANY, "readout", calibration=noisy)
        entangled = run_circuits(ENTANGLED, SHOTS, "GHZ", calibration=noisy)
        # The same gates with the same noise, read without an error: that is what was put in.
        truth = run_circuits(ENTANGLED, MANY, "truth", calibration=perfect)
    put_in = quality(np.stack([shares(one) for one in truth]))
    found = with_errors(prepared, entangled)
    axes = draw(np.stack([shares(one) for one in prepared + entangled]))
    names = [f"readout error of QB{k + 1}" for k in range(N)]
    names += ["share of 00000 and 11111", "coherence of the two", "fidelity"]
    return finish(
        "ghz",
        axes,
        [
            Comparison(name, round(value, 4), one, "%")
            for name, value, one in zip(names, [*READOUT_ERRORS, *put_in], found, strict=True)
        ],
    )


def calibration(readout_errors: Sequence[float]) -> str:
    """Store a calibration set, from which the simulated QPU has its noise, and return its id."""
    observed = {f"QB{k}.{what}": value for k in range(1, N + 1) for what, value in GATES.items()}
    observed |= {f"QB1-QB{k}.cz.error": CZ_ERROR for k in range(2, N + 1)}
    observed |= {f"QB{k}.readout.error": error for k, error in enumerate(readout_errors, 1)}
    return calibrate(observed)


def shares(result: CircuitResult) -> Numbers:
    """Return how often each of the 32 outcomes was seen, as a part of all shots."""
    outcomes = result.bits @ (1 << np.arange(N)[::-1])
    return np.bincount(outcomes, minlength=2**N) / len(outcomes)


# --- the correction --------------------------------------------------------------------------


def flips(prepared: Numbers) -> Numbers:
    """Return each qubit's probabilities to be read wrong, prepared in 0 and in 1, ``(2, N)``."""
    ones = prepared @ ((np.arange(2**N)[:, None] >> np.arange(N)[::-1]) & 1)
    return np.stack([ones[0], 1 - ones[1]])


def response(wrong: Numbers) -> Numbers:
    """Return the probability to read each outcome (row) of each state (column)."""
    matrix = np.ones((1, 1))
    for up, down in wrong.T:
        matrix = np.kron(matrix, [[1 - up, down], [up, 1 - down]])
    return matrix


def unfold(read: Numbers, matrix: Numbers, rounds: int = 100) -> Numbers:
    """Return the shares that most likely were there, by iterative Bayesian unfolding."""
    there = np.full_like(read, 1 / read.shape[-1])
    for _ in range(rounds):
        there = there * ((read / (there @ matrix.T)) @ matrix)
    return there


# --- the state's quality ---------------------------------------------------------------------


def parity(there: Numbers) -> Numbers:
    """Return the mean of +1 for an even number of ones, and -1 for an odd one."""
    signs = [(-1) ** outcome.bit_count() for outcome in range(2**N)]
    return there @ np.array(signs)


def waves(phases: Numbers) -> Numbers:
    """Return what the parity of N qubits is made of: it turns N times as fast as the phase."""
    return np.stack([np.cos(N * phases), np.sin(N * phases)], axis=1)


def fringes(there: Numbers) -> Numbers:
    """Return how much of each wave there is in the parities."""
    return np.linalg.lstsq(waves(PHASES), parity(there[1:]), rcond=None)[0]


def quality(there: Numbers) -> list[float]:
    """Return the population of both ends, their coherence, and the fidelity: half the sum."""
    population = there[0, 0] + there[0, -1]
    coherence = np.hypot(*fringes(there))
    return [population, coherence, (population + coherence) / 2]


def estimate(read: Numbers) -> Numbers:
    """Return readout errors and quality from the shares of all circuits."""
    wrong = flips(read[:2])
    return np.array([*wrong.mean(axis=0), *quality(unfold(read[2:], response(wrong)))])


def with_errors(prepared: list[CircuitResult], entangled: list[CircuitResult]) -> list[Fitted]:
    """Return the estimate with its spread: that of a hundred experiments drawn from this one."""
    results = prepared + entangled
    read = np.stack([shares(one) for one in results])
    random = np.random.default_rng(1)
    again = [
        estimate(
            np.stack(
                [
                    random.multinomial(len(one.bits), share) / len(one.bits)
                    for one, share in zip(results, read, strict=True)
                ]
            )
        )
        for _ in range(100)
    ]
    return [Fitted(*one) for one in zip(estimate(read), np.std(again, axis=0), strict=True)]


def draw(read: Numbers) -> Axes:
    """Draw populations and parities, as read and as corrected."""
    corrected = unfold(read[2:], response(flips(read[:2])))
    left, right = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")[1]
    fine = np.linspace(0, np.pi, 300)
    for number, (shown, name) in enumerate([(read[2:], "as read"), (corrected, "corrected")]):
        left.bar(np.arange(2**N) + 0.4 * (number - 0.5), shown[0], width=0.4)
        fidelity = f"{name}: fidelity {quality(shown)[-1]:.1%}"
        right.plot(PHASES / np.pi, parity(shown[1:]), "o", markersize=4, color=f"C{number}")
        right.plot(fine / np.pi, waves(fine) @ fringes(shown), color=f"C{number}", label=fidelity)
    left.set(xlabel="outcome", ylabel="share of the shots", yscale="log", ylim=(1e-4, 1))
    left.set_xticks([0, 15, 31], ["00000", "01111", "11111"])
    right.set(xlabel="phase of the analysing turns (π)", ylabel="parity", ylim=(-1.05, 1.4))
    right.legend(frameon=False, loc="upper center")
    return left


if __name__ == "__main__":
    sys.exit(main())
