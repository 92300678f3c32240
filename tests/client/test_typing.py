"""What people write in notebooks type-checks: mypy and pyright read this file in strict mode."""

import numpy as np

import stationd
from stationd import jobs
from stationd.client.scripted.station import DistantStation, whole_way
from stationd.proto.job import JobSpec
from stationd.proto.program import Axis, Sweep
from stationd.proto.result import Array, AxisValues, SweepResult


def answer(_: JobSpec) -> SweepResult:
    values = np.array([0.0, 0.5, 1.0])
    return SweepResult(
        axes=(AxisValues(setting="a.x", dimension=0, values=(0, 1, 2), unit="s"),),
        arrays=(Array(name="r.p", dtype="<f8", shape=(3,), data=memoryview(values.tobytes())),),
        spots_done=3,
    )


def test_a_sweep_of_an_array_is_submitted_and_its_result_calculated_with(
    distant_station: DistantStation,
) -> None:
    distant_station.station.plan = whole_way
    distant_station.station.answer = answer
    axis = Axis("a.x", np.linspace(0, 2, 3))
    job = jobs.submit(sweep=Sweep(axes=((axis,), (Axis("a.y", [1, 2]),)), returns=("r.p",)))
    sent = distant_station.station.jobs[job.id]
    # Whether there is a result need not be asked: without `allow_incomplete` there is.
    data = jobs.results(job)[0].download_result()
    assert isinstance(data, stationd.SweepData)
    assert float((data["r.p"] * 2 + data.axes["a.x"]).max()) == 4.0
    assert int(data.arrays["r.p"].argmax()) == 2
    assert sent.kind == "sweep"
