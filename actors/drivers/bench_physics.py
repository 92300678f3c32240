"""The physics of the simulated bench: a two-level system and a resonator on one line.

The source sends a pulse, or two, with a delay; the readout measures what is left.

1. The state is a Bloch vector in the frame that turns with the source's frequency; it begins in
   the ground state, (0, 0, 1). A pulse of duration t turns it by the angle G t about the axis
   (W, 0, D) / G, where W = 2 pi (rate) (amplitude) is the Rabi frequency, D = 2 pi (qubit
   frequency - frequency) the detuning, and G = sqrt(W^2 + D^2). From the ground state this is
   Rabi's formula (Sakurai and Napolitano, *Modern Quantum Mechanics*, section on time-dependent
   two-state problems): P = (W / G)^2 sin^2(G t / 2). Nothing decays during a pulse.
2. Over the delay d the vector turns about the third axis by D d; across it decays by exp(-d / T2),
   and along it returns to the ground state by exp(-d / T1) (Krantz et al., *A quantum engineer's
   guide to superconducting qubits*, Applied Physics Reviews 6, 021318 (2019), section on noise
   and decoherence).
3. One pulse comes before the delay: what is left is P exp(-d / T1). A second one comes after it
   and before the readout: quarter turns then show Ramsey's fringes,
   (1 + exp(-d / T2) cos(D d)) / 2.
4. The readout tells the states apart with a contrast A above an offset B: population = A P + B.
5. The resonator transmits as a Lorentzian of its loaded quality factor Q (Pozar, *Microwave
   Engineering*, chapter on resonators): |S21| = 1 / sqrt(1 + (2 Q (f - f0) / f0)^2).
6. A trace shows the resonator's field ringing up to the population's level with the time constant
   2 / kappa = Q / (pi f0): level (1 - exp(-t pi f0 / Q)).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class Signal(Struct, frozen=True, kw_only=True):
    """What the source sends: the state of its settings."""

    delay: float = 0.0
    """Seconds between the pulse and the readout, or between two pulses."""
    amplitude: float = 0.5
    """Volts."""
    frequency: float = 5e9
    """Hertz."""
    duration: float = 20e-9
    """Seconds. The default is a pi pulse at the default amplitude."""
    pulses: float = 1.0
    """One before the delay; or two, one on either side of it."""


class Sample(Struct, frozen=True, kw_only=True):
    """What is measured: the constants of nature on this bench."""

    t1: float = 50e-6
    """Seconds."""
    t2: float = 30e-6
    """Seconds; as Ramsey's fringes decay. More than twice `t1` counts as that."""
    qubit_frequency: float = 5e9
    """Hertz."""
    rabi_rate: float = 50e6
    """Hertz of Rabi frequency per volt of amplitude."""
    resonator_frequency: float = 6.5e9
    """Hertz."""
    quality: float = 2e4
    """Loaded quality factor of the resonator."""
    contrast: float = 0.9
    offset: float = 0.05


Bloch = tuple[float, float, float]
_GROUND: Final[Bloch] = (0.0, 0.0, 1.0)


def excitation(signal: Signal, sample: Sample) -> float:
    """Return the probability of the excited state when the readout begins.

    >>> round(excitation(Signal(), Sample()), 12)
    1.0
    """
    state = _waited(_driven(_GROUND, signal, sample), signal, sample)
    if signal.pulses > 1:
        state = _driven(state, signal, sample)
    return (1 - state[2]) / 2


def population(signal: Signal, sample: Sample) -> float:
    """Return what the readout shows of the excited state."""
    return sample.contrast * excitation(signal, sample) + sample.offset


def _driven(state: Bloch, signal: Signal, sample: Sample) -> Bloch:
    """Return the state after a pulse, by Rodrigues' formula."""
    drive, detuning = 2 * math.pi * sample.rabi_rate * signal.amplitude, _detuning(signal, sample)
    rate = math.hypot(drive, detuning)
    if rate == 0:
        return state
    across, along = drive / rate, detuning / rate
    cos, sin = math.cos(rate * signal.duration), math.sin(rate * signal.duration)
    x, y, z = state
    kept = (across * x + along * z) * (1 - cos)
    return (
        x * cos - along * y * sin + across * kept,
        y * cos + (along * x - across * z) * sin,
        z * cos + across * y * sin + along * kept,
    )


def _waited(state: Bloch, signal: Signal, sample: Sample) -> Bloch:
    """Return the state after the delay."""
    x, y, z = state
    angle = _detuning(signal, sample) * signal.delay
    cos, sin = math.cos(angle), math.sin(angle)
    coherence = math.exp(-signal.delay / min(sample.t2, 2 * sample.t1))
    excited = (1 - z) * math.exp(-signal.delay / sample.t1)
    return coherence * (x * cos - y * sin), coherence * (x * sin + y * cos), 1 - excited


def _detuning(signal: Signal, sample: Sample) -> float:
    """Return how fast the qubit turns in the frame of the pulses, in radians per second."""
    return 2 * math.pi * (sample.qubit_frequency - signal.frequency)


def s21(signal: Signal, sample: Sample) -> float:
    """Return the magnitude of the resonator's transmission at the source's frequency.

    >>> s21(Signal(frequency=6.5e9), Sample())
    1.0
    """
    detuning = (signal.frequency - sample.resonator_frequency) / sample.resonator_frequency
    return 1 / math.hypot(1, 2 * sample.quality * detuning)


def trace(signal: Signal, sample: Sample, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the resonator's field at some times after the readout began, in seconds."""
    rate = math.pi * sample.resonator_frequency / sample.quality
    return population(signal, sample) * -np.expm1(-times * rate)
