"""Drivers of which each breaks one rule, and the one that breaks none."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from stationd.actors.driver import Driver, Execution, SettingsDriver
from stationd.proto.program import (
    Capabilities,
    NullWork,
    Readout,
    Setting,
    SettingValue,
    SweepWork,
    Work,
)

X = Setting(name="x", unit="V", minimum=-1.0, maximum=1.0)
Y = Readout(name="y", unit="V")
T = Readout(name="trace", dtype="<f4", shape=(4,))


class Sound(SettingsDriver):
    """Breaks nothing: reads back what was set."""

    silent = threading.Event()

    def __init__(self) -> None:
        self._x = 0.0

    def describe(self) -> Capabilities:
        return Capabilities(settings=(X,), readouts=(Y, T))

    def set(self, name: str, value: SettingValue) -> None:
        if name != "x":
            raise ValueError(f"there is no setting {name!r}")
        self._x = float(value)

    def read(self, name: str) -> ArrayLike:
        if self.silent.is_set():
            raise TimeoutError("no answer")
        values: dict[str, ArrayLike] = {"y": self._x, "trace": np.zeros(4, np.float32)}
        return values[name]

    @classmethod
    @contextmanager
    def silence(cls) -> Generator[None]:
        cls.silent.set()
        try:
            yield
        finally:
            cls.silent.clear()


class Waiting(Driver):
    """Breaks nothing: waits as long as null programs say."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        if not isinstance(work, NullWork):
            raise TypeError("null programs alone")
        self._over.clear()
        self._over.wait(work.duration)

    def abort(self) -> None:
        self._over.set()


class NeverMade(Sound):
    def __init__(self) -> None:
        raise OSError("no instrument at 10.0.0.7")


class MadeForEver(Sound):
    def __init__(self) -> None:
        threading.Event().wait()


class TwiceTheSame(Sound):
    def describe(self) -> Capabilities:
        return Capabilities(settings=(X, X), readouts=(Y,))


class OffersNothing(Waiting):
    def describe(self) -> Capabilities:
        return Capabilities()


class Failing(Sound):
    def read(self, name: str) -> ArrayLike:
        raise RuntimeError("the amplifier is off")


class OtherShape(Sound):
    def read(self, name: str) -> ArrayLike:
        return np.zeros(5, np.float32) if name == "trace" else super().read(name)


class OtherType(Sound):
    def read(self, name: str) -> ArrayLike:
        return 1j if name == "y" else super().read(name)


class LeavesOut(Sound):
    def run(self, work: Work, execution: Execution) -> None:
        if isinstance(work, SweepWork) and len(work.returns) > 1:
            work = SweepWork(shape=work.shape, moves=work.moves, returns=work.returns[:1])
        super().run(work, execution)


class SaysTwice(Sound):
    def run(self, work: Work, execution: Execution) -> None:
        super().run(work, execution)
        if isinstance(work, SweepWork) and "y" in work.returns:
            execution.data("y", [0.0], offset=0)


class OnlyOnce(Sound):
    """Leaves its instrument as no second run can find it."""

    used = False

    def run(self, work: Work, execution: Execution) -> None:
        if self.used:
            raise RuntimeError("the source is on already")
        self.used = True
        super().run(work, execution)


class GoesOnByItself(Sound):
    """Has a sweep engine of its own, and never asks for the next step."""

    def run(self, work: Work, execution: Execution) -> None:
        if not isinstance(work, SweepWork):
            raise TypeError("sweeps alone")
        for name, value in work.settings:
            self.set(name, value)
        for spot in range(work.spots):
            if execution.aborted:
                return
            for move in work.moves:
                self.set(move.setting, move.values[spot])
            for name in work.returns:
                execution.data(name, np.asarray(self.read(name))[np.newaxis], offset=spot)


class TakesAnything(Sound):
    def set(self, name: str, value: SettingValue) -> None:
        self._x = float(value)


class TakesCircuits(Waiting):
    def run(self, work: Work, execution: Execution) -> None:
        if isinstance(work, NullWork):
            super().run(work, execution)


class Sulking(Sound):
    """Works no more once something was refused."""

    hurt = False

    def set(self, name: str, value: SettingValue) -> None:
        self.hurt = self.hurt or name != "x"
        if self.hurt:
            raise RuntimeError("not after that")
        super().set(name, value)


class Deaf(Waiting):
    """Comes to rest when it likes to."""

    def abort(self) -> None:
        pass


class Slow(Waiting):
    """Comes to rest in its own time."""

    def abort(self) -> None:
        time.sleep(0.3)
        super().abort()


