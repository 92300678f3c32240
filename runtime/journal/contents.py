"""What a journal in memory holds, and what becomes of it with every record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

import msgspec

from stationd.proto.calibration import CalibrationSet
from stationd.proto.error import JournalFailed
from stationd.proto.job import ItemView, JobId, JobView, TimelineEntry
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.project import Project
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.records import (
    AttemptOpened,
    BlocksDropped,
    BlockStored,
    CalibrationPinned,
    CalibrationStored,
    CalibrationUsed,
    ControllerSeen,
    EpochRaised,
    Fact,
    ItemEnded,
    JobAnnotated,
    JobDeleted,
    JobPlaced,
    JobStored,
    MetadataStored,
    ProjectStored,
    QueueNoted,
    Record,
    TicketIssued,
    VersionsSeen,
    WorkStored,
)
from stationd.runtime.journal.stored import StoredJob
from stationd.runtime.journal.view import events_of, item_name, job_view
from stationd.runtime.queue.entry import Place


class MemoryJob:
    """All that is stored of one job."""

    def __init__(self, record: JobStored) -> None:
        self.record = record
        self.timeline: list[TimelineEntry] = []
        self.calibration_set: str | None = None
        self.opened: AttemptOpened | None = None
        self.ticket: TicketIssued | None = None
        self.work: WorkStored | None = None
        self.placed: JobPlaced | None = None
        self.metadata: dict[int, bytes] = {}
        self.items: dict[int, ItemEnded] = {}
        self.blocks: dict[tuple[int, str, int], BlockStored] = {}

    def stored(self) -> StoredJob:
        """Return the job as the journal's users get it."""
        record, newest = self.record, self.timeline[-1]
        ticket = self.ticket
        return StoredJob(
            number=record.number,
            job=record.job,
            spec=record.spec,
            target=record.target,
            status=newest.status,
            attempt=newest.attempt,
            ordinal=newest.ordinal,
            seq=newest.seq,
            created_unix_s=record.time_unix_s,
            modified_unix_s=newest.time_unix_s,
            cancelling=newest.cancelling,
            error=newest.error,
            calibration_set=self.calibration_set,
            ticket=ticket.ticket if ticket and ticket.attempt == newest.attempt else None,
            items=tuple(self._item(index) for index in sorted(self.items)),
            running=None if self.opened is None else self.opened.items,
            collected=0 if self.opened is None else self.opened.collected,
            place=self._place(newest.attempt),
            note=newest.note,
        )

    def put(self, record: JobPlaced) -> None:
        """Take the place in the queue that an operator wants for the job."""
        spec = msgspec.structs.replace(self.record.spec, priority=record.priority, hold=record.held)
        self.record = msgspec.structs.replace(self.record, spec=spec)
        self.placed = record

    def _place(self, attempt: int) -> Place | None:
        placed = self.placed
        return placed.place if placed is not None and placed.attempt == attempt else None

    def annotate(self, record: JobAnnotated) -> None:
        """Take what people wrote about the job."""
        spec = msgspec.structs.replace(
            self.record.spec,
            name=record.name,
            description=record.description,
            properties=record.properties,
        )
        self.record = msgspec.structs.replace(self.record, spec=spec)

    def view(self, *, whole: bool) -> JobView:
        """Return the job as clients see it, with timeline and items if it is to be whole."""
        timeline = self.timeline if whole else ()
        return job_view(self.stored(), self.timeline[-1].note, timeline, items=whole)

    def _item(self, index: int) -> ItemView:
        ended = self.items[index]
        return ItemView(
            index=index,
            name=item_name(self.record.spec, index),
            result=ended.result,
            error=ended.error,
            partial=ended.partial,
            attempt=ended.attempt,
        )


