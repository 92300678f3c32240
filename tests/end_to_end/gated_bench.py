"""Instruments whose readings come when the test says so, and that note what is done to them."""

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from stationd.actors.driver import SettingsDriver
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue

TRACE = 4


class GatedBench(SettingsDriver):
    """Reads what it was set to: as a complex number, and as a trace of whole numbers.

    Args:
        folder: Where it finds the gate, a file with the setting from which on readings wait,
            and writes its notes, a line for each setting that is applied.
        name: Of the notes.
    """

    def __init__(self, folder: str, name: str) -> None:
        self._gate = Path(folder) / "gate"
        self._notes = Path(folder) / f"notes.{name}"
        self._x = 0.0

    def describe(self) -> Capabilities:
        return Capabilities(
            settings=(Setting(name="x"), Setting(name="power")),
            readouts=(
                Readout(name="y", dtype="<c16"),
                Readout(name="trace", dtype="<i2", shape=(TRACE,)),
            ),
        )

    def set(self, name: str, value: SettingValue) -> None:
        with self._notes.open("a") as notes:
            notes.write(f"{os.getpid()} {name} {value}\n")
        if name == "x":
            self._x = float(value)

    def read(self, name: str) -> ArrayLike:
        while self._x >= float(self._gate.read_text()):
            time.sleep(0.005)
        if name == "y":
            return self._x + 2j * self._x
        return (np.arange(TRACE) + 10 * self._x).astype(np.int16)


class Quick(SettingsDriver):
    """Takes no time: reads the sum of what it was set to."""

    def __init__(self) -> None:
        self._set: dict[str, float] = {"x": 0.0, "y": 0.0, "z": 0.0}

    def describe(self) -> Capabilities:
        return Capabilities(
            settings=tuple(Setting(name=name) for name in self._set),
            readouts=(Readout(name="sum"),),
        )

    def set(self, name: str, value: SettingValue) -> None:
        self._set[name] = float(value)

    def read(self, name: str) -> ArrayLike:
        del name
        return self._set["x"] + self._set["y"] + self._set["z"]
