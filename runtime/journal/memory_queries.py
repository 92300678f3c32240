"""The journal's questions, answered from a record in memory."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import cmp_to_key

from stationd.actors.stages.stretches import Covered
from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.compiled_requests import CompiledItem
from stationd.proto.job import JobFilter, JobId, JobView, place_of
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.matching import matches
from stationd.proto.project import Project
from stationd.proto.search import NEWEST_FIRST, Order, compare
from stationd.runtime.journal.contents import Contents, MemoryJob
from stationd.runtime.journal.queries.compiled import heads, is_compiled, one
from stationd.runtime.journal.queries.data import covered
from stationd.runtime.journal.records import (
    BlockStored,
    ControllerSeen,
    QueueNoted,
    VersionsSeen,
)
from stationd.runtime.journal.stored import Execution, Expired, Outline, StoredArtifact, StoredJob
from stationd.runtime.journal.view import (
    MOST_FACTS,
    MOST_LISTED,
    outlined,
    owner,
)


class MemoryQueries:
    """Answers what the durable journal's reader answers, and the same.

    Args:
        contents: What is committed.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    async def stored(self, job: JobId) -> StoredJob | None:
        """Return a job, or None if the id is unknown."""
        found = self._found(job)
        return None if found is None else found.stored()

    async def view(self, job: JobId) -> JobView | None:
        """Return a job as clients see it, with timeline and items."""
        found = self._found(job)
        return None if found is None else found.view(whole=True)

    async def views(
        self,
        wanted: JobFilter,
        before: int | None,
        limit: int,
        order: Order = NEWEST_FIRST,
    ) -> tuple[list[JobView], bool]:
        """Return a page of the jobs that match, and whether there may be more."""
        most = max(0, min(limit, MOST_LISTED))
        found = [
            view
            for view in self._matching(wanted)
            if (before is None or view.number < before)
            and (order.after is None or compare(order.after, place_of(view), order.sort) < 0)
        ]
        found.sort(
            key=cmp_to_key(lambda one, two: compare(place_of(one), place_of(two), order.sort))
        )
        page = found[order.skip :]
        return page[:most], len(page) > most

    async def count(self, wanted: JobFilter) -> int:
        """Return how many jobs match."""
        return len(self._matching(wanted))

    async def expired(
        self, before_unix_s: float, keep: int, limit: int, but: Sequence[str] = ()
    ) -> list[Expired]:
        """Return jobs that have ended long ago, those that ended first before the others."""
        over = self._over()
        too_many = len(over) - keep
        over = [stored for stored in over if stored.spec.project not in but]
        over.sort(key=lambda stored: (stored.modified_unix_s, stored.number))
        old = sum(stored.modified_unix_s < before_unix_s for stored in over)
        most = min(max(old, too_many), max(0, limit))
        return [Expired(stored.number, stored.job) for stored in over[:most]]

    async def expired_of(self, project: str, before_unix_s: float, limit: int) -> list[Expired]:
        """Return jobs of a project that ended before a time."""
        found = [
            stored
            for stored in self._over()
            if stored.spec.project == project and stored.modified_unix_s < before_unix_s
        ]
        found.sort(key=lambda stored: stored.number)
        return [Expired(stored.number, stored.job) for stored in found[: max(0, limit)]]

    def _over(self) -> list[StoredJob]:
        found = (job.stored() for job in self._contents.jobs.values())
        return [stored for stored in found if stored.status.is_terminal]

    async def project_size(self, project: str, after: int, limit: int) -> tuple[int, int | None]:
        """Return the bytes of some jobs' results of a project, and the last job's number."""
        jobs = self._contents.jobs
        page = [
            number
            for number in sorted(jobs)
            if number > after and project and jobs[number].record.spec.project == project
        ][: max(0, limit)]
        items = (item for number in page for item in jobs[number].items.values())
        size = sum(item.result.size_bytes for item in items if item.result is not None)
        return size, page[-1] if page else None

    async def result_sizes(self, after: int, limit: int) -> tuple[dict[str, int], int | None]:
        """Return the bytes of some jobs' results by creator, and the last job's number."""
        jobs = self._contents.jobs
        page = [number for number in sorted(jobs) if number > after][: max(0, limit)]
        sizes: Counter[str] = Counter()
        for job in map(jobs.__getitem__, page):
            results = [item.result for item in job.items.values() if item.result is not None]
            if results:
                sizes[job.record.spec.creator] += sum(result.size_bytes for result in results)
        return dict(sizes), page[-1] if page else None

    async def projects(self) -> list[Project]:
        """Return all projects, by name."""
        return sorted(self._contents.projects.values(), key=lambda project: project.name)

    async def facts(
        self, after: int, jobs: Sequence[JobId] | None, limit: int, creator: str | None = None
    ) -> tuple[list[FeedEvent], int]:
        """Return the facts that follow a sequence number, and up to where they are complete."""
        most = max(0, min(limit, MOST_FACTS))
        meant = None if jobs is None else frozenset(jobs)
        facts = self._contents.facts
        new = facts[bisect_right(facts, after, key=lambda event: event.entry.seq) :]
        found = [event for event in new if meant is None or event.job in meant][:most]
        complete = max(self._contents.seq, after)
        if len(found) == most:
            complete = found[-1].entry.seq if found else after
        if jobs is None and creator is not None:
            found = [event for event in found if self._creator(event.job) == creator]
        return found, complete

    def _creator(self, job: JobId) -> str:
        contents = self._contents
        return contents.jobs[contents.numbers[job]].record.spec.creator

    async def unfinished(self, after: int, limit: int) -> list[StoredJob]:
        """Return jobs that are not over, in the order of their numbers, after a number."""
        jobs = self._contents.jobs
        stored = [jobs[number].stored() for number in sorted(jobs) if number > after]
        return [job for job in stored if not job.status.is_terminal][: max(0, limit)]

    async def outlines(self, after: int, limit: int) -> list[Outline]:
        """Return outlines of jobs that are not over, by their numbers, after a number."""
        return [outlined(stored) for stored in await self.unfinished(after, limit)]

    async def work(self, number: int) -> bytes | None:
        """Return the compiled work of a job."""
        job = self._contents.jobs.get(number)
        return job.work.data if job and job.work else None

    async def execution(self, number: int, attempt: int) -> Execution:
        """Return what is on record of an attempt's execution."""
        job = self._contents.jobs.get(number)
        if job is None:
            return Execution(None, None)
        ticket = job.ticket
        own = ticket is not None and ticket.attempt == attempt
        return Execution(job.metadata.get(attempt), ticket.ticket if ticket and own else None)

    async def blocks(self, number: int, attempt: int) -> list[BlockStored]:
        """Return the raw data of an attempt, by controller and index."""
        job = self._contents.jobs.get(number)
        blocks = job.blocks if job else {}
        return [blocks[key] for key in sorted(blocks) if key[0] == attempt]

    async def block_counts(self, number: int, attempt: int) -> dict[str, int]:
        """Return how many blocks of raw data an attempt has, by controller."""
        return Counter(block.controller for block in await self.blocks(number, attempt))

    async def covered(self, number: int, attempt: int) -> Covered:
        """Return the spots of a sweep that an attempt has raw data of, by readout."""
        blocks = await self.blocks(number, attempt)
        return covered((block.controller, block.header) for block in blocks)

    async def artifact(self, artifact: str) -> StoredArtifact | None:
        """Return a result, or a compiled circuit."""
        job = self._found(owner(artifact))
        if is_compiled(artifact):
            work = job.work if job else None
            return one(artifact, work.attempt, work.data) if work else None
        for item in job.items.values() if job else ():
            if item.result is not None and item.result.id == artifact:
                return StoredArtifact(item.result, item.data)
        return None

    async def compiled(self, job: JobId) -> list[CompiledItem]:
        """Return what the compiler made of a job's circuits, by index."""
        found = self._found(job)
        work = found.work if found else None
        return heads(job, work.attempt, work.data) if work else []

    async def calibration(self, calibration_set: str) -> CalibrationSet | None:
        """Return a calibration set."""
        return self._contents.sets.get(calibration_set)

    async def default_calibration(self, target: str) -> str | None:
        """Return the id of a target's default calibration set."""
        return self._contents.defaults.get(target)

    async def calibrations(self, target: str) -> list[CalibrationSummary]:
        """Return the sets of a target (empty: of all), the newest first."""
        sets = [found for found in self._contents.sets.values() if target in {"", found.target}]
        sets.sort(key=lambda found: (found.created_unix_s, found.id), reverse=True)
        return [
            CalibrationSummary(
                id=found.id,
                target=found.target,
                created_unix_s=found.created_unix_s,
                name=found.name,
                observations=len(found.observations),
                default=self._contents.defaults.get(found.target) == found.id,
                expires_unix_s=found.expires_unix_s,
            )
            for found in sets
        ]

    async def controllers(self) -> list[ControllerSeen]:
        """Return what every controller last said of itself."""
        return [said for _, said in sorted(self._contents.controllers.items())]

    async def queue_notes(self) -> list[QueueNoted]:
        """Return all that the queue must not forget."""
        return [note for _, note in sorted(self._contents.notes.items())]

    async def versions(self, at_unix_s: float) -> list[VersionsSeen]:
        """Return what the daemon and each controller ran at a time, or last before it."""
        found: list[VersionsSeen] = []
        for _, seen in sorted(self._contents.versions.items()):
            until = [one for one in seen if one.since_unix_s <= at_unix_s]
            # Of those of the same time the last one.
            found += [max(reversed(until), key=lambda one: one.since_unix_s)] if until else []
        return found

    def _matching(self, wanted: JobFilter) -> list[JobView]:
        views = (job.view(whole=False) for job in self._contents.jobs.values())
        return [view for view in views if matches(view, wanted)]

    def _found(self, job: JobId) -> MemoryJob | None:
        number = self._contents.numbers.get(job)
        return None if number is None else self._contents.jobs[number]
