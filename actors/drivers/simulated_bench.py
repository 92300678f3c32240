"""A simulated bench of two controllers: a source, and a readout at the other end of a cable.

They may be two processes. The cable is a folder that both know: at every setting the source
replaces a file in it, in one step, and the readout reads it when it measures.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import numpy as np
from msgspec import Meta

from stationd.actors.driver import Execution, SettingsDriver
from stationd.actors.drivers import bench_physics
from stationd.actors.drivers.bench_physics import Sample, Signal
from stationd.proto.error import InstrumentError
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue, Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray

_SIGNAL_FILE: Final = "signal.json"
TRACE_POINTS: Final = 64
"""Samples of one trace."""
TRACE_STEP: Final = 50e-9
"""Seconds between two samples of a trace."""

_SOURCE_SETTINGS: Final = (
    Setting(
        name="delay", unit="s", minimum=0.0, maximum=1e-3, doc="From pulse to readout or pulse."
    ),
    Setting(name="amplitude", unit="V", minimum=-1.0, maximum=1.0, doc="Of the pulse."),
    Setting(name="frequency", unit="Hz", minimum=4e9, maximum=8e9, doc="Of the pulse."),
    Setting(name="duration", unit="s", minimum=0.0, maximum=1e-5, doc="Of the pulse."),
    Setting(
        name="pulses", type="int", minimum=1, maximum=2, doc="2: one on either side of the delay."
    ),
)
_READOUT_SETTINGS: Final = (
    Setting(
        name="averages", type="int", minimum=1, maximum=1_000_000, doc="Shots behind one reading."
    ),
    Setting(name="noise", minimum=0.0, maximum=10.0, doc="Standard deviation of one shot."),
)
_READOUTS: Final = (
    Readout(name="population", doc="Of the excited state, as the readout shows it."),
    Readout(name="s21", doc="Magnitude of the resonator's transmission."),
    Readout(name="trace", unit="V", shape=(TRACE_POINTS,), doc="The resonator's field ringing up."),
)

_USUAL: Final = Sample()

Seconds = Annotated[float, Meta(ge=0, le=3600)]
Positive = Annotated[float, Meta(gt=0)]


def _read_back(settings: Iterable[Setting]) -> tuple[Readout, ...]:
    """Return the readouts that tell how settings stand."""
    dtypes = {"float": "<f8", "int": "<i8"}
    return tuple(
        Readout(name=one.name, unit=one.unit, dtype=dtypes[one.type], doc=one.doc)
        for one in settings
    )


def _checked(settings: Mapping[str, Setting], name: str, value: SettingValue) -> float:
    """Return a value that an instrument may be set to.

    Raises:
        ValueError: There is no such setting, or the value is no number or beyond its limits.
    """
    setting = settings.get(name)
    if setting is None:
        raise ValueError(f"there is no setting {name!r}; there are {', '.join(settings)}")
    if isinstance(value, (bool, str)):
        raise ValueError(f"{name} must be a number, not {value!r}")  # noqa: TRY004 - a value, not a bug
    if setting.type == "int" and value != int(value):
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    low, high = setting.minimum, setting.maximum
    if not (low is None or low <= value) or not (high is None or value <= high):
        raise ValueError(f"{name} = {value:g} {setting.unit} is not within {low:g} to {high:g}")
    return float(value)


class SimulatedSource(SettingsDriver):
    """A pulse generator.

    Args:
        cable: The folder that the readout knows too; made if it is not there.
        time_per_point: Seconds that every setting takes.
    """

    def __init__(self, *, cable: str, time_per_point: Seconds = 0.0) -> None:
        self._file = Path(cable) / _SIGNAL_FILE
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._settings = {setting.name: setting for setting in _SOURCE_SETTINGS}
        self._signal = Signal()
        self._wait = _Wait(time_per_point)
        self._send()

    def describe(self) -> Capabilities:
        """Offer the pulse's settings, which can be read back."""
        return Capabilities(settings=_SOURCE_SETTINGS, readouts=_read_back(_SOURCE_SETTINGS))

    def run(self, work: Work, execution: Execution) -> None:
        """Run a part of a sweep."""
        self._wait.begin()
        super().run(work, execution)

    def abort(self) -> None:
        """End the waiting of a slow setting."""
        self._wait.end()

    def set(self, name: str, value: SettingValue) -> None:
        """Change the signal on the cable."""
        number = _checked(self._settings, name, value)
        self._signal = msgspec.structs.replace(self._signal, **{name: number})
        self._wait.sleep()
        self._send()

    def read(self, name: str) -> ArrayLike:
        """Tell how a setting stands."""
        if name not in self._settings:
            known = ", ".join(self._settings)
            raise ValueError(f"the source has no readout {name!r}; there are {known}")
        standing: float = getattr(self._signal, name)
        return int(standing) if self._settings[name].type == "int" else standing

    def _send(self) -> None:
        beside = self._file.with_name(f"{_SIGNAL_FILE}.{os.getpid()}")
        beside.write_bytes(msgspec.json.encode(self._signal))
        beside.replace(self._file)


