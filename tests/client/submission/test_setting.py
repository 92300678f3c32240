"""Single settings and readings are jobs of their own, and come back with units."""

import numpy as np
import pytest

from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation, whole_way
from stationd.proto.error import RequestError
from stationd.proto.job import JobSpec
from stationd.proto.program import Sweep
from stationd.proto.result import Array, SweepResult

pytestmark = pytest.mark.anyio


def answer(spec: JobSpec) -> SweepResult:
    """Read 4.2 K, or five values of a trace."""
    assert isinstance(spec.work, Sweep)
    shapes = {"fridge.temperature": (), "vna.trace": (5,)}
    return SweepResult(
        axes=(),
        arrays=tuple(
            Array(
                name=name,
                dtype="<f8",
                shape=shapes[name],
                data=memoryview(np.full(shapes[name], 4.2).tobytes()),
                unit="K",
            )
            for name in spec.work.returns
        ),
        spots_done=1,
    )


@pytest.fixture
def lab(station: ScriptedStation) -> ScriptedStation:
    """A station at which every job succeeds."""
    station.plan = whole_way
    station.answer = answer
    return station


async def test_to_set_is_a_sweep_of_settings_alone(lab: ScriptedStation) -> None:
    job = await jobs.set_settings({"source.delay": 1e-6, "source.mode": "cw"}, priority=7)
    spec = lab.specs[job.id]
    assert spec.work == Sweep(settings={"source.delay": 1e-6, "source.mode": "cw"})
    assert (spec.name, spec.priority) == ("set source.delay, source.mode", 7)


async def test_to_get_is_a_sweep_of_readouts_alone(lab: ScriptedStation) -> None:
    found = await jobs.get_readouts(["vna.trace", "fridge.temperature"], name="look")
    (spec,) = lab.specs.values()
    assert (spec.work, spec.name) == (Sweep(returns=("vna.trace", "fridge.temperature")), "look")
    assert list(found) == ["vna.trace", "fridge.temperature"]
    temperature = found["fridge.temperature"]
    assert (temperature.value, temperature.unit) == (4.2, "K")
    assert np.asarray(found["vna.trace"].value).tolist() == [4.2] * 5


async def test_nothing_to_set_or_to_get_is_refused(lab: ScriptedStation) -> None:
    with pytest.raises(RequestError, match="name a setting and its value"):
        await jobs.set_settings({})
    with pytest.raises(RequestError, match="name a readout"):
        await jobs.get_readouts([])
    assert not lab.specs
