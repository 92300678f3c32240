"""A job that is under way, as clients see it, from memory.

Whoever asks right after a submission need not wait for the journal's reader, whose work takes the
processor from the job itself.

Rule 1. What is shown is committed, and is what the journal would show. Where that takes more than
        what is kept here (items that have ended, an earlier attempt, a step that is on its way to
        the disk, the time before a restart), the journal is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.stored import StoredJob
from stationd.runtime.journal.view import events_of, job_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.job import JobView
    from stationd.runtime.journal.records import Fact
    from stationd.runtime.live import LiveJob

_LAST: Final = JobExecutorStatus.EXECUTION_STARTED
"""Up to here, only items that have failed have ended."""


def remember(live: LiveJob, first_seq: int, facts: Sequence[Fact]) -> None:
    """Keep facts of a job that have been committed.

    Args:
        live: The job.
        first_seq: The first one's sequence number.
        facts: They follow the ones before.
    """
    told = live.told
    if told is None:
        return
    for fact in facts:
        told.append((first_seq, fact))
        first_seq += 1 + len(fact.passed)


def remembered(live: LiveJob) -> JobView | None:
    """Return a job as the journal would show it, with timeline and items, if memory suffices."""
    told, job = live.told, live.job
    if not told or live.item_errors:
        return None
    newest = told[-1][1]
    if newest.ordinal != job.ordinal or newest.status > _LAST:
        return None
    timeline = [event.entry for seq, fact in told for event in events_of(seq, fact)]
    stored = StoredJob(
        number=job.number,
        job=job.id,
        spec=live.spec,
        target=live.target,
        status=newest.status,
        attempt=newest.attempt,
        ordinal=newest.ordinal,
        seq=timeline[-1].seq,
        created_unix_s=timeline[0].time_unix_s,
        modified_unix_s=newest.time_unix_s,
        cancelling=newest.cancelling,
        error=newest.error,
        calibration_set=job.calibration_set,
        ticket=None,
        items=(),
    )
    return job_view(stored, newest.note, timeline, items=True)
