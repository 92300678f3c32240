"""The journal in an SQLite database, behind two processes: one writes, the other reads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, cast

import anyio
import msgspec
from anyio import to_thread

from stationd.actors.stages.stretches import Covered, merged
from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.compiled_requests import CompiledItem
from stationd.proto.error import JournalFailed
from stationd.proto.job import JobFilter, JobId, JobView
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.project import Project
from stationd.proto.search import NEWEST_FIRST, Order
from stationd.runtime.journal.beginning import Beginning
from stationd.runtime.journal.interface import Commit, Journal, JournalStatistics, Opening
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.queries.compiled import (
    CompiledArtifact,
    CompiledItems,
    is_compiled,
)
from stationd.runtime.journal.queries.data import (
    Artifact,
    BlockCounts,
    Blocks,
    Calibration,
    Calibrations,
    Controllers,
    CoveredSpots,
    DefaultCalibration,
    Executed,
    Projects,
    ProjectSize,
    QueueNotes,
    ResultSizes,
    Versions,
    Work,
)
from stationd.runtime.journal.queries.jobs import (
    Facts,
    Outlines,
    Stored,
    Unfinished,
    View,
)
from stationd.runtime.journal.queries.search import Count, ExpiredJobs, ExpiredOfProject, Views
from stationd.runtime.journal.reader_link import ReaderLink
from stationd.runtime.journal.records import (
    BlockStored,
    ControllerSeen,
    QueueNoted,
    Record,
    VersionsSeen,
)
from stationd.runtime.journal.stored import Execution, Expired, Outline, StoredArtifact, StoredJob
from stationd.runtime.journal.view import MOST_LISTED
from stationd.runtime.journal.writer_link import WriterLink

_PAGE: Final = 500
"""Unfinished jobs that are asked for at once: decoding more would hold up the loop."""


class SqliteJournal:
    """The journal's two links as one; made by `open_journal`."""

    def __init__(
        self, opening: Opening, database: Path, writer: WriterLink, reader: ReaderLink
    ) -> None:
        self._opening = opening
        self._database = database
        self._writer = writer
        self._ask = reader.ask
        self._reader = reader

    @property
    def opening(self) -> Opening:
        """What the journal knew when it was opened."""
        return self._opening

    @property
    def database(self) -> Path:
        """The database's file."""
        return self._database

    @property
    def after_commit(self) -> list[Callable[[], None]]:
        """Called, in order, when the callbacks of a commit have been called."""
        return self._writer.after_commit

    @property
    def trouble(self) -> str | None:
        """What is wrong with the storage; None if nothing is."""
        return self._writer.trouble

    async def turned(self) -> None:
        """Return when `trouble` has changed."""
        await self._writer.turned.wait()

    def write(self, records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        """Store records together, soon, and call back once they are durable."""
        self._writer.write(records, committed)

    def send_now(self) -> None:
        """Begin with what has been written in this turn of the loop, not only after it."""
        self._writer.send_now()

    async def flush(self) -> None:
        """Return when everything written before is durable and called back."""
        await self._writer.flush()

    def statistics(self) -> JournalStatistics:
        """Return how the journal is doing."""
        return msgspec.structs.replace(
            self._writer.statistics(),
            reader_restarts=self._reader.restarts,
            reader_pid=self._reader.pid,
        )

    async def stored(self, job: JobId) -> StoredJob | None:
        """Return a job, or None if the id is unknown."""
        return await self._ask(Stored(job))

    async def view(self, job: JobId) -> JobView | None:
        """Return a job as clients see it, with timeline and items."""
        return await self._ask(View(job))

    async def views(
        self,
        wanted: JobFilter,
        before: int | None,
        limit: int,
        order: Order = NEWEST_FIRST,
    ) -> tuple[list[JobView], bool]:
        """Return a page of the jobs that match, and whether there may be more."""
        found: list[JobView] = []
        most = max(0, min(limit, MOST_LISTED))
        while True:
            page = await self._ask(Views(wanted, before, most - len(found), order))
            found += page.views
            if page.reached is None:
                return found, page.more
            skip = order.skip - page.skipped
            order = msgspec.structs.replace(order, after=page.reached, skip=skip)

    async def count(self, wanted: JobFilter) -> int:
        """Return how many jobs match."""
        tally = await self._ask(Count(wanted))
        count = tally.count
        while tally.reached is not None:
            tally = await self._ask(Count(wanted, tally.reached))
            count += tally.count
        return count

    async def expired(
        self, before_unix_s: float, keep: int, limit: int, but: Sequence[str] = ()
    ) -> list[Expired]:
        """Return jobs that have ended long ago, those that ended first before the others."""
        return await self._ask(ExpiredJobs(before_unix_s, keep, limit, tuple(but)))

    async def expired_of(self, project: str, before_unix_s: float, limit: int) -> list[Expired]:
        """Return jobs of a project that ended before a time."""
        return await self._ask(ExpiredOfProject(project, before_unix_s, limit))

    async def project_size(self, project: str, after: int, limit: int) -> tuple[int, int | None]:
        """Return the bytes of some jobs' results of a project, and the last job's number."""
        return await self._ask(ProjectSize(project, after, limit))

    async def result_sizes(self, after: int, limit: int) -> tuple[dict[str, int], int | None]:
        """Return the bytes of some jobs' results by creator, and the last job's number."""
        return await self._ask(ResultSizes(after, limit))

    async def projects(self) -> list[Project]:
        """Return all projects, by name."""
        return await self._ask(Projects())

    async def facts(
        self, after: int, jobs: Sequence[JobId] | None, limit: int, creator: str | None = None
    ) -> tuple[list[FeedEvent], int]:
        """Return the facts that follow a sequence number, and up to where they are complete."""
        named = None if jobs is None else tuple(jobs)
        return await self._ask(Facts(after, named, limit, creator))

    async def unfinished(self, after: int, limit: int) -> list[StoredJob]:
        """Return jobs that are not over, in the order of their numbers, after a number."""
        found: list[StoredJob] = []
        more = limit > 0
        while more and len(found) < limit:
            after = found[-1].number if found else after
            page, more = await self._ask(Unfinished(after, min(_PAGE, limit - len(found))))
            found += page
        return found

    async def outlines(self, after: int, limit: int) -> list[Outline]:
        """Return outlines of jobs that are not over, by their numbers, after a number."""
        return await self._ask(Outlines(after, limit))

    async def work(self, number: int) -> bytes | None:
        """Return the compiled work of a job."""
        return await self._ask(Work(number))

    async def execution(self, number: int, attempt: int) -> Execution:
        """Return what is on record of an attempt's execution."""
        return await self._ask(Executed(number, attempt))

    async def blocks(self, number: int, attempt: int) -> list[BlockStored]:
        """Return the raw data of an attempt, by controller and index."""
        found: list[BlockStored] = []
        more = True
        while more:
            after = (found[-1].controller, found[-1].index) if found else ("", -1)
            page, more = await self._ask(Blocks(number, attempt, after))
            found += page
        return found

    async def block_counts(self, number: int, attempt: int) -> dict[str, int]:
        """Return how many blocks of raw data an attempt has, by controller."""
        return await self._ask(BlockCounts(number, attempt))

    async def covered(self, number: int, attempt: int) -> Covered:
        """Return the spots of a sweep that an attempt has raw data of, by readout."""
        found: Covered = {}
        last: tuple[str, int] | None = ("", -1)
        while last is not None:
            page, last = await self._ask(CoveredSpots(number, attempt, last))
            for name, ranges in page.items():
                found[name] = merged([*found.get(name, ()), *ranges])
        return found

    async def artifact(self, artifact: str) -> StoredArtifact | None:
        """Return a result, or a compiled circuit."""
        if is_compiled(artifact):
            return await self._ask(CompiledArtifact(artifact))
        return await self._ask(Artifact(artifact))

    async def compiled(self, job: JobId) -> list[CompiledItem]:
        """Return what the compiler made of a job's circuits, by index."""
        return await self._ask(CompiledItems(job))

    async def calibration(self, calibration_set: str) -> CalibrationSet | None:
        """Return a calibration set."""
        return await self._ask(Calibration(calibration_set))

    async def default_calibration(self, target: str) -> str | None:
        """Return the id of a target's default calibration set."""
        return await self._ask(DefaultCalibration(target))

    async def calibrations(self, target: str) -> list[CalibrationSummary]:
        """Return the sets of a target (empty: of all), the newest first."""
        return await self._ask(Calibrations(target))

    async def controllers(self) -> list[ControllerSeen]:
        """Return what every controller last said of itself."""
        return await self._ask(Controllers())

    async def queue_notes(self) -> list[QueueNoted]:
        """Return all that the queue must not forget."""
        return await self._ask(QueueNotes())

    async def versions(self, at_unix_s: float) -> list[VersionsSeen]:
        """Return what the daemon and each controller ran at a time, or last before it."""
        return await self._ask(Versions(at_unix_s))


@asynccontextmanager
async def open_journal(state: Path, beginning: Beginning | None = None) -> AsyncGenerator[Journal]:
    """Open the journal in a state directory, or make one, and hold it until the block ends.

    At the end everything that was written is made durable and called back.

    Args:
        state: The state directory; made if need be.
        beginning: Its processes, if they have been started already; they are ended at the end.

    Raises:
        AlreadyRunning: Another process holds the directory.
        StorageTrouble: The journal cannot be opened, but perhaps later.
        JournalFailed: The journal cannot be opened, or failed later: then the block has been
            cancelled, and nothing that was not durable has been called back.
    """
    if beginning is None:
        beginning = await to_thread.run_sync(Beginning, state)
    try:
        with _plain_failures():
            writer = WriterLink(beginning.writer)
            reader = ReaderLink(state, first=beginning.reader)
            opening = await writer.opened()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(writer.run)
                tasks.start_soon(reader.run)
                try:
                    yield SqliteJournal(opening, state / DATABASE, writer, reader)
                finally:
                    await writer.aclose()
                    tasks.cancel_scope.cancel()
    finally:
        await beginning.writer.aend()
        await beginning.reader.aend()
        beginning.close()


@contextmanager
def _plain_failures() -> Generator[None]:
    """Raise the journal's failure itself, or what the block raised, not a group around it."""
    try:
        yield
    except BaseExceptionGroup as group:
        if (failed := _find(group)) is not None:
            raise failed from group
        raise _alone(group) from None


def _alone(error: BaseException) -> BaseException:
    """Return the only exception in groups of one."""
    parts = _parts(error)
    return _alone(parts[0]) if len(parts) == 1 else error


def _find(error: BaseException) -> JournalFailed | None:
    if isinstance(error, JournalFailed):
        return error
    return next((found for found in map(_find, _parts(error)) if found is not None), None)


def _parts(error: BaseException) -> tuple[BaseException, ...]:
    if isinstance(error, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", error).exceptions
    return ()
