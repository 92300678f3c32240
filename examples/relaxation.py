"""Fitting energy relaxation with nothing but numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Relaxation:
    """Curves ``A exp(-t / T1) + B`` that share their T1."""

    t1: float
    """Seconds."""
    uncertainty: float
    """Seconds; one standard deviation."""
    amplitudes: Floats
    offsets: Floats

    def curves(self) -> list[Callable[[Floats], Floats]]:
        """Return the fitted curves, one for each series."""
        return [
            lambda t, a=a, b=b: a * np.exp(-t / self.t1) + b
            for a, b in zip(self.amplitudes, self.offsets, strict=True)
        ]


def fit_relaxation(times: Floats, series: Floats) -> Relaxation:
    """Fit decays with a common T1.

    For a given T1 the best amplitudes and offsets are a linear problem, so that only T1 is
    searched for: over six decades, then ever closer around the best so far.

    Args:
        times: Seconds, of shape ``(points,)``.
        series: What was measured, of shape ``(series, points)``.
    """
    t1s = np.geomspace(times.max() / 1e3, times.max() * 1e3, 301)
    best = t1s[0]
    for _ in range(8):
        best = t1s[np.argmin([_squares(t1, times, series)[0] for t1 in t1s])]
        step = t1s[1] / t1s[0]
        t1s = np.geomspace(best / step, best * step, 21)
    squares, (amplitudes, offsets) = _squares(best, times, series)
    slopes = amplitudes[:, None] * np.exp(-times / best) * times / best**2
    # What amplitudes and offsets can take up of a change of T1 says nothing about T1.
    left = _squares(best, times, slopes)[0]
    freedom = series.size - 2 * len(series) - 1
    return Relaxation(float(best), float(np.sqrt(squares / freedom / left)), amplitudes, offsets)


def _squares(t1: float, times: Floats, series: Floats) -> tuple[float, Floats]:
    """Return the sum of squared residuals, and amplitudes and offsets of shape (2, series)."""
    model = np.stack([np.exp(-times / t1), np.ones_like(times)], axis=1)
    found = np.linalg.lstsq(model, series.T, rcond=None)[0]
    return float(np.sum((series.T - model @ found) ** 2)), found
