"""Instruments that take no time: what is left is the station's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from stationd.actors.driver import SettingsDriver
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue

TRACE_POINTS = 131_072
"""A trace of float64 is one MiB."""


class Settable(SettingsDriver):
    """Reads back what it was set to: as a number, or as a trace of one MiB."""

    def __init__(self) -> None:
        self._x = 0.0
        self._trace = np.arange(TRACE_POINTS, dtype=np.float64)

    def describe(self) -> Capabilities:
        """Offer a setting and two readouts."""
        return Capabilities(
            settings=(Setting(name="x"),),
            readouts=(Readout(name="y"), Readout(name="trace", shape=(TRACE_POINTS,))),
        )

    def set(self, name: str, value: SettingValue) -> None:
        """Remember a value."""
        del name
        self._x = float(value)

    def read(self, name: str) -> ArrayLike:
        """Return it."""
        return self._x if name == "y" else self._trace + self._x
