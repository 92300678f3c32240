"""Least squares with names: a model's parameters are the names of its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import curve_fit

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Fitted:
    """A number that was fitted."""

    value: float
    sigma: float
    """One standard deviation."""


@dataclass(frozen=True)
class Fit:
    """A model with the parameters that fit best."""

    model: Callable[..., Numbers]
    parameters: dict[str, Fitted]
    reduced_chi_squared: float
    """About 1 if the model and `sigma` are right."""

    def __getitem__(self, name: str) -> Fitted:
        """Return a parameter."""
        return self.parameters[name]

    def __call__(self, x: ArrayLike) -> Numbers:
        """Return what the model says of `x` with the fitted parameters."""
        return self.model(
            np.asarray(x), **{name: found.value for name, found in self.parameters.items()}
        )


def fit(
    model: Callable[..., Numbers],
    x: ArrayLike,
    y: ArrayLike,
    *,
    sigma: ArrayLike,
    **start: float,
) -> Fit:
    """Fit a model to what was measured.

    Args:
        model: Called as ``model(x, name=value, ...)``; what it returns is of the shape of `y`.
        x: Whatever the model takes.
        y: What was measured, real or complex.
        sigma: One standard deviation of each `y`; of a complex one, of each of its parts.
        start: Where to begin, for each of the model's parameters.
    """
    measured = np.asarray(y)
    spread = np.broadcast_to(sigma, measured.shape)
    if np.iscomplexobj(measured):
        spread = spread + 1j * spread

    def flat(_: object, *values: float) -> Numbers:
        return _parts(model(np.asarray(x), **dict(zip(start, values, strict=True))))

    best, covariance = curve_fit(
        flat,
        None,
        _parts(measured),
        p0=list(start.values()),
        sigma=_parts(spread),
        absolute_sigma=True,
    )
    sigmas = np.sqrt(np.diag(covariance))
    left = (flat(None, *best) - _parts(measured)) / _parts(spread)
    return Fit(
        model,
        {
            name: Fitted(float(value), float(one))
            for name, value, one in zip(start, best, sigmas, strict=True)
        },
        float(np.sum(left**2) / (left.size - len(start))),
    )


def _parts(values: Numbers) -> NDArray[np.float64]:
    """Return numbers in a row, complex ones as two."""
    flat = np.ravel(values)
    return np.concatenate([flat.real, flat.imag]) if np.iscomplexobj(flat) else flat
