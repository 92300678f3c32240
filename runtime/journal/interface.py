"""The journal as the daemon sees it: one way to write, and the questions it can answer.

Rule 1. A write is durable when its callback is called, and not before.
Rule 2. Callbacks come in the order of the writes.
Rule 3. Sequence numbers are given inside the commit, without holes, one to each fact.
Rule 4. An answer holds everything whose callback has been called when the question was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

from stationd.actors.stages.stretches import Covered
from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.compiled_requests import CompiledItem
from stationd.proto.job import JobFilter, JobId, JobView
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.project import Project
from stationd.proto.search import NEWEST_FIRST, Order
from stationd.runtime.histogram import PlainHistogram
from stationd.runtime.journal.records import (
    BlockStored,
    ControllerSeen,
    QueueNoted,
    Record,
    VersionsSeen,
)
from stationd.runtime.journal.stored import Execution, Expired, Outline, StoredArtifact, StoredJob


class Opening(Struct, frozen=True, kw_only=True):
    """What the journal knows when it is opened."""

    station: str
    """The station's id, a UUID made with the journal."""
    epoch: int
    """How often the journal has been opened, this time included; durable already."""
    seq: int
    """The newest sequence number; 0 if there is none."""
    number: int
    """The newest job number; 0 if there is none."""
    ticket: int
    """The newest ticket number; 0 if there is none."""
    forgotten: int = 0
    """Facts up to this number may be gone: listeners cannot go on from before it."""


class Commit(Struct, frozen=True):
    """What became of a write."""

    first_seq: int
    """The sequence number of its first fact; the others follow in order. A `JobStored` whose
    id was known takes none, and neither do the facts that came with it."""
    known: dict[JobId, int]
    """Jobs of this write that were stored before, and their numbers."""


COMMIT_SECONDS: Final = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0)
COMMIT_RECORDS: Final = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)


class JournalStatistics(Struct, frozen=True, kw_only=True):
    """How the journal is doing, for metrics."""

    commits: int = 0
    """Since it was opened."""
    writes: int = 0
    """Stored since it was opened."""
    records: int = 0
    """Stored since it was opened."""
    waiting: int = 0
    """Writes whose callback has not been called."""
    newest_commit_writes: int = 0
    newest_commit_seconds: float = 0.0
    """From the first statement to the answer of the disk."""
    commit_seconds: PlainHistogram = field(default_factory=lambda: PlainHistogram(COMMIT_SECONDS))
    """That time, of all commits."""
    commit_records: PlainHistogram = field(default_factory=lambda: PlainHistogram(COMMIT_RECORDS))
    """How many records each commit took."""
    reader_restarts: int = 0
    """How often the reader ended by itself; 0 unless something is wrong."""
    trouble: bool = False
    """Whether the storage is full or fails."""
    writer_pid: int | None = None
    reader_pid: int | None = None
    """None while the reader is being started again."""


