"""A station at which every job succeeds, for every test that types a command."""

from pathlib import Path

import numpy as np
import pytest

from stationd.client.scripted.station import DistantStation, ScriptedStation, whole_way
from stationd.proto.job import JobSpec
from stationd.proto.program import Sweep
from stationd.proto.result import Array, AxisValues, ShotsResult, SweepResult
from stationd.proto.result import Result as StoredResult
from tests.client.stationctl.shell import BELL


def answer(spec: JobSpec) -> StoredResult:
    """Return what each item of a job has for a result."""
    if isinstance(spec.work, Sweep):
        values = np.array([0.0, 0.5, 1.0, 0.5, np.nan])
        return SweepResult(
            axes=(AxisValues(setting="a.x", dimension=0, values=(0, 1, 2, 3, 4), unit="s"),),
            arrays=(Array(name="r.p", dtype="<f8", shape=(5,), data=memoryview(values.tobytes())),),
            spots_done=4,
        )
    return ShotsResult(
        shots=4,
        bits=Array(name="bits", dtype="|u1", shape=(4, 1), data=memoryview(b"\x00\xc0\xc0\xc0")),
        n_bits=2,
        bit_names=("c[0]", "c[1]"),
        counts={"00": 1, "11": 3},
    )


@pytest.fixture
def there(distant_station: DistantStation) -> ScriptedStation:
    """A station at which every job succeeds."""
    station = distant_station.station
    station.plan = whole_way
    station.answer = answer
    return station


@pytest.fixture
def bell(tmp_path: Path) -> str:
    """The name of a file with a circuit."""
    path = tmp_path / "bell.qasm"
    path.write_text(BELL)
    return str(path)
