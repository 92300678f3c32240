"""Changing what becomes of jobs, and what is said of them; asynchronous."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from stationd.client.connection.shared import connection
from stationd.client.references.job import Job, JobRef, id_of
from stationd.client.references.referring import job_of
from stationd.client.steering import retrying
from stationd.proto import jobs_protocol
from stationd.proto.project import PropertyValue
from stationd.proto.project_requests import Annotate, Delete, Deleted
from stationd.proto.status import JobStatusEnum, RemoteRetryStrategy, StatusEnum


async def cancel(job: Job) -> Literal["accepted", "already_over"]:
    """Ask for the end of a job that is under way.

    Returns:
        ``accepted`` once that is on the station's disk; what comes of it, `wait_for` tells.
        ``already_over`` if the job had ended before.
    """
    request = jobs_protocol.Cancel(0, id_of(job))
    return (await connection().ask(request, jobs_protocol.CancelAnswer)).outcome


async def retry_submission(
    job: Job,
    retry_status: Iterable[StatusEnum | JobStatusEnum | str] | None = None,
    remote_retry_strategy: RemoteRetryStrategy | str = RemoteRetryStrategy.DEFAULT,
    user_group: str | None = None,
) -> retrying.RetryOutcome:
    """Open another attempt of a job that is over.

    Earlier attempts stay in the job's timeline, and items that do not run again keep their
    results.

    Args:
        job: The job.
        retry_status: Which items run again, by their statuses: ERROR, CANCELLED, COMPLETED; None
            for ERROR, and for all with FULL_RESTART. Items that have all of their results never
            run again but with FULL_RESTART.
        remote_retry_strategy: What may be done. DEFAULT collects a result that was left at the
            controllers or could not be worked up, and executes nothing. ALLOW_RESUBMIT executes
            too if nothing can have been executed. FORCE_RESUBMIT executes if there is no result.
            FULL_RESTART does everything again, with the newest calibration set.
        user_group: A station has no groups of users: leave it out.

    Returns:
        ``opened`` once the attempt is on the station's disk; ``nothing_to_collect`` if there is
        no result and the strategy does not execute; ``controller_unreachable`` if a controller
        that may have a result, or be at work, did not answer in time. The latter two open no
        attempt.

    Raises:
        RequestError: The job is still under way, or READY (but for FULL_RESTART), or none of its
            items matches; nothing has changed.
        UnknownJob: The station does not know the job.
    """
    retrying.check_group(user_group)
    strategy = retrying.strategy_of(remote_retry_strategy)
    return await retrying.ask(id_of(job), retrying.named(retry_status), strategy)


async def delete(job: Job) -> Literal["deleted", "already_gone"]:
    """Let the station forget a job that is over, and its results.

    Returns:
        ``deleted``; ``already_gone`` if the station does not know the job (any more).

    Raises:
        JobNotFinished: The job is still under way: cancel it first.
        Forbidden: The job is somebody else's.
    """
    return (await connection().ask(Delete(0, id_of(job)), Deleted)).outcome


async def set_annotations(
    job: Job,
    name: str | None = None,
    description: str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
) -> JobRef:
    """Change what people wrote about a job, at any time.

    Args:
        job: The job.
        name: For people and for searches; None to leave it, here and below.
        description: For people.
        properties: All of them: those that are not named go.

    Returns:
        The job as it is now.

    Raises:
        InvalidJob: The job's project does not define the properties like this.
        Forbidden: The job is somebody else's.
        UnknownJob: The station does not know the job.
    """
    given = None if properties is None else dict(properties)
    request = Annotate(0, id_of(job), name, description, given)
    return job_of((await connection().ask(request, jobs_protocol.Job)).view)
