"""Rabi's chevron: drive the qubit for some time at some frequency, over a grid of both."""

from __future__ import annotations

import sys

import numpy as np
from experiment import bench, run_sweep, station
from fitting import Numbers, fit
from report import Comparison, finish

from stationd import Axis, Sweep, plot

QUBIT = 5.0012e9  # Hz: what the simulation is given, and the fit has to find
RABI = 5e6  # Hz, at the amplitude below: 50 MHz for each volt

NOISE, AVERAGES = 0.2, 16  # of one shot; shots behind one reading

frequency = Axis("source.frequency", tuple(np.linspace(4.985e9, 5.015e9, 41)))  # Hz
duration = Axis("source.duration", tuple(np.linspace(0, 500e-9, 41)))  # s
SWEEP = Sweep(
    settings={
        "source.amplitude": 0.1,  # V
        "readout.noise": NOISE,
        "readout.averages": AVERAGES,
    },
    axes=((frequency,), (duration,)),  # the first moves slowest
    returns=("readout.population",),
)


def chevron(
    grid: Numbers, *, qubit: float, rabi: float, amplitude: float, offset: float
) -> Numbers:
    """Return the population by Rabi's formula, over a grid of frequencies and durations."""
    frequency, duration = grid
    rate = np.hypot(rabi, frequency - qubit)
    return amplitude * (rabi / rate * np.sin(np.pi * rate * duration)) ** 2 + offset


def main() -> int:
    """Measure, fit, draw, compare."""
    with station(bench(seed=3, qubit_frequency=QUBIT)):
        data = run_sweep(SWEEP, "Rabi chevron")
    frequencies, population = data["source.frequency"], data["readout.population"]
    found = fit(
        chevron,
        grid_of(frequencies, data["source.duration"]),
        population,
        sigma=NOISE / np.sqrt(AVERAGES),
        # Where most of the excitation is, the drive is nearest to the qubit.
        qubit=frequencies[population.mean(axis=1).argmax()],
        rabi=4e6,
        amplitude=1.0,
        offset=0.0,
    )
    axes = plot.heat_map(data)
    fine = grid_of(np.linspace(frequencies[0], frequencies[-1], 300), np.linspace(0, 500e-9, 300))
    axes.contour(*fine[::-1], found(fine), levels=[0.5], colors="white", linewidths=0.8)
    axes.axhline(found["qubit"].value, color="white", linestyle=":")
    return finish(
        "rabi_chevron",
        axes,
        [
            Comparison("qubit's frequency", QUBIT, found["qubit"], "Hz"),
            Comparison("Rabi frequency", RABI, found["rabi"], "Hz"),
        ],
    )


def grid_of(frequencies: Numbers, durations: Numbers) -> Numbers:
    """Return both at every point of their grid, of shape ``(2, frequencies, durations)``."""
    return np.stack(np.meshgrid(frequencies, durations, indexing="ij"))


if __name__ == "__main__":
    sys.exit(main())
