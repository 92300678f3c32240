"""Drivers that do what a test of their controller needs."""

import threading
import time

import numpy as np
from numpy.typing import ArrayLike

from stationd.actors.driver import Driver, Execution, SettingsDriver
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue, Work


class Counting(SettingsDriver):
    """Reads back what it was set to, and counts."""

    def __init__(self) -> None:
        self._standing: dict[str, SettingValue] = {}

    def describe(self) -> Capabilities:
        return Capabilities(settings=(Setting(name="x"),), readouts=(Readout(name="y"),), null=True)

    def set(self, name: str, value: SettingValue) -> None:
        self._standing[name] = value

    def read(self, name: str) -> ArrayLike:
        return float(self._standing["x"])


class Measuring(Driver):
    """Hands over two spots, and then measures until it is aborted."""

    def __init__(self) -> None:
        self._aborted = threading.Event()

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        execution.data("y", np.arange(2.0), offset=0)
        execution.progress(2, 10, "spots")
        while not execution.aborted:
            self._aborted.wait(10.0)

    def abort(self) -> None:
        self._aborted.set()


class Chatty(Driver):
    """Hands over data again and again until it is aborted."""

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        offset = 0
        while not execution.aborted:
            execution.data("y", [float(offset)], offset=offset)
            time.sleep(0.005)  # many times in a beat
            offset += 1


class Deaf(Driver):
    """Comes to rest when it likes to, whatever it is told."""

    done = threading.Event()

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        assert self.done.wait(60)


class Faulty(Driver):
    """Fails wherever it is told to."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._fail("start")

    def _fail(self, where: str) -> None:
        if self._where == where:
            raise RuntimeError(f"no {where} today")

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def prepare(self, work: Work) -> None:
        self._fail("prepare")

    def run(self, work: Work, execution: Execution) -> None:
        execution.data("y", [1.0], offset=0)
        self._fail("run")

    def close(self) -> None:
        self._fail("close")