class SimulatedReadout(SettingsDriver):
    """A digitiser at the end of the cable. The options beyond the first three are the sample's.

    Args:
        cable: The folder that the source knows too.
        time_per_point: Seconds that every reading takes.
        seed: Makes the noise repeatable.
        t1: Seconds.
        t2: Seconds.
        qubit_frequency: Hertz.
        resonator_frequency: Hertz.
        quality: Loaded quality factor of the resonator.
    """

    def __init__(
        self,
        *,
        cable: str,
        time_per_point: Seconds = 0.0,
        seed: int | None = None,
        t1: Positive = _USUAL.t1,
        t2: Positive = _USUAL.t2,
        qubit_frequency: Positive = _USUAL.qubit_frequency,
        resonator_frequency: Positive = _USUAL.resonator_frequency,
        quality: Positive = _USUAL.quality,
    ) -> None:
        self._file = Path(cable) / _SIGNAL_FILE
        self._settings = {setting.name: setting for setting in _READOUT_SETTINGS}
        self._sample = Sample(
            t1=t1,
            t2=t2,
            qubit_frequency=qubit_frequency,
            resonator_frequency=resonator_frequency,
            quality=quality,
        )
        self._standing = {"averages": 1.0, "noise": 0.0}
        self._random = np.random.default_rng(seed)
        self._times: NDArray[np.float64] = np.linspace(
            0.0, TRACE_STEP * (TRACE_POINTS - 1), TRACE_POINTS, dtype=np.float64
        )
        self._wait = _Wait(time_per_point)

    def describe(self) -> Capabilities:
        """Offer the readings; the readout is started last."""
        return Capabilities(
            settings=_READOUT_SETTINGS,
            readouts=(*_READOUTS, *_read_back(_READOUT_SETTINGS)),
            trigger_master=True,
        )

    def run(self, work: Work, execution: Execution) -> None:
        """Run a part of a sweep."""
        self._wait.begin()
        super().run(work, execution)

    def abort(self) -> None:
        """End the waiting of a slow reading."""
        self._wait.end()

    def set(self, name: str, value: SettingValue) -> None:
        """Change how is read."""
        self._standing[name] = _checked(self._settings, name, value)

    def read(self, name: str) -> ArrayLike:
        """Measure what is on the cable, or tell how a setting stands."""
        if name in self._settings:
            standing = self._standing[name]
            return int(standing) if self._settings[name].type == "int" else standing
        self._wait.sleep()
        signal = self._receive()
        match name:
            case "population":
                value = np.asarray(bench_physics.population(signal, self._sample))
            case "s21":
                value = np.asarray(bench_physics.s21(signal, self._sample))
            case "trace":
                value = bench_physics.trace(signal, self._sample, self._times)
            case _:
                known = ", ".join(readout.name for readout in _READOUTS)
                raise ValueError(f"there is no readout {name!r}; there are {known}")
        # The mean of n shots spreads by the spread of one over the root of n.
        spread = self._standing["noise"] / np.sqrt(self._standing["averages"])
        return value + self._random.normal(0.0, spread, value.shape) if spread else value

    def _receive(self) -> Signal:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Signal)
        except FileNotFoundError as error:
            raise InstrumentError(
                f"nothing is on the cable {str(self._file.parent)!r}: run a 'simulated-source'"
                " with the same option 'cable'"
            ) from error


class _Wait:
    """Waiting that another thread can end."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._over = threading.Event()

    def begin(self) -> None:
        self._over.clear()

    def end(self) -> None:
        self._over.set()

    def sleep(self) -> None:
        if self._seconds:
            self._over.wait(self._seconds)
