"""The physics of the simulated bench: a two-level system and a resonator on one line.

The source sends a pulse and then nothing for a while; the readout measures what is left.

1. The pulse drives the two-level system out of its ground state, by Rabi's formula for a
   resonant or detuned drive (Sakurai and Napolitano, *Modern Quantum Mechanics*, section on
   time-dependent two-state problems):

       P = (W / G)^2 sin^2(G t / 2),   G = sqrt(W^2 + D^2)

   with the pulse's duration t, Rabi frequency W = 2 pi (rate) (amplitude) and detuning
   D = 2 pi (frequency - qubit frequency).
2. Over the delay d the excitation decays at the rate 1/T1 (Krantz et al., *A quantum engineer's
   guide to superconducting qubits*, section on longitudinal relaxation): P exp(-d / T1).
3. The readout tells the states apart with a contrast A above an offset B:
   population = A P exp(-d / T1) + B.
4. The resonator transmits as a Lorentzian of its loaded quality factor Q (Pozar, *Microwave
   Engineering*, chapter on resonators): |S21| = 1 / sqrt(1 + (2 Q (f - f0) / f0)^2).
5. A trace shows the resonator's field ringing up to the population's level with the time constant
   2 / kappa = Q / (pi f0): level (1 - exp(-t pi f0 / Q)).
"""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray


class Signal(Struct, frozen=True, kw_only=True):
    """What the source sends: the state of its settings."""

    delay: float = 0.0
    """Seconds between the pulse and the readout."""
    amplitude: float = 0.5
    """Volts."""
    frequency: float = 5e9
    """Hertz."""
    duration: float = 20e-9
    """Seconds. The default is a pi pulse at the default amplitude."""


class Sample(Struct, frozen=True, kw_only=True):
    """What is measured: the constants of nature on this bench."""

    t1: float = 50e-6
    """Seconds."""
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


def excitation(signal: Signal, sample: Sample) -> float:
    """Return the probability of the excited state right after the pulse.

    >>> round(excitation(Signal(), Sample()), 12)
    1.0
    """
    drive = 2 * math.pi * sample.rabi_rate * signal.amplitude
    detuning = 2 * math.pi * (signal.frequency - sample.qubit_frequency)
    rate = math.hypot(drive, detuning)
    if rate == 0:
        return 0.0
    return (drive / rate) ** 2 * math.sin(rate * signal.duration / 2) ** 2


def population(signal: Signal, sample: Sample) -> float:
    """Return what the readout shows of the excited state after the delay."""
    left = excitation(signal, sample) * math.exp(-signal.delay / sample.t1)
    return sample.contrast * left + sample.offset


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
