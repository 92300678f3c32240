"""A saved result says where it comes from."""

from pathlib import Path

import numpy as np
import xarray as xr

from stationd import Axis, Sweep, jobs
from stationd.client.results.saved_result import attributes
from stationd.client.scripted.station import DistantStation, whole_way
from stationd.proto.job import ArtifactRef, JobId
from stationd.proto.provenance import CalibrationOrigin, ControllerOrigin, Provenance
from stationd.proto.result import Array, AxisValues, SweepResult

VALUES = np.array([0.0, 1.0])


def test_a_sweep_is_saved_with_its_job_and_the_versions_that_ran(
    distant_station: DistantStation, tmp_path: Path
) -> None:
    station = distant_station.station
    station.plan = whole_way
    station.answer = lambda _: SweepResult(
        axes=(AxisValues(setting="a.x", dimension=0, values=(0, 1)),),
        arrays=(Array(name="r.p", dtype="<f8", shape=(2,), data=memoryview(VALUES.tobytes())),),
        spots_done=2,
    )
    sweep = Sweep(axes=((Axis("a.x", (0, 1)),),), returns=("r.p",))
    job = jobs.submit(sweep, name="t1")
    (ref,) = jobs.results(job)
    assert isinstance(ref, jobs.ResultRef)
    path = jobs.save_result(ref, tmp_path / "t1.nc")
    with xr.open_dataset(path) as found:  # pyright: ignore[reportUnknownMemberType] - it is theirs
        assert found["r.p"].values.tolist() == [0.0, 1.0]
        assert found.attrs["job"] == job.id
        assert found.attrs["artifact_sha256"] == ref.artifact.sha256
        assert found.attrs["stationd"] == "0"
        assert found.attrs["drivers"] == '{"c":"null"}'


def test_what_is_not_known_is_left_out_and_what_is_stands_as_plain_values() -> None:
    job = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
    found = attributes(
        Provenance(
            job=job,
            number=7,
            item=0,
            attempt=1,
            kind="circuits",
            station="s",
            station_name="lab",
            created_unix_s=0.0,
            program_sha256="ab",
            artifact=ArtifactRef(id=f"{job}/1/0", size_bytes=1, sha256="cd"),
            calibration=CalibrationOrigin(id="c1"),
            controllers=(ControllerOrigin(name="qpu", driver="d", versions={"a": "1"}),),
        )
    )
    assert found["submitted"] == "1970-01-01T00:00:00.000+00:00"
    assert found["versions"] == '{"daemon":{},"qpu":{"a":"1"}}'
    assert (found["calibration_set"], found["artifact_sha256"]) == ("c1", "cd")
    assert not {"seed", "ticket", "executed", "project", "calibration_set_stored"} & found.keys()
