"""Results are copied to another store once, and removed there; whatever goes wrong meanwhile."""

import hashlib
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import anyio
import msgspec
import pytest

from stationd.proto.error import JournalFailed, StorageTrouble, UnknownArtifact
from stationd.proto.job import ArtifactRef, JobId, JobSpec
from stationd.proto.jobs_protocol import CHUNK_BYTES
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.result import Array, SweepResult, encode_result
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, ItemEnded, JobDeleted, JobStored
from stationd.runtime.journal.stored import StoredArtifact, StoredJob
from stationd.runtime.work import publishing as module
from stationd.runtime.work.artifacts import TOMBSTONES, Artifacts
from stationd.runtime.work.object_store import ObjectStore
from stationd.runtime.work.publishing import Publishing

pytestmark = pytest.mark.anyio

DATA = bytes(range(256)) * 5000
"""Two pieces."""
JOB = JobId(str(UUID(int=1)))
OTHER = JobId(str(UUID(int=2)))


class Watched(ObjectStore):
    """A directory that counts what it is asked, and can be away."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"file://{folder}", {}, "station")
        self.away = False
        self.created: list[str] = []
        self.again: list[str] = []
        self.begun = threading.Event()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def create(self, key: str, file: Path) -> bool:
        self._check()
        self.begun.set()
        assert self.goes_on.wait(60)
        new = super().create(key, file)
        (self.created if new else self.again).append(key)
        return new

    def read(self, key: str, offset: int, length: int) -> bytes:
        self._check()
        return super().read(key, offset, length)

    def remove_all(self, folder: str) -> None:
        self._check()
        super().remove_all(folder)

    def _check(self) -> None:
        if self.away:
            raise StorageTrouble("it is away")


class Lab:
    """A store here, another one, and a journal."""

    def __init__(self, journal: MemoryJournal, folder: Path) -> None:
        self.journal = journal
        self.here = folder / "here"
        self.there = folder / "there" / "station"
        self.store = Watched(folder / "there")
        self.artifacts = Artifacts(self.here, self.store)

    def sealed(self, job: JobId, name: str = "1-0", *, known: bool = True) -> ArtifactRef:
        """Put a result here, and tell the journal of it."""
        (self.here / job).mkdir(parents=True, exist_ok=True)
        (self.here / job / name).write_bytes(DATA)
        digest = hashlib.sha256(DATA).hexdigest()
        ref = ArtifactRef(id=f"{job}/{name.replace('-', '/')}", size_bytes=len(DATA), sha256=digest)
        if known:
            number = UUID(job).int
            spec = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
            self.journal.write(
                [
                    JobStored(number, job, "qpu", spec, 1.0),
                    Fact(number, job, 2, 1, Status.READY, 2.0),
                    ItemEnded(number, 0, 1, None, ref, None),
                ],
                lambda _: None,
            )
        return ref

    @asynccontextmanager
    async def publishing(self, *, keep_local: bool = True) -> AsyncGenerator[Publishing]:
        await self.journal.flush()
        publishing = Publishing(self.here, self.store, self.journal, keep_local=keep_local)
        self.artifacts.gone = publishing.look_at
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(publishing.run)
            yield publishing
            tasks.cancel_scope.cancel()

    def local(self, job: JobId = JOB) -> list[str]:
        return sorted(path.name for path in (self.here / job).iterdir())


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(60):
        while not condition():
            await anyio.lowlevel.checkpoint()


@pytest.fixture
async def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Lab]:
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.0)
    async with MemoryJournal() as journal:
        yield Lab(journal, tmp_path)


async def test_a_result_is_published_once_and_stays_here_too(lab: Lab) -> None:
    lab.sealed(JOB)
    async with lab.publishing() as publishing:
        await until(lambda: not publishing.waiting and bool(lab.store.created))
        publishing.look_at(JOB)
        await until(lambda: not publishing.waiting)
    assert lab.store.created == [f"{JOB}/1-0"]
    assert (lab.there / JOB / "1-0").read_bytes() == DATA
    assert lab.local() == [".1-0.published", "1-0"]
    async with lab.publishing() as publishing:
        await until(lambda: not publishing.waiting)
    assert lab.store.again == []


async def test_what_was_published_when_its_daemon_died_is_not_written_over(lab: Lab) -> None:
    lab.sealed(JOB)
    (lab.there / JOB).mkdir(parents=True)
    (lab.there / JOB / "1-0").write_bytes(DATA)
    async with lab.publishing():
        await until(lambda: len(lab.local()) == 2)
    assert (lab.store.created, lab.store.again) == ([], [f"{JOB}/1-0"])


async def test_something_else_under_its_name_is_told_and_left_alone(lab: Lab) -> None:
    lab.sealed(JOB)
    (lab.there / JOB).mkdir(parents=True)
    (lab.there / JOB / "1-0").write_bytes(b"something else")
    async with lab.publishing(keep_local=False) as publishing:
        await until(lambda: publishing.trouble is not None)
        assert "something else under" in (publishing.trouble or "")
    assert lab.local() == ["1-0"]
    assert (lab.there / JOB / "1-0").read_bytes() == b"something else"


async def test_a_result_that_has_left_is_fetched_from_there_piece_by_piece(lab: Lab) -> None:
    ref = lab.sealed(JOB)
    async with lab.publishing(keep_local=False):
        await until(lambda: not lab.local())
    stored = StoredArtifact(ref, None)
    pieces = [await lab.artifacts.read(stored, offset) for offset in (0, CHUNK_BYTES)]
    assert b"".join(pieces) == DATA
    lab.store.away = True
    with pytest.raises(StorageTrouble, match="away"):
        await lab.artifacts.read(stored, 0)
    lab.store.away = False
    (lab.there / JOB / "1-0").unlink()
    with pytest.raises(UnknownArtifact, match=r"neither at .* nor in file://"):
        await lab.artifacts.read(stored, 0)


async def test_while_the_store_is_away_everything_stays_here_and_goes_when_it_is_back(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    lab.store.away = True
    ref = lab.sealed(JOB)
    async with lab.publishing(keep_local=False) as publishing:
        await until(lambda: publishing.trouble == "it is away")
        assert lab.local() == ["1-0"]
        assert await lab.artifacts.read(StoredArtifact(ref, None), 0) == DATA[:CHUNK_BYTES]
        lab.store.away = False
        await until(lambda: not lab.local() and publishing.trouble is None)
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition(":")[0] for line in said if "store" in line or "stay" in line] == [
        "results stay here for the time being",
        "the artifact store file",
    ]


async def test_what_comes_while_its_job_is_looked_at_is_published_too(lab: Lab) -> None:
    lab.sealed(JOB)
    lab.store.goes_on.clear()
    async with lab.publishing() as publishing:
        await until(lab.store.begun.is_set)
        (lab.here / JOB / "2-0").write_bytes(DATA)
        ref = ArtifactRef(id=f"{JOB}/2/0", size_bytes=len(DATA), sha256="a" * 64)
        lab.journal.write([ItemEnded(1, 0, 2, None, ref, None)], lambda _: None)
        await lab.journal.flush()
        publishing.look_at(JOB)
        lab.store.goes_on.set()
        await until(lambda: lab.store.created == [f"{JOB}/1-0", f"{JOB}/2-0"])


async def test_what_the_journal_cannot_tell_now_is_asked_for_later(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.sealed(JOB)
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.001)
    stored, failures = lab.journal.stored, iter([JournalFailed("no reader")])

    async def stored_later(job: JobId) -> StoredJob | None:
        for failure in failures:
            raise failure
        return await stored(job)

    monkeypatch.setattr(lab.journal, "stored", stored_later)
    async with lab.publishing():
        await until(lambda: lab.store.created == [f"{JOB}/1-0"])


async def test_what_the_journal_does_not_know_is_not_published(lab: Lab) -> None:
    lab.sealed(JOB)
    lab.sealed(JOB, "2-0", known=False)
    lab.sealed(OTHER, known=False)
    (lab.here / JOB / ".1-0.half").write_bytes(b"")
    async with lab.publishing() as publishing:
        await until(lambda: not publishing.waiting and bool(lab.store.created))
    assert lab.store.created == [f"{JOB}/1-0"]


async def test_a_job_that_is_deleted_goes_there_too_also_after_a_crash(lab: Lab) -> None:
    for job in (JOB, OTHER):
        lab.sealed(job)
    async with lab.publishing() as publishing:
        await until(lambda: len(lab.store.created) == 2 and not publishing.waiting)
        await lab.artifacts.bury(JOB)
        lab.journal.write([JobDeleted(1)], lambda _: None)
        await lab.journal.flush()
        lab.store.away = True
        await lab.artifacts.remove(JOB)
        await until(lambda: publishing.trouble is not None)
    assert (lab.there / JOB).exists()
    # Another daemon finds what is left to do; and that the other one was spared by a crash.
    await lab.artifacts.bury(OTHER)
    lab.store.away = False
    async with lab.publishing() as publishing:
        await until(lambda: not list((lab.here / TOMBSTONES).iterdir()))
    assert not (lab.there / JOB / "1-0").exists()
    assert (lab.there / OTHER / "1-0").exists()


async def test_where_there_is_no_other_store_nothing_is_buried(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    await artifacts.bury(JOB)
    await artifacts.remove(JOB)
    assert not (tmp_path / TOMBSTONES).exists()


@pytest.mark.parametrize("keep_local", [True, False])
async def test_what_stands_beside_the_data_is_seen_wherever_it_is(
    lab: Lab, *, keep_local: bool
) -> None:
    ref = lab.sealed(JOB)
    result = encode_result(
        SweepResult(
            axes=(),
            arrays=(Array(name="a", dtype="|u1", shape=(9,), data=memoryview(b"123456789")),),
            spots_done=1,
            metadata={"settings": "{}"},
        )
    )
    (lab.here / JOB / "1-0").write_bytes(result)
    stored = StoredArtifact(msgspec.structs.replace(ref, size_bytes=len(result)), None)
    async with lab.publishing(keep_local=keep_local) as publishing:
        await until(lambda: not publishing.waiting and bool(lab.store.created))
    assert lab.local() == ([".1-0.published", "1-0"] if keep_local else [])
    assert await lab.artifacts.metadata(stored) == {"settings": "{}"}
    small = StoredArtifact(ref, result)
    assert await lab.artifacts.metadata(small) == {"settings": "{}"}
