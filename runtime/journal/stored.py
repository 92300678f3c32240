"""What the journal answers with: jobs, results and executions as it has them."""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.error import ErrorInfo
from stationd.proto.job import ArtifactRef, ItemView, JobId, JobKind, JobSpec
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.queue.entry import Place


class StoredJob(Struct, frozen=True, kw_only=True):
    """A job as the journal has it: what it takes to go on with it."""

    number: int
    job: JobId
    spec: JobSpec
    """With what people wrote about the job since."""
    target: str
    status: JobExecutorStatus
    attempt: int
    ordinal: int
    """Of its newest fact."""
    seq: int
    """Of its newest fact."""
    created_unix_s: float
    modified_unix_s: float
    cancelling: bool
    error: ErrorInfo | None
    """Of the newest fact."""
    calibration_set: str | None
    """The pinned one."""
    ticket: int | None
    """Of the current attempt."""
    items: tuple[ItemView, ...]
    """Those that have ended, in whichever attempt."""
    running: tuple[int, ...] | None = None
    """The items that the current attempt runs; None for all."""
    collected: int = 0
    """The attempt whose raw data the current one works up; 0 for its own."""
    place: Place | None = None
    """Where it was put in the queue; None if it stands where it belongs."""
    note: str = ""
    """Of the newest fact."""

    @property
    def began_unix_s(self) -> float:
        """When the current attempt began, as far as is known."""
        return began(self.attempt, self.created_unix_s, self.modified_unix_s)


class Outline(Struct, frozen=True, array_like=True):
    """What must be known of a job that is not over before it is taken up; small, and soon read."""

    number: int
    job: JobId
    kind: JobKind
    target: str
    status: JobExecutorStatus
    attempt: int
    cancelling: bool
    ticket: int | None
    """Of the current attempt."""
    priority: int
    began_unix_s: float
    """As `StoredJob.began_unix_s`."""
    timeout: float | None
    """Seconds, as the job says."""
    controllers: tuple[str, ...]
    """Those of a sweep, sorted; circuits have a target instead."""
    project: str = ""
    not_before: float | None = None
    deadline: float | None = None
    """Unix seconds, as `JobSpec` has them."""
    held: bool = False
    place: Place | None = None


class Expired(Struct, frozen=True, array_like=True):
    """A job that is over and need not be kept."""

    number: int
    job: JobId


class StoredArtifact(Struct, frozen=True):
    """Where a result is."""

    ref: ArtifactRef
    data: bytes | None
    """None if it is a file in the artifact store."""


class Execution(Struct, frozen=True, array_like=True):
    """What is on record of an attempt's execution."""

    metadata: bytes | None
    """What was about to be executed, a JSON object; with the attempt's ticket as ``ticket``, if a
    later attempt got one, too. None if nothing was."""
    ticket: int | None
    """None if there is none, or if a later attempt has another one."""


def began(attempt: int, created_unix_s: float, modified_unix_s: float) -> float:
    """Return when a job's current attempt began, Unix seconds."""
    # The journal does not say when a later attempt began: its newest fact is close to it.
    return created_unix_s if attempt == 1 else modified_unix_s
