"""Ramsey's fringes: how far the drive is off the qubit, and how long the qubit stays in step."""

from __future__ import annotations

import sys

import numpy as np
from experiment import bench, run_sweep, station
from fitting import Numbers, fit
from report import Comparison, finish

from stationd import Axis, Sweep, plot

T2 = 30e-6  # s: what the simulation is given, and the fit has to find
QUBIT = 5e9  # Hz

DETUNING = 100e3  # Hz: on purpose, so that there are fringes to count
NOISE, AVERAGES = 0.2, 400  # of one shot; shots behind one reading

delay = Axis("source.delay", tuple(np.linspace(0, 100e-6, 101)))  # s
SWEEP = Sweep(
    settings={
        "source.pulses": 2,  # one on either side of the delay
        "source.frequency": QUBIT - DETUNING,
        "source.amplitude": 0.25,  # V: with 20 ns, a quarter turn
        "source.duration": 20e-9,  # s
        "readout.noise": NOISE,
        "readout.averages": AVERAGES,
    },
    axes=((delay,),),
    returns=("readout.population",),
)


def fringes(
    t: Numbers, *, detuning: float, t2: float, phase: float, amplitude: float, offset: float
) -> Numbers:
    """Return the population after two quarter turns that are `t` seconds apart."""
    return amplitude * np.exp(-t / t2) * np.cos(2 * np.pi * detuning * t + phase) + offset


def main() -> int:
    """Measure, fit, draw, compare."""
    with station(bench(seed=2, t2=T2, qubit_frequency=QUBIT)):
        data = run_sweep(SWEEP, "Ramsey")
    times, population = data["source.delay"], data["readout.population"]
    found = fit(
        fringes,
        times,
        population,
        sigma=NOISE / np.sqrt(AVERAGES),
        detuning=strongest_frequency(times, population),
        t2=20e-6,
        phase=0.0,
        amplitude=0.5,
        offset=0.5,
    )
    axes = plot.sweep(data, fits=[found])
    axes.set_title(
        f"detuning {found['detuning'].value / 1e3:.1f} kHz, T2* = {found['t2'].value * 1e6:.1f} µs"
    )
    return finish(
        "ramsey",
        axes,
        [
            Comparison("detuning", DETUNING, found["detuning"], "Hz"),
            Comparison("T2*", T2, found["t2"], "s"),
        ],
    )


def strongest_frequency(times: Numbers, values: Numbers) -> float:
    """Return the frequency of a signal's largest Fourier component: where a fit may begin."""
    spectrum = np.abs(np.fft.rfft(values - values.mean()))
    return float(np.fft.rfftfreq(len(times), times[1] - times[0])[spectrum.argmax()])


if __name__ == "__main__":
    sys.exit(main())
