"""Takes snapshots of a station: what is in memory from memory, what is over from the journal."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from msgspec.structs import replace

from stationd import __version__
from stationd.actors.ladder import Course
from stationd.proto.job import JobFilter, Progress
from stationd.proto.search import Order, SortFilterEnum
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.metrics.host import disk, stored_bytes
from stationd.runtime.metrics.utilisation import Use
from stationd.runtime.queue.listing import listing
from stationd.runtime.status_page.controllers import controller_rows, notices
from stationd.runtime.status_page.snapshot import Failure, Row, Rung, Snapshot, Storage

if TYPE_CHECKING:
    from stationd.proto.job import JobId, JobView
    from stationd.proto.queue_requests import QueueEntry
    from stationd.runtime.live import LiveJob
    from stationd.runtime.station import Station
    from stationd.runtime.status_page.lately import Lately
    from stationd.runtime.status_page.snapshot import Phase

MOST_RUNNING: Final = 20
"""Jobs at the instruments, and as many in the daemon's own hands."""
MOST_WAITING: Final = 25
MOST_OVER: Final = 25
MOST_FAILURES: Final = 8
MOST_LOOKED_AT: Final = 500
"""Jobs in memory, of the newest and of the oldest, among which those in hand are looked for."""
LONGEST_ERROR: Final = 600
"""Characters of an error that are shown."""
LOOK_AT_FILES_EVERY: Final = 60.0
"""Seconds; all of the artifacts' folders are looked through."""
_LAST_FIRST: Final = Order(sort=(SortFilterEnum.MODIFIED_DESC,))
_OVER: Final = JobFilter(statuses=tuple(sorted(JobExecutorStatus.terminal_statuses())))
_FAILED: Final = JobFilter(statuses=(JobExecutorStatus.FAILED,))
_RUNGS: Final = tuple(str(status) for status in JobExecutorStatus)
_IN_THE_QUEUE: Final = frozenset(
    {JobExecutorStatus.PENDING_EXECUTION, JobExecutorStatus.EXECUTION_STARTED}
)
_THERE: Final = frozenset({"running", "in_line"})
_HELD_UP: Final = frozenset({"held", "early", "closed"})
_NO_PROGRESS: Final = Progress(done=0, total=0)


