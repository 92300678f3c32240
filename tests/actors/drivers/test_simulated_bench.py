"""What the source sets, the readout sees at the other end of the cable, and nobody else."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike

from stationd.actors.drivers.bench_physics import Sample, Signal, population, s21
from stationd.actors.drivers.simulated_bench import (
    TRACE_POINTS,
    SimulatedReadout,
    SimulatedSource,
)
from stationd.proto.error import InstrumentError
from stationd.proto.program import Move, SettingValue, SweepWork

Phase = Literal["set", "read"]


class Recording:
    """An execution of a sweep that keeps its data."""

    def __init__(self) -> None:
        self.ticket = 1
        self.aborted = False
        self.values: dict[str, list[object]] = {}

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None:
        self.values.setdefault(name, []).append(np.asarray(values)[0].tolist())

    def snapshot(self, standing: Mapping[str, SettingValue | None]) -> None:
        self.standing = dict(standing)

    def progress(self, done: int, total: int, unit: str) -> None:
        self.done = (done, total, unit)

    def steps(self, work: SweepWork) -> Iterator[tuple[int, Phase]]:
        for spot in range(work.spots):
            if work.moves:
                yield spot, "set"
            if work.returns:
                yield spot, "read"


@pytest.fixture
def cable(tmp_path: Path) -> str:
    return str(tmp_path / "cable")


def test_the_readout_sees_what_the_source_sends(cable: str) -> None:
    source, readout = SimulatedSource(cable=cable), SimulatedReadout(cable=cable)
    for delay in (0.0, 1e-5, 1e-4):
        source.set("delay", delay)
        assert readout.read("population") == population(Signal(delay=delay), Sample())
    source.set("frequency", 6.5e9)
    assert readout.read("s21") == s21(Signal(frequency=6.5e9), Sample())


def test_a_sweep_says_what_was_set_before_it_measured(cable: str) -> None:
    source, execution = SimulatedSource(cable=cable), Recording()
    work = SweepWork(
        settings=(("amplitude", 0.25),), shape=(2,), moves=(Move("delay", 0, (0.0, 1e-6)),)
    )
    source.run(work, execution)
    assert execution.standing == {"amplitude": 0.25}
    source.run(work, execution)
    assert execution.standing == {"amplitude": 0.25, "delay": 1e-6}


def test_settings_can_be_read_back(cable: str) -> None:
    source, readout = SimulatedSource(cable=cable), SimulatedReadout(cable=cable)
    for driver, name, value in (
        (source, "delay", 1e-6),
        (source, "pulses", 2),
        (readout, "averages", 7),
        (readout, "noise", 0.5),
    ):
        driver.set(name, value)
        assert repr(driver.read(name)) == repr(value)
        assert name in {one.name for one in driver.describe().readouts}


def test_two_benches_do_not_disturb_each_other(tmp_path: Path) -> None:
    ends = [
        (SimulatedSource(cable=str(tmp_path / name)), SimulatedReadout(cable=str(tmp_path / name)))
        for name in "ab"
    ]
    before = ends[1][1].read("population")
    ends[0][0].set("delay", 1e-3)
    assert ends[1][1].read("population") == before
    assert ends[0][1].read("population") != before


def test_readings_have_the_shapes_that_are_declared(cable: str) -> None:
    SimulatedSource(cable=cable)
    readout = SimulatedReadout(cable=cable)
    for declared in readout.describe().readouts:
        assert np.shape(readout.read(declared.name)) == declared.shape


def test_noise_is_repeatable_with_a_seed_and_shrinks_with_averages(cable: str) -> None:
    SimulatedSource(cable=cable)
    spreads: list[float] = []
    for averages in (1, 100):
        series: list[list[float]] = []
        for _ in range(2):
            readout = SimulatedReadout(cable=cable, seed=4)
            readout.set("noise", 1.0)
            readout.set("averages", averages)
            series.append([float(readout.read("population")) for _ in range(300)])  # type: ignore[arg-type]
        assert series[0] == series[1]
        spreads.append(float(np.std(series[0])))
    assert spreads[0] / spreads[1] == pytest.approx(10)


def test_a_sweep_of_the_readout_alone_hands_over_every_spot(cable: str) -> None:
    SimulatedSource(cable=cable)
    execution = Recording()
    work = SweepWork(
        settings=(("noise", 0.0),),
        shape=(2,),
        moves=(Move("averages", 0, (1, 2)),),
        returns=("population", "trace"),
    )
    SimulatedReadout(cable=cable).run(work, execution)
    assert [len(values) for values in execution.values.values()] == [2, 2]
    assert np.asarray(execution.values["trace"][0]).shape == (TRACE_POINTS,)
    assert execution.done == (2, 2, "spots")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("voltage", 1.0, "there is no setting 'voltage'; there are delay, amplitude"),
        ("delay", 2e-3, "delay = 0.002 s is not within 0 to 0.001"),
        ("delay", float("nan"), "delay = nan s is not within"),
        ("amplitude", "high", "amplitude must be a number"),
        ("amplitude", True, "amplitude must be a number"),
    ],
)
def test_a_bad_setting_changes_nothing(
    cable: str, name: str, value: float | str, message: str
) -> None:
    source, readout = SimulatedSource(cable=cable), SimulatedReadout(cable=cable)
    before = readout.read("population")
    with pytest.raises(ValueError, match=message):
        source.set(name, value)
    assert readout.read("population") == before


def test_a_fraction_of_an_average_is_refused(cable: str) -> None:
    with pytest.raises(ValueError, match="averages must be a whole number"):
        SimulatedReadout(cable=cable).set("averages", 1.5)


def test_unknown_readings_are_refused(cable: str) -> None:
    source, readout = SimulatedSource(cable=cable), SimulatedReadout(cable=cable)
    with pytest.raises(ValueError, match="there are population, s21, trace"):
        readout.read("voltage")
    with pytest.raises(ValueError, match="no readout 'population'"):
        source.read("population")


def test_a_cable_without_a_source_is_said(cable: str) -> None:
    with pytest.raises(InstrumentError, match="run a 'simulated-source'"):
        SimulatedReadout(cable=cable).read("population")


def test_an_abort_ends_a_slow_sweep(cable: str) -> None:
    source = SimulatedSource(cable=cable, time_per_point=3600.0)
    work = SweepWork(shape=(1,), moves=(Move("delay", 0, (0.0,)),))
    thread = threading.Thread(target=source.run, args=(work, Recording()))
    thread.start()
    while thread.is_alive():
        source.abort()
        thread.join(0.01)
