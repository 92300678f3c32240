"""What people write in notebooks type-checks: mypy and pyright read this file in strict mode."""

import numpy as np
import pytest

import stationd
from stationd import jobs
from stationd.client.scripted.station import DistantStation, whole_way
from stationd.proto.job import JobSpec
from stationd.proto.program import Axis, Sweep
from stationd.proto.result import Array, AxisValues, ShotsResult, SweepResult


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


def shots(_: JobSpec) -> ShotsResult:
    bits = Array(name="bits", dtype="|u1", shape=(2, 1), data=memoryview(b"\x00\x80"))
    return ShotsResult(shots=2, bits=bits, n_bits=1, bit_names=("c[0]",), counts={"0": 1, "1": 1})


def test_the_kind_of_a_result_is_known_to_who_names_it(distant_station: DistantStation) -> None:
    distant_station.station.plan = whole_way
    distant_station.station.answer = shots
    (outcome,) = jobs.execute("OPENQASM 3.0; qubit q;", n_shots=2)
    assert sorted(outcome.counts) == ["0", "1"]
    job = jobs.submit(programs="OPENQASM 3.0; qubit q;", n_shots=2)
    (result,) = jobs.results(job)
    assert result.download_result(stationd.CircuitResult).counts == outcome.counts
    assert jobs.download_result(result, stationd.CircuitResult).bits.shape == (2, 1)
    with pytest.raises(stationd.RequestError, match="is of type CircuitResult, not SweepData"):
        result.download_result(stationd.SweepData)


def test_what_is_no_result_is_refused_where_one_is_wanted(distant_station: DistantStation) -> None:
    job = jobs.submit(programs="OPENQASM 3.0; qubit q;", n_shots=2)
    with pytest.raises(stationd.RequestError, match="is no result: give one of those that"):
        jobs.save_result(job, "nowhere.json")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    (item,) = jobs.results(job, allow_incomplete=True)
    with pytest.raises(stationd.RequestError, match=r"item 0: SUBMITTED.* has no result"):
        jobs.download_result(item)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
