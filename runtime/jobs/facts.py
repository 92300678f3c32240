"""What the journal is told of a job's steps."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.records import Fact, JobStored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.actors.job import Job


def first_fact(stored: JobStored) -> Fact:
    """Return the fact of where a new job has come; the journal makes it by itself."""
    *passed, status = JobExecutorStatus.RECEIVED, *stored.reached
    ordinal, time = len(passed) + 1, stored.time_unix_s
    return Fact(stored.number, stored.job, ordinal, 1, status, time, passed=tuple(passed))


def facts_of(stood: Sequence[Job], now: float) -> list[Fact]:
    """Return the facts of where a job has come, one after the other and all at once.

    Args:
        stood: The job after each step that is a fact, in order.
        now: Unix seconds.
    """
    facts: list[Fact] = []
    passed: list[JobExecutorStatus] = []
    for job, following in zip_longest(stood, stood[1:]):
        if following is not None and _is_passed(job, following):
            passed.append(job.status)
        else:
            facts.append(_fact_of(job, following, tuple(passed), now))
            passed = []
    return facts


def _is_passed(job: Job, following: Job) -> bool:
    """Whether nothing is to be said of where a job stood but that it did."""
    return not job.cancelling and not job.status.is_terminal and job.attempt == following.attempt


def _fact_of(
    job: Job, following: Job | None, passed: tuple[JobExecutorStatus, ...], now: float
) -> Fact:
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
        # Why it is being cancelled, if there is more to it than that somebody asked.
        job.note if terminal or job.cancelling else "",
        # In the same write: it follows by itself.
        terminal and following is not None,
        passed,
    )
