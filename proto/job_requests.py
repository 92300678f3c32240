"""Part of the jobs protocol: jobs, submitted, shown, cancelled and tried again.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.error import ErrorInfo
from stationd.proto.job import JobFilter, JobId, JobSpec, JobView
from stationd.proto.number import Natural, Positive
from stationd.proto.project import NEW_ID
from stationd.proto.search import NEWEST_FIRST, Order
from stationd.proto.status import RemoteRetryStrategy

MOST_SUBMITTED: Final = 100
"""The most jobs in one batch: a longer one would keep others waiting."""
MOST_LISTED: Final = 1000
"""The most jobs on one page."""
RetryStatus = Literal["ERROR", "CANCELLED", "COMPLETED"]
"""The statuses of the items of a job that is over."""

# --- requests ---------------------------------------------------------------------------------


class Submit(Struct, frozen=True, array_like=True, tag=2):
    """Store a job and run it. Answered by Submitted, once the job is on disk."""

    request: Natural
    job: Annotated[JobId, NEW_ID]
    """A UUID in lower case, made by the client so that sending it twice gives one job. Ids become
    names of files, so nothing else is let in."""
    spec: JobSpec


class NewJob(Struct, frozen=True, array_like=True):
    """One job of a batch."""

    job: Annotated[JobId, NEW_ID]
    spec: JobSpec


class SubmitMany(Struct, frozen=True, array_like=True, tag=17):
    """Store jobs and run them. Answered by SubmittedMany, once all that can run are on disk."""

    request: Natural
    jobs: Annotated[tuple[NewJob, ...], Meta(max_length=MOST_SUBMITTED)]


class Get(Struct, frozen=True, array_like=True, tag=3):
    """Show one job whole. Answered by Job."""

    request: Natural
    job: JobId


class List(Struct, frozen=True, array_like=True, tag=4):
    """Show jobs, the newest first or in another order. Answered by Jobs."""

    request: Natural
    filter: JobFilter
    before: Natural | None = None
    """Only jobs with a lower number: where the page before this one ended. A job is found by its
    number as the first one before the next number, if whoever asks may read it."""
    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] = 50
    order: Order = NEWEST_FIRST


class Cancel(Struct, frozen=True, array_like=True, tag=5):
    """End a job that is under way. Answered by CancelAnswer once that is on disk."""

    request: Natural
    job: JobId


class Retry(Struct, frozen=True, array_like=True, tag=15):
    """Open another attempt of a job that is over. Answered by RetryAnswer once that is on disk."""

    request: Natural
    job: JobId
    attempt: Positive
    """The attempt that the new one is to follow. If there is a newer one already, that is the
    answer; so sending it twice opens one attempt."""
    strategy: RemoteRetryStrategy = RemoteRetryStrategy.DEFAULT
    retry_status: Annotated[tuple[RetryStatus, ...], Meta(min_length=1, max_length=3)] | None = None
    """Which items run again; None for ERROR, and for all with FULL_RESTART."""


# --- replies ----------------------------------------------------------------------------------


class Submitted(Struct, frozen=True, array_like=True, tag=102):
    """The job is on disk."""

    request: int
    job: JobId
    number: int
    created: bool
    """False if it was there already."""
    notice: str = ""
    """What its sender should know, such as that its target is locked; empty for nothing."""
    created_unix_s: float = 0.0
    """When, by the station's clock; 0 if it was there already."""
    creator: str = ""
    """Whose it is; empty if that is not known, or if it was there already."""


class SubmitAnswer(Struct, frozen=True, array_like=True):
    """What became of one job of a batch."""

    number: int
    """0 if it is refused."""
    created: bool
    """False if it was there already, or is refused."""
    error: ErrorInfo | None = None
    """Why it is refused."""
    notice: str = ""
    """As `Submitted.notice`."""
    created_unix_s: float = 0.0
    """As `Submitted.created_unix_s`."""


class SubmittedMany(Struct, frozen=True, array_like=True, tag=116):
    """What became of each job of a batch, in its order."""

    request: int
    answers: tuple[SubmitAnswer, ...]
    creator: str = ""
    """Whose those are that are new."""


class Job(Struct, frozen=True, array_like=True, tag=103):
    """One job, whole."""

    request: int
    view: JobView


class Jobs(Struct, frozen=True, array_like=True, tag=104):
    """A page of jobs, without timelines and items."""

    request: int
    views: tuple[JobView, ...]
    more: bool
    """Whether a further page may hold any."""


class CancelAnswer(Struct, frozen=True, array_like=True, tag=105):
    """The cancel is on disk, or came too late to change anything."""

    request: int
    outcome: Literal["accepted", "already_over"]


class RetryAnswer(Struct, frozen=True, array_like=True, tag=115):
    """What came of a retry."""

    request: int
    outcome: Literal["opened", "nothing_to_collect", "controller_unreachable"]
    attempt: int
    """The job's newest attempt, on disk."""
