"""What clients see of stored jobs, and which jobs a filter means. Pure, for every journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from stationd.proto.job import ItemView, JobFilter, JobId, JobSpec, JobView, TimelineEntry
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.program import Sweep
from stationd.proto.status import JobExecutorStatus, coarse_status
from stationd.runtime.journal.records import Fact
from stationd.runtime.journal.stored import Outline, StoredJob

MOST_LISTED: Final = 1000
"""Jobs in one answer; more can be asked for with `before`."""
MOST_FACTS: Final = 1000
"""Facts in one answer, which says up to where it is complete; decoding more at once would hold
up the daemon's loop."""


def job_view(
    stored: StoredJob, note: str, timeline: Sequence[TimelineEntry] = (), *, items: bool = False
) -> JobView:
    """Return what clients see of a job.

    Args:
        stored: The job.
        note: Of its newest fact.
        timeline: All its facts in order; empty for lists.
        items: Whether to show items.
    """
    return JobView(
        id=stored.job,
        number=stored.number,
        kind=stored.spec.kind,
        target=stored.target,
        status=stored.status,
        attempt=stored.attempt,
        created_unix_s=stored.created_unix_s,
        modified_unix_s=stored.modified_unix_s,
        seq=stored.seq,
        name=stored.spec.name,
        priority=stored.spec.priority,
        cancelling=stored.cancelling,
        error=stored.error,
        note=note,
        calibration_set=stored.calibration_set,
        timeline=tuple(timeline),
        items=_all_items(stored.spec, stored.items) if items else (),
        creator=stored.spec.creator,
        description=stored.spec.description,
        project=stored.spec.project,
        properties=stored.spec.properties,
    )


def events_of(first_seq: int, fact: Fact) -> list[FeedEvent]:
    """Return what listeners hear of a committed fact: of all that it passed, too.

    Args:
        first_seq: The first sequence number of those that it has got.
        fact: The fact.
    """
    passed, job = fact.passed, fact.job
    ordinal = fact.ordinal - len(passed)
    events = [
        FeedEvent(
            job,
            TimelineEntry(
                seq=first_seq + index,
                ordinal=ordinal + index,
                attempt=fact.attempt,
                status=status,
                time_unix_s=fact.time_unix_s,
            ),
        )
        for index, status in enumerate(passed)
    ]
    newest = TimelineEntry(
        seq=first_seq + len(passed),
        ordinal=fact.ordinal,
        attempt=fact.attempt,
        status=fact.status,
        time_unix_s=fact.time_unix_s,
        cancelling=fact.cancelling,
        error=fact.error,
        note=fact.note,
        retrying=fact.retrying,
    )
    events.append(FeedEvent(job, newest))
    return events


def outlined(stored: StoredJob) -> Outline:
    """Return a job's outline."""
    work = stored.spec.work
    return Outline(
        stored.number,
        stored.job,
        stored.spec.kind,
        stored.target,
        stored.status,
        stored.attempt,
        stored.cancelling,
        stored.ticket,
        stored.spec.priority,
        stored.began_unix_s,
        stored.spec.timeout,
        tuple(sorted(work.controllers())) if isinstance(work, Sweep) else (),
        stored.spec.project,
        stored.spec.not_before,
        stored.spec.deadline,
        stored.spec.hold,
        stored.place,
    )


def item_name(spec: JobSpec, index: int) -> str:
    """Return the name of the program that an item runs; empty if it has none."""
    if isinstance(spec.work, Sweep):
        return spec.work.name
    programs = spec.work.programs
    return programs[index].name if index < len(programs) else ""


def statuses_meant(wanted: JobFilter) -> frozenset[JobExecutorStatus] | None:
    """Return the statuses in which jobs may match a filter; None if all."""
    meant: frozenset[JobExecutorStatus] | None = None
    if wanted.statuses:
        meant = frozenset(wanted.statuses)
    names = {*(coarse.value for coarse in wanted.coarse), *wanted.passing}
    if names:
        derived = frozenset(s for s in JobExecutorStatus if names & _coarse_names(s))
        meant = derived if meant is None else meant & derived
    return meant


def _coarse_names(status: JobExecutorStatus) -> set[str]:
    """Return what a status may be shown as."""
    return {
        coarse_status(status, cancelling=cancelling, retrying=retrying).name
        for cancelling in (False, True)
        for retrying in (False, True)
    }


def owner(artifact: str) -> JobId:
    """Return the job that an artifact's id (``<job>/<attempt>/<item>``) belongs to."""
    return JobId(artifact.partition("/")[0])


def _all_items(spec: JobSpec, ended: Iterable[ItemView]) -> tuple[ItemView, ...]:
    """Return a view of every item, of those that have not ended too."""
    known = {item.index: item for item in ended}
    return tuple(
        known.get(index) or ItemView(index=index, name=item_name(spec, index))
        for index in range(spec.items)
    )
