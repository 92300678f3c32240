"""Large raw data is read where it is worked up, and not by the daemon."""

import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import msgspec
import numpy as np
import pytest

from stationd.actors.job import Job
from stationd.actors.stages.artifact import artifact_path
from stationd.actors.stages.post_process import post_process
from stationd.actors.stages.raw_data import RawBlock
from stationd.actors.stages.requests import BitLayout, ItemOutcome, PostProcessRequest
from stationd.proto.error import StorageTrouble
from stationd.proto.instruments_protocol import Data
from stationd.proto.job import JobId, JobSpec, Ticket
from stationd.proto.program import Axis, Circuits, NullProgram, OpenQasm, Sweep
from stationd.proto.result import ShotsResult, SweepResult, decode_result
from stationd.runtime.controllers.instrument_bus import InstrumentBus
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries import data
from stationd.runtime.journal.records import BlockStored, JobStored
from stationd.runtime.journal.storage import Storage
from stationd.runtime.live import LiveJob, StoredWork
from stationd.runtime.work.post_processing import PostProcessing
from stationd.runtime.work.stored_data import StoredData, post_process_stored
from stationd.runtime.work.workers import Workers

JOB = JobId("00000000-0000-4000-8000-000000000001")
SPOTS = 40
SWEEP = Sweep(axes=((Axis("c.x", tuple(map(float, range(SPOTS)))),),), returns=("c.trace",))
POINTS = 10_000
"""Of a trace, so that a page of the journal does not hold all of them."""

T = TypeVar("T")
R = TypeVar("R")


def block(spot: int, attempt: int = 1) -> RawBlock:
    values = np.full((1, POINTS), float(spot * attempt))
    header = Data(Ticket(1, JOB, attempt), spot, "trace", 0, spot, "<f8", values.shape)
    return RawBlock("c", header, values.tobytes())


def request(artifacts: Path, *blocks: RawBlock) -> PostProcessRequest:
    return PostProcessRequest(
        job=JOB, attempt=2, work=SWEEP, items=(0,), blocks=blocks, artifacts=str(artifacts)
    )


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A journal with the raw data of two attempts."""
    path = tmp_path / DATABASE
    storage = Storage(path)
    storage.commit([[JobStored(1, JOB, "", JobSpec(work=SWEEP), 0.5)]])
    for attempt in (1, 2):
        for spot in range(SPOTS):
            raw = block(spot, attempt)
            header = msgspec.msgpack.encode(raw.header)
            storage.commit([[BlockStored(1, attempt, "c", spot, header, raw.data)]])
    storage.close()
    return path


def test_a_result_is_the_same_wherever_its_data_comes_from(database: Path, tmp_path: Path) -> None:
    in_memory = tmp_path / "in memory"
    (expected,) = post_process(request(in_memory, *(block(spot, 2) for spot in range(SPOTS))))
    stored = StoredData(
        request=request(tmp_path / "stored"), database=str(database), number=1, attempts=(2,)
    )
    (found,) = post_process_stored(stored)
    assert found == expected
    assert found.result is not None
    data = artifact_path(tmp_path / "stored", found.result.id).read_bytes()
    assert data == artifact_path(in_memory, found.result.id).read_bytes()
    result = decode_result(data)
    assert isinstance(result, SweepResult)
    assert result.spots_done == SPOTS


def test_a_worker_never_has_all_of_the_data(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "PAGE_BYTES", 3 * 8 * POINTS)
    stored = StoredData(
        request=request(tmp_path / "stored"), database=str(database), number=1, attempts=(2,)
    )
    post_process_stored(stored)  # what is loaded with the first call is not what is meant
    tracemalloc.start()
    try:
        (found,) = post_process_stored(stored)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.result is not None
    assert found.result.size_bytes > SPOTS * 8 * POINTS
    assert peak < found.result.size_bytes / 2


def test_each_circuit_gets_its_own_data_also_if_it_comes_in_turns(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    work = Circuits(programs=(OpenQasm(source=""),) * 3, n_shots=(4,) * 3)
    raw: list[RawBlock] = []
    for index, item in enumerate((0, 1, 1, 2, 0, 2)):
        offset = 2 * sum(block.header.item == item for block in raw)
        values = np.full((2, 1), (item + offset // 2) % 2, np.uint8)
        header = Data(Ticket(1, JOB, 1), index, "bits", item, offset, "|u1", values.shape)
        raw.append(RawBlock("c", header, values.tobytes()))
    storage = Storage(path)
    storage.commit([[JobStored(1, JOB, "", JobSpec(work=work), 0.5)]])
    for one in raw:
        header_bytes = msgspec.msgpack.encode(one.header)
        storage.commit([[BlockStored(1, 1, "c", one.header.index, header_bytes, one.data)]])
    storage.close()
    asked = PostProcessRequest(
        job=JOB,
        attempt=1,
        work=work,
        items=(2, 0, 1),
        bits=dict.fromkeys(range(3), BitLayout(n_bits=1)),
        artifacts=str(tmp_path),
    )
    stored = StoredData(request=asked, database=str(path), number=1, attempts=(1,))
    expected = post_process(msgspec.structs.replace(asked, blocks=tuple(raw)))
    assert post_process_stored(stored) == expected
    counts = [decode_result(one.data or b"") for one in expected]
    assert [isinstance(one, ShotsResult) and one.counts for one in counts] == [{"0": 2, "1": 2}] * 3


def test_a_journal_that_cannot_be_read_is_trouble_and_no_fault_of_the_job(tmp_path: Path) -> None:
    stored = StoredData(
        request=request(tmp_path), database=str(tmp_path / "none"), number=1, attempts=(1,)
    )
    with pytest.raises(StorageTrouble, match="raw data cannot be read"):
        post_process_stored(stored)


class NotingWorkers(Workers):
    """Workers that do nothing but note what they are asked to do."""

    def __init__(self) -> None:
        super().__init__(1)
        self.asked: list[object] = []

    async def call(self, function: Callable[[R], T], request: R, seconds: float = math.inf) -> T:
        self.asked.append(request)
        return cast("T", [ItemOutcome(index=0)])


@pytest.mark.anyio
@pytest.mark.parametrize("on_disk", [True, False])
async def test_the_daemon_hands_large_data_on_by_its_place_if_it_has_one(
    tmp_path: Path,
    on_disk: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    workers = NotingWorkers()
    async with MemoryJournal() as journal:
        journal.database = tmp_path / DATABASE if on_disk else None
        results = PostProcessing(
            journal=journal,
            workers=workers,
            bus=cast("InstrumentBus", None),  # circuits do not ask it
            artifacts=tmp_path,
            seconds=1.0,
        )
        spec = JobSpec(work=Circuits(programs=(NullProgram(),) * 50, n_shots=(1,) * 50))
        live = LiveJob(Job(number=7, id=JOB, kind=spec.kind), spec, "qpu", work=StoredWork({}))
        live.blocks, live.blocks_bytes = None, 1_000_000
        begun = results.begin(live, partial_data=False)
        assert callable(begun)
        await begun()
    (asked,) = workers.asked
    if on_disk:
        assert isinstance(asked, StoredData)
        assert (asked.database, asked.number, asked.attempts) == (str(journal.database), 7, (1,))
        assert asked.request.blocks == ()
    else:
        assert isinstance(asked, PostProcessRequest)
