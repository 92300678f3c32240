"""Energy relaxation: excite the qubit, wait, and read how much of the excitation is left."""

from __future__ import annotations

import sys

import numpy as np
from experiment import bench, run_sweep, station
from fitting import Numbers, fit
from report import Comparison, finish

from stationd import Axis, Sweep, plot

T1 = 50e-6  # s: what the simulation is given, and the fit has to find

NOISE, AVERAGES = 0.2, 400  # of one shot; shots behind one reading

delay = Axis("source.delay", tuple(np.linspace(0, 200e-6, 41)))  # s
SWEEP = Sweep(
    settings={
        "source.amplitude": 0.5,  # V: with 20 ns, half a turn
        "source.duration": 20e-9,  # s
        "readout.noise": NOISE,
        "readout.averages": AVERAGES,
    },
    axes=((delay,),),
    returns=("readout.population",),
)


def decay(t: Numbers, *, t1: float, amplitude: float, offset: float) -> Numbers:
    """Return the population that is left after `t` seconds."""
    return amplitude * np.exp(-t / t1) + offset


def main() -> int:
    """Measure, fit, draw, compare."""
    with station(bench(seed=1, t1=T1)):
        data = run_sweep(SWEEP, "T1")
    found = fit(
        decay,
        data["source.delay"],
        data["readout.population"],
        sigma=NOISE / np.sqrt(AVERAGES),
        t1=30e-6,
        amplitude=1.0,
        offset=0.0,
    )
    axes = plot.sweep(data, fits=[found])
    axes.set_title(f"T1 = {1e6 * found['t1'].value:.1f} ± {1e6 * found['t1'].sigma:.1f} µs")
    return finish("t1", axes, [Comparison("T1", T1, found["t1"], "s")])


if __name__ == "__main__":
    sys.exit(main())
