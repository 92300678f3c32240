"""References to jobs, and their statuses: frozen snapshots of what the station has told.

None of them changes by itself; ask again for a newer one.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from msgspec import Struct, field

from stationd.client.references.any_status import is_known
from stationd.client.references.table import Row, Shown
from stationd.proto.error import ErrorInfo, RequestError
from stationd.proto.job import (
    JobId,
    JobKind,
    JobType,
    JobView,
    Progress,
    type_of,
)
from stationd.proto.project import PropertyValue
from stationd.proto.status import JobExecutorStatus, StatusEnum


class Annotations(Struct, frozen=True, kw_only=True):
    """What people wrote about a job, and when it came about."""

    name: str = ""
    description: str = ""
    properties: dict[str, PropertyValue] = field(default_factory=dict[str, PropertyValue])
    created: datetime
    """When the station stored it, in UTC."""
    modified: datetime
    """When its status changed last, in UTC."""


class JobRef(Shown, frozen=True, kw_only=True, repr_omit_defaults=True, tag=True, tag_field="type"):
    """A job, as it was when last heard of."""

    id: JobId
    """A UUID."""
    kind: JobKind
    """``circuits``, ``sweep`` or ``compile``."""
    last_status: StatusEnum
    last_message: str
    """The status in words, or what went wrong."""
    status: JobExecutorStatus
    """The rung that the job stood on."""
    created_unix_s: float
    modified_unix_s: float = 0.0
    name: str = ""
    description: str = ""
    properties: dict[str, PropertyValue] = field(default_factory=dict[str, PropertyValue])
    project: str = ""
    """A project's id; empty for none."""
    creator: str = ""
    """The user who submitted it, as the station's kernel told it; empty if that is not known."""
    target: str = ""
    number: int = 0
    """The order of submission at the station."""
    priority: int = 0
    attempt: int = 1
    notice: str = ""
    """What the station said when it was submitted, such as that its target is locked."""

    @property
    def job_type(self) -> JobType:
        """Whether the instruments work for it, or circuits are compiled and nothing else."""
        return type_of(self.kind)

    @property
    def created(self) -> datetime:
        """When the station stored the job, in UTC."""
        return datetime.fromtimestamp(self.created_unix_s, UTC)

    @property
    def modified(self) -> datetime:
        """When its status changed last, in UTC."""
        return datetime.fromtimestamp(self.modified_unix_s or self.created_unix_s, UTC)

    @property
    def annotations(self) -> Annotations:
        """What people wrote about it, and when it came about."""
        return Annotations(
            name=self.name,
            description=self.description,
            properties=self.properties,
            created=self.created,
            modified=self.modified,
        )

    def row(self) -> Row:
        """Return the columns of its table: a property is one, too."""
        return {
            "name": self.name,
            "description": self.description,
            "created": self.created,
            "modified": self.modified,
            **self.properties,
            "job_type": self.job_type.value,
            "kind": self.kind,
            "last_status": self.last_status.name,
            "status": self.status.value,
            "last_message": self.last_message,
            "creator": self.creator,
            "project": self.project,
            "target": self.target,
            "number": self.number,
            "id": self.id,
        }

    def __repr__(self) -> str:
        name = f" {self.name!r}" if self.name else ""
        kind = type(self).__name__
        why = f", {self.last_message}" if self.last_status is StatusEnum.ERROR else ""
        where = f"{self.last_status.name} ({self.status}){why}"
        return f"<{kind} {self.id}{name}: {self.kind}, {where}>"


class ExecuteJobRef(JobRef, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A job that is executed: circuits, or a sweep."""


class CompileJobRef(JobRef, frozen=True, kw_only=True, repr_omit_defaults=True):
    """A job that compiles circuits and does nothing else."""


def ref_class(kind: JobKind) -> type[JobRef]:
    """Return the class of the references to jobs of a kind."""
    return CompileJobRef if kind == "compile" else ExecuteJobRef


class JobStatus(Shown, frozen=True, kw_only=True):
    """Where a job stands: the answer of `status` and `wait_for`, and what a listen yields."""

    job: JobId
    attempt: int
    status: JobExecutorStatus
    """The rung."""
    coarse: StatusEnum
    """The same as users of Nexus' jobs API know it."""
    seq: int
    """The position in the station's feed."""
    ordinal: int
    """Which fact of this job it is, from 1, without holes."""
    time_unix_s: float
    """When the rung was reached."""
    cancelling: bool = False
    queue_position: int | None = None
    """Jobs ahead of this one; None unless it is in the queue."""
    progress: Progress | None = None
    error: ErrorInfo | None = None
    note: str = ""

    @property
    def message(self) -> str:
        """The status in words, or what went wrong."""
        return message_of(self.coarse, self.error)

    @property
    def time(self) -> datetime:
        """When the rung was reached, in UTC."""
        return datetime.fromtimestamp(self.time_unix_s, UTC)

    def row(self) -> Row:
        """Return the columns of its table."""
        return {
            "job": self.job,
            "coarse": self.coarse.name,
            "status": self.status.value,
            "message": self.message,
            "time": self.time,
            "attempt": self.attempt,
            "queue_position": self.queue_position,
        }

    def __repr__(self) -> str:
        more = ""
        if self.queue_position is not None:
            more += f", {self.queue_position} ahead"
        if self.progress is not None:
            more += f", {self.progress}"
        if self.error is not None:
            more += f", {self.error}"
        return f"<JobStatus {self.job}: {self.coarse.name} ({self.status}){more}>"


Job = JobRef | JobStatus | JobView | uuid.UUID | str
"""What names a job in calls: anything that was handed out for it, or its id."""


def id_of(job: Job) -> JobId:
    """Return the id of a job.

    >>> id_of("5F0C8A8E-32F2-4F3C-8A43-52C6A2B0E0B1")
    '5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1'

    Raises:
        RequestError: The text is not a UUID.
    """
    if isinstance(job, JobRef | JobView):
        return job.id
    if isinstance(job, JobStatus):
        return job.job
    try:
        return JobId(str(uuid.UUID(str(job))))
    except ValueError:
        how = f"; jobs.get(number={job}) finds a job by its number" if str(job).isdigit() else ""
        raise RequestError(f"{job!r} is not the id of a job, which is a UUID{how}") from None


def message_of(coarse: StatusEnum, error: ErrorInfo | None) -> str:
    """Return a status in words, or what went wrong."""
    if error is not None and coarse is not StatusEnum.RETRYING:
        return str(error)
    if not is_known(coarse):
        return f"{coarse.value}: a status that this client does not know; it is under way"
    return coarse.value
