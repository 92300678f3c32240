"""Resonator spectroscopy: traces of a network analyser at many powers, and the notch in each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from experiment import run_sweep, station
from fitting import Fit, Fitted, Numbers, fit
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from report import Comparison, finish
from vna import Sample

from stationd import Axis, Sweep, SweepData, plot

SAMPLE = Sample()  # what the simulation is given, and the fits have to find
SHOWN = -40.0  # dBm: the trace that is drawn by itself

power = Axis("vna.power", tuple(np.linspace(-50.0, 0.0, 26)))  # dBm
SWEEP = Sweep(
    settings={"vna.start": 6.4965e9, "vna.stop": 6.5055e9},  # Hz
    axes=((power,),),
    returns=("vna.frequency", "vna.s21"),  # an array of 201 numbers for every power
)

STATION = """
[controllers.vna]
driver = "vna_driver:Vna"
options.port = {port}
"""


def notch(
    f: Numbers,
    *,
    f0: float,
    qi: float,
    qc: float,
    phi: float,
    gain: float,
    phase: float,
    delay: float,
) -> Numbers:
    """Return a notch's transmission: the diameter correction method's, 1/Ql = 1/Qi + Re(1/Qc)."""
    ql = 1 / (1 / qi + 1 / qc)
    line = gain * np.exp(1j * (phase - 2 * np.pi * (f - f.mean()) * delay))
    return line * (1 - ql / qc * (1 + 1j * np.tan(phi)) / (1 + 2j * ql * (f / f0 - 1)))


def pulled(dbm: Numbers, *, bare: float, pull: float, critical: float) -> Numbers:
    """Return the resonator's frequency with a qubit beside it, at powers in dBm."""
    return bare + pull / np.sqrt(1 + 10 ** ((dbm - critical) / 10))


def main() -> int:
    """Measure, fit, draw, compare."""
    with analyser() as port, station(STATION.format(port=port)):
        data = run_sweep(SWEEP, "punch-out")
    powers, traces = data["vna.power"], data["vna.s21"]
    fits = [fit_notch(f, s21) for f, s21 in zip(data["vna.frequency"], traces, strict=True)]
    f0 = [one["f0"] for one in fits]
    found = fit(
        pulled,
        powers,
        [one.value for one in f0],
        sigma=[one.sigma for one in f0],
        bare=f0[-1].value,
        pull=f0[0].value - f0[-1].value,
        critical=-30.0,
    )
    return finish(
        "resonator",
        draw(data, fits, found),
        [
            Comparison("bare frequency", SAMPLE.bare, found["bare"], "Hz"),
            Comparison("the qubit's pull", SAMPLE.pull, found["pull"], "Hz"),
            Comparison("critical power", SAMPLE.critical_power, found["critical"], "dBm"),
            Comparison("internal Q", SAMPLE.internal_quality, mean([one["qi"] for one in fits])),
            Comparison("coupling Q", SAMPLE.coupling_quality, mean([one["qc"] for one in fits])),
        ],
    )


@contextmanager
def analyser() -> Iterator[int]:
    """Switch the instrument on, and say at which port it listens."""
    program = Path(__file__).with_name("vna.py")
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            yield int(running.stdout.readline())
        finally:
            running.terminate()


def fit_notch(f: Numbers, s21: Numbers) -> Fit:
    """Fit a trace, beginning with what can be seen of it: its bottom, its ends, its turning."""
    ends = np.concatenate([s21[:10], s21[-10:]])
    turned = np.unwrap(np.angle(s21))
    return fit(
        notch,
        f,
        s21,
        sigma=noise_of(s21),
        f0=f[np.abs(s21).argmin()],
        qi=2e4,
        qc=2e4,
        phi=0.0,
        gain=np.abs(ends).mean(),
        phase=(turned[0] + turned[-1]) / 2,
        delay=(turned[0] - turned[-1]) / (2 * np.pi * (f[-1] - f[0])),
    )


def noise_of(s21: Numbers) -> float:
    """Return the spread of each part of a trace: neighbours differ by little else than noise."""
    second = s21[:-2] - 2 * s21[1:-1] + s21[2:]
    return float(np.median(np.abs(np.concatenate([second.real, second.imag]))) / 0.6745 / 6**0.5)


def mean(numbers: Sequence[Fitted]) -> Fitted:
    """Return the mean, weighted by what is known of each."""
    weights = np.array([one.sigma**-2 for one in numbers])
    values = np.array([one.value for one in numbers])
    return Fitted(float(values @ weights / weights.sum()), float(weights.sum() ** -0.5))


def draw(data: SweepData, fits: Sequence[Fit], found: Fit) -> Axes:
    """Draw all traces as a map, and one of them with its fit."""
    left, right = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", width_ratios=(3, 2))[1]
    plot.heat_map(data, "vna.s21", along="vna.frequency", axes=left)
    powers = data["vna.power"]
    left.plot(found(powers), powers, ":", color="white")
    row = int(np.abs(powers - SHOWN).argmin())
    f, f0 = data["vna.frequency"][row], fits[row]["f0"].value
    right.plot((f - f0) / 1e6, decibels(data["vna.s21"][row]), ".", markersize=4)
    away = np.linspace(-2, 2, 400)
    right.plot(away, decibels(fits[row](f0 + 1e6 * away)))
    right.set(xlabel=f"frequency - {f0 / 1e9:.6f} GHz (MHz)", xlim=(-2, 2))
    right.set(ylabel="|S21| (dB)", title=f"at {SHOWN:g} dBm")
    return left


def decibels(s21: Numbers) -> Numbers:
    """Return how much of the power comes through."""
    return 20 * np.log10(np.abs(s21))


if __name__ == "__main__":
    sys.exit(main())
