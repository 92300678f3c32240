"""What a calibration set says of a QPU: the paths, the units, and what holds if it says nothing.

==========================  =================================================  ==============
path                        what it is                                         if not observed
==========================  =================================================  ==============
``QB1.t1``                  energy relaxation time, s                          no relaxation
``QB1.t2``                  coherence time (at most twice t1), s               no dephasing
``QB1.prx.error``           average gate infidelity, as benchmarked            0
``QB1.prx.duration``        s                                                  40 ns
``QB1.readout.error``       probability of the wrong outcome                   0
``QB1.readout.duration``    s                                                  1 us
``QB1.reset.duration``      s                                                  as the readout
``QB1-QB2.cz.error``        average gate infidelity; either order of names     0
``QB1-QB2.cz.duration``     s                                                  60 ns
==========================  =================================================  ==============

The compiler lays circuits out by these (one that is not observed it takes to be as good as the
middle one of those that are), and the simulated QPU makes its noise of them. A QPU without any
observation is ideal. A value that makes no sense (negative, infinite, an error
above 1) counts as not observed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PRX_DURATION: Final = 40e-9
CZ_DURATION: Final = 60e-9
READOUT_DURATION: Final = 1e-6


class QpuProperties:
    """Reads the observed values of a calibration set by what they mean.

    Args:
        calibration: Observations by path.
    """

    def __init__(self, calibration: Mapping[str, float]) -> None:
        self._values = calibration

    def t1(self, qubit: str) -> float:
        """Return the energy relaxation time in s; infinite if not observed."""
        return self._time(f"{qubit}.t1", math.inf)

    def t2(self, qubit: str) -> float:
        """Return the coherence time in s, never more than twice `t1`."""
        return min(self._time(f"{qubit}.t2", math.inf), 2 * self.t1(qubit))

    def prx_error(self, qubit: str) -> float:
        """Return the average infidelity of ``prx``."""
        return self.observed_prx_error(qubit) or 0.0

    def observed_prx_error(self, qubit: str) -> float | None:
        """Return the same, or None if it was not observed."""
        return self._error(f"{qubit}.prx.error")

    def prx_duration(self, qubit: str) -> float:
        """Return the duration of ``prx`` in s."""
        return self._time(f"{qubit}.prx.duration", PRX_DURATION)

    def cz_error(self, first: str, second: str) -> float:
        """Return the average infidelity of ``cz``."""
        return self.observed_cz_error(first, second) or 0.0

    def observed_cz_error(self, first: str, second: str) -> float | None:
        """Return the same, or None if it was not observed."""
        return self._error(self._pair(first, second, "cz.error"))

    def cz_duration(self, first: str, second: str) -> float:
        """Return the duration of ``cz`` in s."""
        return self._time(self._pair(first, second, "cz.duration"), CZ_DURATION)

    def readout_error(self, qubit: str) -> float:
        """Return the probability that a measurement gives the wrong outcome."""
        return self.observed_readout_error(qubit) or 0.0

    def observed_readout_error(self, qubit: str) -> float | None:
        """Return the same, or None if it was not observed."""
        return self._error(f"{qubit}.readout.error")

    def readout_duration(self, qubit: str) -> float:
        """Return the duration of a measurement in s."""
        return self._time(f"{qubit}.readout.duration", READOUT_DURATION)

    def reset_duration(self, qubit: str) -> float:
        """Return the duration of a reset in s."""
        return self._time(f"{qubit}.reset.duration", self.readout_duration(qubit))

    def _pair(self, first: str, second: str, name: str) -> str:
        path = f"{first}-{second}.{name}"
        return path if path in self._values else f"{second}-{first}.{name}"

    def _time(self, path: str, otherwise: float) -> float:
        value = self._values.get(path, otherwise)
        return value if math.isfinite(value) and value > 0 else otherwise

    def _error(self, path: str) -> float | None:
        value = self._values.get(path, -1.0)
        return value if 0 <= value <= 1 else None
