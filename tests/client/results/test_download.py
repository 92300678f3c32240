"""Large results come to a file, piece by piece, and their arrays lie on it."""

import gc
import os
import resource
import tempfile
from pathlib import Path

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from stationd import Axis, ProtocolViolation, Sweep, SweepData
from stationd.aio import jobs
from stationd.client.results import download
from stationd.client.results.saving import save
from stationd.client.scripted.station import ScriptedStation, whole_way
from stationd.proto import jobs_protocol as wire
from stationd.proto.result import Array, AxisValues, SweepResult

pytestmark = pytest.mark.anyio

VALUES = np.arange(2 * wire.CHUNK_BYTES // 8 + 100, dtype=np.float64)
"""Three pieces."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where the files are of what is large, which is more than a kilobyte."""
    monkeypatch.setattr(download, "MOST_KEPT_BYTES", 1000)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


async def a_sweep(station: ScriptedStation) -> jobs.ResultRef:
    sweep = Sweep(axes=((Axis("a.x", (1.0,)),),), returns=("r.p",))
    job = await jobs.submit(sweep=sweep)
    array = Array(
        name="r.p", dtype="<f8", shape=VALUES.shape, data=memoryview(VALUES.tobytes()), unit="W"
    )
    axis = AxisValues(setting="a.x", dimension=0, values=(1.0,))
    station.store(job.id, 0, SweepResult(axes=(axis,), arrays=(array,), spots_done=1))
    station.climb(job.id, *whole_way(station.specs[job.id]))
    (found,) = await jobs.results(job)
    assert isinstance(found, jobs.ResultRef)
    return found


def mapped_files(folder: Path) -> list[str]:
    lines = Path("/proc/self/maps").read_text().splitlines()
    assert list(folder.iterdir()) == []  # they have no names
    return [line for line in lines if str(folder) in line]


async def test_a_large_result_lies_on_a_file_as_long_as_it_is_used(
    station: ScriptedStation, folder: Path
) -> None:
    ref = await a_sweep(station)
    data = await ref.download_result()
    assert isinstance(data, SweepData)
    assert np.array_equal(data["r.p"], VALUES)
    assert len(mapped_files(folder)) == 1
    pieces = [request.offset for request in station.received if isinstance(request, wire.Fetch)]
    assert pieces == [0, wire.CHUNK_BYTES, 2 * wire.CHUNK_BYTES]

    data["r.p"][0] = 7.0
    again = await ref.download_result()
    assert isinstance(again, SweepData)
    assert again["r.p"][0] == 0.0
    del data, again
    gc.collect()
    assert mapped_files(folder) == []


async def test_a_large_result_is_saved_as_any_other(station: ScriptedStation, folder: Path) -> None:
    data = await (await a_sweep(station)).download_result()
    written = await anyio.to_thread.run_sync(save, data, folder / "saved", "one")

    def read() -> dict[str, NDArray[np.generic]]:
        with np.load(written[0]) as stored:
            return dict(stored)

    assert np.array_equal((await anyio.to_thread.run_sync(read))["r.p"], VALUES)


async def test_a_large_result_that_arrives_damaged_is_refused(
    station: ScriptedStation, folder: Path
) -> None:
    ref = await a_sweep(station)
    stored = station.artifacts[ref.artifact.id]
    station.artifacts[ref.artifact.id] = stored[:-1] + bytes([stored[-1] ^ 1])
    with pytest.raises(ProtocolViolation, match="damaged"):
        await ref.download_result()
    assert mapped_files(folder) == []


async def test_a_disk_without_room_is_named(station: ScriptedStation, folder: Path) -> None:
    ref = await a_sweep(station)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(
            OSError, match=r"does not fit .*name another folder in TMPDIR"
        ) as caught:
            await ref.download_result()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(folder)


def test_large_results_go_to_a_disk_unless_another_folder_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    assert download.disk_folder() == ("/var/tmp" if os.access("/var/tmp", os.W_OK) else "/tmp")
