"""What the journal is told of a job's steps."""

from __future__ import annotations

from stationd.actors.job import Job
from stationd.runtime.journal.records import Fact, JobStored


def first_fact(stored: JobStored) -> Fact:
    """Return the fact that a stored job has come in; the journal makes it by itself."""
    job = Job(id=stored.job, number=stored.number, kind=stored.spec.kind)
    return fact_of(job, stored.time_unix_s)


def fact_of(job: Job, now: float, *, retrying: bool = False) -> Fact:
    """Return the fact that a job has come to where it is.

    Args:
        job: The job.
        now: Unix seconds.
        retrying: Another attempt follows by itself.
    """
    terminal = job.status.is_terminal
    return Fact(
        job.number,
        job.id,
        job.ordinal,
        job.attempt,
        job.status,
        now,
        job.cancelling,
        job.error if terminal else None,
        job.note if terminal else "",
        retrying,
    )
