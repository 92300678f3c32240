"""Jobs that are over are forgotten: on request, or when they are too old or too many."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest

from stationd.proto.error import ErrorCode, RequestError
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.clock import SystemClock
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, JobStored
from stationd.runtime.settings import Retention
from stationd.runtime.work import retention
from stationd.runtime.work.artifacts import Artifacts
from stationd.runtime.work.retention import Forgetting, Keeper

pytestmark = pytest.mark.anyio

DAY = 86_400.0


class LaterClock(SystemClock):
    """A clock that stands at the hundredth day."""

    def time(self) -> float:
        return 100 * DAY


class Archive:
    """A journal and a store with one job ended on each day, and one that is under way."""

    def __init__(self, journal: MemoryJournal, folder: Path) -> None:
        self.journal = journal
        self.folder = folder
        self.busy: set[JobId] = set()
        self.gone: list[int] = []
        self.alone: list[JobId] = []
        self.kept: dict[str, float] = {}
        self.artifacts = Artifacts(folder)
        self.forgetting = Forgetting(
            journal, self.artifacts, self.busy.__contains__, self._alone, self.gone.append
        )

    @asynccontextmanager
    async def _alone(self, job: JobId) -> AsyncGenerator[None]:
        self.alone.append(job)
        yield

    def keeper(self, **settings: float) -> Keeper:
        return Keeper(
            Retention(**settings),  # type: ignore[arg-type]
            self.forgetting,
            journal=self.journal,
            artifacts=self.artifacts,
            clock=LaterClock(),
            kept=lambda: self.kept,
        )

    def store(self, number: int, *, over: bool = True, project: str = "") -> JobId:
        job = JobId(str(UUID(int=number)))
        spec = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)), project=project)
        records = [JobStored(number, job, "qpu", spec, number * DAY)]
        status = Status.READY if over else Status.EXECUTION_STARTED
        fact = Fact(number, job, 2, 1, status, number * DAY)
        self.journal.write([*records, fact], lambda _: None)
        return job

    def files(self, job: JobId, size: int = 10) -> Path:
        file = self.folder / job / "1-0"
        file.parent.mkdir(parents=True)
        file.write_bytes(b"r" * size)
        return file

    async def left(self) -> list[int]:
        jobs = [JobId(str(UUID(int=number))) for number in range(1, 100)]
        return [found.number for job in jobs if (found := await self.journal.stored(job))]


@pytest.fixture
async def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Archive]:
    monkeypatch.setattr(retention, "SHORTEST_REST", 0.0)
    monkeypatch.setattr(retention, "REST", 0.0)
    monkeypatch.setattr(retention, "TOGETHER", 3)
    async with MemoryJournal() as journal:
        archive = Archive(journal, tmp_path)
        for number in range(1, 11):
            archive.store(number)
        archive.store(11, over=False)
        await journal.flush()
        yield archive


async def test_a_job_is_deleted_with_its_files(archive: Archive) -> None:
    job = JobId(str(UUID(int=4)))
    file = archive.files(job)
    assert await archive.forgetting.delete(job)
    assert not file.parent.exists()
    assert await archive.journal.view(job) is None
    assert not await archive.forgetting.delete(job)
    assert archive.alone == [job, job]
    assert archive.gone == []  # whoever wants it so need not be told


@pytest.mark.parametrize("number", [11, 4])
async def test_a_job_that_is_under_way_stays(archive: Archive, number: int) -> None:
    job = JobId(str(UUID(int=number)))
    archive.busy.add(job)
    file = archive.files(job)
    with pytest.raises(RequestError, match="cancel it or wait for it") as caught:
        await archive.forgetting.delete(job)
    assert caught.value.info.code is ErrorCode.NOT_FINISHED
    assert file.exists()


async def test_nothing_is_forgotten_unless_somebody_says_so(archive: Archive) -> None:
    assert await archive.keeper().look_at_jobs() == 0
    assert await archive.keeper().look_at_files() == 0
    assert await archive.left() == [*range(1, 12)]


async def test_jobs_that_ended_long_ago_are_forgotten(archive: Archive) -> None:
    assert await archive.keeper(days=95.5).look_at_jobs() == 4
    assert await archive.left() == [*range(5, 12)]
    assert max(archive.gone) == 8  # two facts each


async def test_what_a_project_says_holds_for_its_jobs_alone(archive: Archive) -> None:
    for number, project in ((20, "short"), (21, "long"), (99, "short")):
        archive.store(number, project=project)
    await archive.journal.flush()
    archive.kept = {"short": 10.0, "long": 0.0}
    keeper = archive.keeper(days=95.5, artifact_gib=5e-9)
    assert await keeper.look_at_projects() == 1
    assert await archive.left() == [*range(1, 12), 21, 99]
    assert await keeper.look_at_jobs() == 4
    assert await archive.left() == [*range(5, 12), 21, 99]
    keeper = archive.keeper(jobs=1)
    assert await keeper.look_at_jobs() == 6
    assert await archive.left() == [11, 21, 99]


async def test_files_of_projects_with_a_time_of_their_own_are_not_the_first_to_go(
    archive: Archive,
) -> None:
    kept = archive.files(archive.store(21, project="long"))
    gone = archive.files(JobId(str(UUID(int=5))))
    os.utime(kept, (1, 1))
    await archive.journal.flush()
    archive.kept = {"long": 0.0}
    assert await archive.keeper(artifact_gib=15 / 2**30).look_at_files() == 1
    assert kept.exists()
    assert not gone.exists()


async def test_of_too_many_jobs_those_that_ended_first_are_forgotten(archive: Archive) -> None:
    assert await archive.keeper(jobs=3).look_at_jobs() == 7
    assert await archive.left() == [8, 9, 10, 11]


async def test_a_job_that_is_retried_just_then_is_left_alone(archive: Archive) -> None:
    archive.busy.add(JobId(str(UUID(int=2))))
    await archive.keeper(jobs=8).look_at_jobs()
    assert await archive.left() == [2, *range(3, 12)]


async def test_jobs_with_the_oldest_files_are_forgotten_when_there_are_too_many(
    archive: Archive, set_written: Callable[[Path, float], None]
) -> None:
    for number in (1, 2, 3):
        file = archive.files(JobId(str(UUID(int=number))), size=1024)
        set_written(file, number)
    assert await archive.keeper(artifact_gib=2048 / 2**30).look_at_files() == 1
    assert await archive.left() == [*range(2, 12)]


@pytest.fixture
def set_written() -> Callable[[Path, float], None]:
    import os  # noqa: PLC0415 - for this alone

    return lambda path, time: os.utime(path, (time, time))


async def test_files_that_a_crash_has_left_are_removed(archive: Archive) -> None:
    kept, orphan = archive.files(JobId(str(UUID(int=1)))), archive.files(JobId(str(UUID(int=77))))
    (archive.folder / "something else").mkdir()
    assert await archive.keeper().remove_orphans() == 1
    assert kept.exists()
    assert not orphan.parent.exists()
    assert (archive.folder / "something else").exists()