class Contents:
    """What is committed."""

    def __init__(self) -> None:
        self.station = str(uuid4())
        self.epoch = 0
        self.ticket = 0
        self.number = 0
        self.forgotten = 0
        self.seq = 0
        """The newest sequence number."""
        self.jobs: dict[int, MemoryJob] = {}
        self.numbers: dict[JobId, int] = {}
        self.facts: list[FeedEvent] = []
        self.sets: dict[str, CalibrationSet] = {}
        self.defaults: dict[str, str] = {}
        self.controllers: dict[str, ControllerSeen] = {}
        self.projects: dict[str, Project] = {}
        self.notes: dict[tuple[str, str], QueueNoted] = {}
        self.versions: dict[str, list[VersionsSeen]] = {}
        """By controller, as they came."""

    def job(self, number: int) -> MemoryJob:
        """Return the job that a record belongs to.

        Raises:
            JournalFailed: There is none: a bug.
        """
        if number not in self.jobs:
            raise JournalFailed(f"there is no job {number}: please report this bug")
        return self.jobs[number]

    def store(self, records: Sequence[Record]) -> Commit:
        """Store one write."""
        first, known = self.seq + 1, dict[JobId, int]()
        dropped = set[int]()
        for record in records:
            if isinstance(record, JobStored) and record.job in self.numbers:
                known[record.job] = self.numbers[record.job]
                dropped.add(record.number)
            elif getattr(record, "number", None) not in dropped:
                _STORE[type(record)](self, record)
        return Commit(first, known)

    def _job(self, record: JobStored) -> None:
        if record.number in self.jobs:
            raise JournalFailed(f"there is a job {record.number} already: please report this bug")
        self.number = max(self.number, record.number)
        self.jobs[record.number] = MemoryJob(record)
        self.numbers[record.job] = record.number
        *passed, status = JobExecutorStatus.RECEIVED, *record.reached
        time, ordinal = record.time_unix_s, len(passed) + 1
        self._fact(Fact(record.number, record.job, ordinal, 1, status, time, passed=tuple(passed)))

    def _fact(self, fact: Fact) -> None:
        timeline = self.job(fact.number).timeline
        first = fact.ordinal - len(fact.passed)
        if first != len(timeline) + 1 or (
            timeline and timeline[-1].status.is_terminal and timeline[-1].attempt >= fact.attempt
        ):
            raise JournalFailed(
                f"fact {first} of job {fact.number}, {fact.status} in attempt"
                f" {fact.attempt}, follows {timeline[-1:]}: please report this bug"
            )
        events = events_of(self.seq + 1, fact)
        self.seq += len(events)
        timeline.extend(event.entry for event in events)
        self.facts += events

    def _attempt(self, record: AttemptOpened) -> None:
        self.job(record.number).opened = record

    def _pin(self, record: CalibrationPinned) -> None:
        self.job(record.number).calibration_set = record.calibration_set

    def _ticket(self, record: TicketIssued) -> None:
        job = self.job(record.number)
        older = job.ticket
        if record.attempt > 1 and older is not None and older.attempt in job.metadata:
            saved = msgspec.json.decode(job.metadata[older.attempt], type=dict[str, object])
            job.metadata[older.attempt] = msgspec.json.encode(saved | {"ticket": older.ticket})
        job.ticket = record
        self.ticket = max(self.ticket, record.ticket)

    def _work(self, record: WorkStored) -> None:
        self.job(record.number).work = record

    def _metadata(self, record: MetadataStored) -> None:
        self.job(record.number).metadata[record.attempt] = record.metadata

    def _item(self, record: ItemEnded) -> None:
        self.job(record.number).items[record.index] = record

    def _block(self, record: BlockStored) -> None:
        key = (record.attempt, record.controller, record.index)
        self.job(record.number).blocks.setdefault(key, record)

    def _drop(self, record: BlocksDropped) -> None:
        blocks = self.job(record.number).blocks
        for key in [key for key in blocks if key[0] == record.attempt]:
            del blocks[key]

    def _set(self, record: CalibrationStored) -> None:
        self.sets.setdefault(record.set.id, record.set)

    def _default(self, record: CalibrationUsed) -> None:
        if record.id not in self.sets:
            raise JournalFailed(f"there is no calibration set {record.id}: please report this bug")
        self.defaults[record.target] = record.id

    def _controller(self, record: ControllerSeen) -> None:
        self.controllers[record.name] = record

    def _delete(self, record: JobDeleted) -> None:
        job = self.jobs.get(record.number)
        if job is None:
            return
        if not job.timeline[-1].status.is_terminal:
            raise JournalFailed(f"job {record.number} is under way: please report this bug")
        if record.expired:
            self.forgotten = max(self.forgotten, job.timeline[-1].seq)
        del self.jobs[record.number], self.numbers[job.record.job]
        self.facts = [event for event in self.facts if event.job != job.record.job]

    def _epoch(self, record: EpochRaised) -> None:
        self.epoch = max(self.epoch, record.epoch)

    def _annotate(self, record: JobAnnotated) -> None:
        if record.number in self.jobs:
            self.jobs[record.number].annotate(record)

    def _project(self, record: ProjectStored) -> None:
        self.projects[record.project.id] = record.project

    def _put(self, record: JobPlaced) -> None:
        self.job(record.number).put(record)

    def _note(self, record: QueueNoted) -> None:
        if record.data is None:
            self.notes.pop((record.kind, record.name), None)
        else:
            self.notes[record.kind, record.name] = record

    def _run(self, record: VersionsSeen) -> None:
        seen = self.versions.setdefault(record.controller, [])
        if not seen or seen[-1].versions != record.versions:
            seen.append(record)

    STORES = (
        (JobStored, _job),
        (Fact, _fact),
        (CalibrationPinned, _pin),
        (WorkStored, _work),
        (MetadataStored, _metadata),
        (TicketIssued, _ticket),
        (ItemEnded, _item),
        (BlockStored, _block),
        (BlocksDropped, _drop),
        (CalibrationStored, _set),
        (CalibrationUsed, _default),
        (ControllerSeen, _controller),
        (AttemptOpened, _attempt),
        (EpochRaised, _epoch),
        (JobAnnotated, _annotate),
        (JobDeleted, _delete),
        (ProjectStored, _project),
        (JobPlaced, _put),
        (QueueNoted, _note),
        (VersionsSeen, _run),
    )


_STORE: Final[Mapping[type[Record], Callable[[Contents, Any], None]]] = dict(Contents.STORES)