class NeverAgain(Waiting):
    """Remembers an abort for ever, and takes it for one of the next run."""

    stopped = False

    def run(self, work: Work, execution: Execution) -> None:
        if self.stopped:
            raise RuntimeError("I was told to stop")
        super().run(work, execution)

    def abort(self) -> None:
        self.stopped = True
        super().abort()


class HangsInPreparing(Sound):
    def prepare(self, work: Work) -> None:
        threading.Event().wait()


class HangsWithIt(Sound):
    """Waits for ever for an answer that does not come."""

    def read(self, name: str) -> ArrayLike:
        if self.silent.is_set():
            threading.Event().wait()
        return super().read(name)


class Inventing(Sound):
    """Makes something up where no answer comes."""

    def read(self, name: str) -> ArrayLike:
        values: dict[str, ArrayLike] = {"y": 0.0, "trace": np.zeros(4, np.float32)}
        return values[name]


class Mixing(Sound):
    """Takes a late answer for that of the next question."""

    late = False

    def read(self, name: str) -> ArrayLike:
        self.late = self.late or self.silent.is_set()
        if self.late and not self.silent.is_set() and name == "trace":
            return 4.2
        return super().read(name)


class LateByOne(Sound):
    """Answers each question with the answer to the one before, once it was silent."""

    behind: ArrayLike | None = None

    def describe(self) -> Capabilities:
        return Capabilities(settings=(X,), readouts=(Y, Readout(name="x", unit="V")))

    def read(self, name: str) -> ArrayLike:
        answer = 7.0 if name == "y" else self._x
        if self.silent.is_set():
            self.behind = answer
            raise TimeoutError("no answer")
        if name not in {"x", "y"}:
            raise ValueError(f"there is no readout {name!r}")
        if self.behind is None:
            return answer
        self.behind, late = answer, self.behind
        return late


class Chattering(Sound):
    """Hands data over when its run has returned."""

    def run(self, work: Work, execution: Execution) -> None:
        super().run(work, execution)
        over = threading.Thread(target=self._later, args=(execution,))
        over.start()
        self._threads = [over]

    def prepare(self, work: Work) -> None:
        for one in getattr(self, "_threads", ()):
            one.join()

    def _later(self, execution: Execution) -> None:
        time.sleep(0.01)
        execution.data("y", [0.0], offset=0)


class ClosesForEver(Sound):
    def close(self) -> None:
        threading.Event().wait()


class HoldsOn(Sound):
    """Keeps the only connection that its instrument takes."""

    connected = False

    def __init__(self) -> None:
        if type(self).connected:
            raise ConnectionRefusedError("the instrument is in use")
        type(self).connected = True
        super().__init__()


BROKEN: dict[type[Driver], tuple[str, str]] = {
    NeverMade: ("start", "OSError: no instrument at 10.0.0.7"),
    MadeForEver: ("start", "does not come up"),
    TwiceTheSame: ("describe", "2 settings are called 'x'"),
    OffersNothing: ("describe", "it offers nothing"),
    Failing: ("run", "the amplifier is off"),
    OtherShape: ("data", "declares the shape (4,) for one reading, and (5,) came"),
    OtherType: ("data", "declares the type float64, and complex128 came"),
    LeavesOut: ("data", "'trace': nothing came of spot 0 (3 of 3 missing)"),
    SaysTwice: ("data", "'y': spot 0 came 2 times"),
    OnlyOnce: ("run twice", "the source is on already"),
    GoesOnByItself: ("steps", "let execution.steps(work) say what is due"),
    TakesAnything: ("refuse", "it took a setting that it does not have for good"),
    TakesCircuits: ("refuse", "it took circuits, which it does not offer for good"),
    Sulking: ("run after refusing", "not after that"),
    Deaf: ("abort", "run did not return after abort"),
    Slow: ("abort", "0.1 s are allowed"),
    NeverAgain: ("run after abort", "I was told to stop"),
    HangsInPreparing: ("run", "it hangs"),
    HangsWithIt: ("hang", "it hangs"),
    Inventing: ("hang", "its instrument was silent, and it said that all was done"),
    Mixing: ("run after hang", "'trace' declares the shape (4,) for one reading, and () came"),
    LateByOne: ("run after hang", "'x' read otherwise than before: late answers"),
    Chattering: ("late data", "data came of work whose run had returned"),
    ClosesForEver: ("close", "it does not close"),
    HoldsOn: ("reconnect", "ConnectionRefusedError: the instrument is in use"),
}
"""What each breaks first, and what is said of it."""