class Queries(Protocol):
    """Questions about what is committed; answered outside the daemon's interpreter."""

    async def stored(self, job: JobId) -> StoredJob | None:
        """Return a job, or None if the id is unknown."""
        ...

    async def view(self, job: JobId) -> JobView | None:
        """Return a job as clients see it, with timeline and items."""
        ...

    async def views(
        self,
        wanted: JobFilter,
        before: int | None,
        limit: int,
        order: Order = NEWEST_FIRST,
    ) -> tuple[list[JobView], bool]:
        """Return a page of the jobs that match, without timelines and items.

        Args:
            wanted: What must match; its scope is not looked at.
            before: Only jobs with a lower number.
            limit: The most to return; at most 1000 come at once.
            order: In which order, and from where on.

        Returns:
            The jobs in that order, and whether there may be more.
        """
        ...

    async def count(self, wanted: JobFilter) -> int:
        """Return how many jobs match."""
        ...

    async def expired(
        self, before_unix_s: float, keep: int, limit: int, but: Sequence[str] = ()
    ) -> list[Expired]:
        """Return jobs that have ended long ago, those that ended first before the others.

        Args:
            before_unix_s: Those that ended before this time,
            keep: and as many as there are more than this.
            limit: The most to return.
            but: None of these projects' jobs, by id.
        """
        ...

    async def expired_of(self, project: str, before_unix_s: float, limit: int) -> list[Expired]:
        """Return jobs of a project that ended before a time, those that came first at the front."""
        ...

    async def project_size(self, project: str, after: int, limit: int) -> tuple[int, int | None]:
        """Return what the results of some jobs of a project take up.

        Args:
            project: Its id.
            after: Only of jobs with a higher number,
            limit: and of so many of them, in the order of their numbers.

        Returns:
            Bytes, and the number of the last of these jobs; None if there was none.
        """
        ...

    async def result_sizes(self, after: int, limit: int) -> tuple[dict[str, int], int | None]:
        """Return what the results of some jobs take up, in bytes, by the jobs' creators.

        Args:
            after: Only of jobs with a higher number,
            limit: and of so many of them, in the order of their numbers.

        Returns:
            Bytes by creator, and the number of the last of these jobs; None if there was none.
        """
        ...

    async def projects(self) -> list[Project]:
        """Return all projects, archived ones too, by name."""
        ...

    async def facts(
        self, after: int, jobs: Sequence[JobId] | None, limit: int, creator: str | None = None
    ) -> tuple[list[FeedEvent], int]:
        """Return the facts that follow a sequence number, in order.

        Args:
            after: The sequence number.
            jobs: Only facts of these; None for all.
            limit: The most to return; at most 1000 come at once.
            creator: If `jobs` is None, only facts of this user's jobs, and the limit is that of
                facts to look through; None for everybody's.

        Returns:
            The facts of the given jobs (None: of all) and the number up to which they are
            complete, which may lie beyond the last of them.
        """
        ...

    async def unfinished(self, after: int, limit: int) -> list[StoredJob]:
        """Return jobs that are not over, in the order of their numbers, after a number."""
        ...

    async def outlines(self, after: int, limit: int) -> list[Outline]:
        """Return outlines of jobs that are not over, by their numbers, after a number.

        Args:
            after: The number.
            limit: The most to return; fewer do not mean that there are no more, none do.
        """
        ...

    async def work(self, number: int) -> bytes | None:
        """Return the compiled work of a job."""
        ...

    async def execution(self, number: int, attempt: int) -> Execution:
        """Return what is on record of an attempt's execution."""
        ...

    async def blocks(self, number: int, attempt: int) -> list[BlockStored]:
        """Return the raw data of an attempt, by controller and index."""
        ...

    async def block_counts(self, number: int, attempt: int) -> dict[str, int]:
        """Return how many blocks of raw data an attempt has, by controller; none has no entry."""
        ...

    async def covered(self, number: int, attempt: int) -> Covered:
        """Return the spots of a sweep that an attempt has raw data of, by readout."""
        ...

    async def artifact(self, artifact: str) -> StoredArtifact | None:
        """Return a result, or a compiled circuit."""
        ...

    async def compiled(self, job: JobId) -> list[CompiledItem]:
        """Return what the compiler made of a job's circuits, by index."""
        ...

    async def calibration(self, calibration_set: str) -> CalibrationSet | None:
        """Return a calibration set."""
        ...

    async def default_calibration(self, target: str) -> str | None:
        """Return the id of a target's default calibration set."""
        ...

    async def calibrations(self, target: str) -> list[CalibrationSummary]:
        """Return the sets of a target (empty: of all), the newest first."""
        ...

    async def controllers(self) -> list[ControllerSeen]:
        """Return what every controller last said of itself."""
        ...

    async def queue_notes(self) -> list[QueueNoted]:
        """Return all that the queue must not forget."""
        ...

    async def versions(self, at_unix_s: float) -> list[VersionsSeen]:
        """Return what the daemon and each controller ran at a time, or last before it."""
        ...


class Journal(Queries, Protocol):
    """The durable record of a station."""

    @property
    def opening(self) -> Opening:
        """What the journal knew when it was opened."""
        ...

    @property
    def database(self) -> Path | None:
        """Where other processes may read what is committed; None if only this one can."""
        ...

    @property
    def trouble(self) -> str | None:
        """What is wrong with the storage; None if nothing is.

        While there is trouble, writes may wait for as long as it lasts: they are kept, in order,
        and become durable when it is over. So nothing new should be begun.
        """
        ...

    async def turned(self) -> None:
        """Return when `trouble` has changed."""
        ...

    @property
    def after_commit(self) -> list[Callable[[], None]]:
        """Called, in order, when the callbacks of a commit have been called.

        For what is done for all of them together. When they take several turns of the loop, as
        those of a large commit do, in each turn. They must not raise either.
        """
        ...

    def write(self, records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        """Store records together, soon, and call back once they are durable.

        Never blocks; must be called in the event loop's thread, where the callback comes too.
        The callback must not raise: that would end the journal.

        Raises:
            JournalClosed: The daemon is ending; nothing will be stored.
        """
        ...

    def send_now(self) -> None:
        """Begin with what has been written in this turn of the loop, not only after it.

        For whoever has nothing more to write for now: a turn is a tenth of what a commit takes.
        """
        ...

    async def flush(self) -> None:
        """Return when everything written before is durable and its callbacks have been called."""
        ...

    def statistics(self) -> JournalStatistics:
        """Return how the journal is doing."""
        ...