class Survey:
    """Takes snapshots.

    Args:
        station: The station.
        lately: What its controllers' time was spent on.
    """

    def __init__(self, station: Station, lately: Lately) -> None:
        self._station = station
        self._lately = lately
        # Of jobs that are shown: their rungs, by how many facts there were of them.
        self._rungs: dict[JobId, tuple[int, tuple[Rung, ...]]] = {}
        self._over: tuple[JobView, ...] = ()
        self._failed: tuple[JobView, ...] = ()
        # What the lists of those were asked at.
        self._asked: tuple[int, ...] = ()
        self._files = (0, 0)
        self._looked_at_files: float | None = None

    async def snapshot(self) -> Snapshot:
        """Take one."""
        station = self._station
        await self._ask_what_is_over()
        jobs = (*await self._under_way(), *[await self._row_of_view(view) for view in self._over])
        shown = {row.id for row in jobs}
        self._rungs = {job: known for job, known in self._rungs.items() if job in shown}
        storage = await self._storage()
        span, shares = self._lately.shares(station.metrics.utilisation.seconds())
        received, ended = station.metrics.totals()
        return Snapshot(
            time_unix_s=station.ports.clock.time(),
            name=station.settings.station.name,
            version=__version__,
            backend=station.settings.station.backend,
            starts=station.journal.opening.epoch,
            since_unix_s=station.metrics.started_unix_s,
            stopping=station.api.stopping,
            received=received,
            ended={str(status): count for status, count in ended.items()},
            listeners=station.feed.listeners,
            queued=len(station.instruments.queue),
            in_line=sum(not out.began for out in station.instruments.queue.tickets()),
            rungs=_RUNGS,
            uses=tuple(Use),
            span_seconds=span,
            jobs=jobs,
            controllers=controller_rows(station, shares),
            notices=notices(station),
            failures=tuple(map(_failure, self._failed)),
            storage=storage,
        )

    # --- jobs under way ----------------------------------------------------------------------

    async def _under_way(self) -> list[Row]:
        station = self._station
        queue = station.instruments.queue
        out = len(station.instruments.executions)
        entries = listing(queue, tuple(station.bus.peers), out + MOST_WAITING)
        there = [one for one in entries if one.state in _THERE][:MOST_RUNNING]
        waiting = [one for one in entries if one.state not in _THERE][:MOST_WAITING]
        at_hand = self._at_hand()
        rows = [await self._row_in_queue(entry) for entry in there]
        rows += [await self._row_of_live(live, "working") for live in at_hand]
        return rows + [await self._row_in_queue(entry) for entry in waiting]

    def _at_hand(self) -> list[LiveJob]:
        """Return jobs that the daemon itself has in hand: those that came last, and the oldest."""
        live = self._station.dispatch.live()
        looked_at = dict.fromkeys(
            [*islice(reversed(live), MOST_LOOKED_AT), *islice(live, MOST_LOOKED_AT)]
        )
        found = (one for one in looked_at if one.job.status not in _IN_THE_QUEUE)
        return [*islice((one for one in found if not one.job.status.is_terminal), MOST_RUNNING)]

    async def _row_in_queue(self, entry: QueueEntry) -> Row:
        live = self._station.dispatch.get(entry.job)
        phase: Phase = "running" if entry.state in _THERE else "waiting"
        held_up = entry.state if entry.state in _HELD_UP else ""
        if live is not None:
            return await self._row_of_live(live, phase, held_up)
        # An earlier daemon left it, and nothing but its place is in memory yet.
        return Row(
            id=entry.job,
            number=entry.number,
            phase=phase,
            status=str(JobExecutorStatus.PENDING_EXECUTION),
            where=", ".join(entry.controllers),
            project=self._project(entry.project),
            since_unix_s=entry.since_unix_s,
            held_up=held_up,
        )

    async def _row_of_live(self, live: LiveJob, phase: Phase, held_up: str = "") -> Row:
        job, spec = live.job, live.spec
        at_work = job.status is JobExecutorStatus.EXECUTION_STARTED
        progress = live.progress if at_work and live.progress is not None else _NO_PROGRESS
        row = Row(
            id=job.id,
            number=job.number,
            name=spec.name,
            phase=phase,
            status=str(job.status),
            kind=job.kind,
            where=live.target or ", ".join(live.claims),
            by=spec.creator,
            project=self._project(spec.project),
            attempt=job.attempt,
            cancelling=job.course is Course.CANCELLING,
            since_unix_s=live.stored_at,
            held_up=held_up,
            done=progress.done,
            total=progress.total,
            unit=progress.unit,
        )
        if phase == "waiting":
            return row
        return replace(row, rungs=await self._rungs_of(job.id, job.ordinal))

    # --- jobs that are over ------------------------------------------------------------------

    async def _ask_what_is_over(self) -> None:
        """Ask the journal which jobs ended last, if any has ended since it was asked."""
        _, ended = self._station.metrics.totals()
        counts = tuple(ended.values())
        if counts == self._asked:
            return
        journal = self._station.journal
        over, _ = await journal.views(_OVER, None, MOST_OVER, _LAST_FIRST)
        failed, _ = await journal.views(_FAILED, None, MOST_FAILURES, _LAST_FIRST)
        self._over, self._failed, self._asked = tuple(over), tuple(failed), counts

    async def _row_of_view(self, view: JobView) -> Row:
        error = view.error
        return Row(
            id=view.id,
            number=view.number,
            name=view.name,
            phase="over",
            status=str(view.status),
            kind=view.kind,
            where=view.target,
            by=view.creator,
            project=self._project(view.project),
            attempt=view.attempt,
            since_unix_s=view.modified_unix_s,
            rungs=await self._rungs_of(view.id, view.seq),
            code="" if error is None else str(error.code),
            error="" if error is None else shortened(str(error)),
        )

    async def _rungs_of(self, job: JobId, facts: int) -> tuple[Rung, ...]:
        """Return where a job has been; asked of the journal only when there is news.

        Args:
            job: The job.
            facts: Another number when there is another fact of it.
        """
        known = self._rungs.get(job)
        if known is not None and known[0] == facts:
            return known[1]
        view = await self._station.journal.view(job)
        rungs = () if view is None else rungs_of(view)
        self._rungs[job] = (facts, rungs)
        return rungs

    def _project(self, project: str) -> str:
        found = self._station.projects.get(project)
        return project if found is None else found.name

    # --- storage -----------------------------------------------------------------------------

    async def _storage(self) -> Storage:
        station = self._station
        database, statistics = station.journal.database, station.journal.statistics()
        now = station.ports.clock.monotonic()
        if self._looked_at_files is None or now - self._looked_at_files > LOOK_AT_FILES_EVERY:
            self._looked_at_files = now
            files = await station.keeper.artifacts.oldest()
            self._files = (len(files), sum(one.size for one in files))
        free, size = await to_thread.run_sync(disk, database)
        jobs, artifact_bytes = self._files
        return Storage(
            trouble=station.journal.trouble or "",
            journal_bytes=await to_thread.run_sync(stored_bytes, database),
            artifact_bytes=artifact_bytes,
            artifact_jobs=jobs,
            free_bytes=free,
            size_bytes=size,
            commits=statistics.commits,
            commit_seconds=statistics.newest_commit_seconds,
        )


def rungs_of(view: JobView) -> tuple[Rung, ...]:
    """Return where a job has been in its current attempt, each rung once."""
    found: dict[str, Rung] = {}
    for entry in view.timeline:
        if entry.attempt == view.attempt:
            found.setdefault(str(entry.status), Rung(str(entry.status), entry.time_unix_s))
    return tuple(found.values())


def shortened(text: str) -> str:
    """Return a text that fits on the page."""
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


def _failure(view: JobView) -> Failure:
    error = view.error
    return Failure(
        id=view.id,
        number=view.number,
        name=view.name,
        time_unix_s=view.modified_unix_s,
        code="" if error is None else str(error.code),
        error="" if error is None else shortened(str(error)),
    )
