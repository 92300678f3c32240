"""References to the items of a job: with a result, compiled, or without a result."""

from __future__ import annotations

from typing import final

from stationd.client.references.job import Annotations, message_of
from stationd.client.references.table import Row, Shown
from stationd.proto.error import ErrorInfo
from stationd.proto.job import ArtifactRef, JobId, JobKind, JobType, type_of
from stationd.proto.status import StatusEnum


class ItemRef(Shown, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """The stored result of one item of a job."""

    job: JobId
    index: int
    """From 0, in the order of submission."""
    artifact: ArtifactRef
    name: str = ""
    partial: bool = False
    """The result lacks what was not done when the job ended."""
    project: str = ""
    """Of the job."""
    annotations: Annotations
    """Of the job."""
    last_status: StatusEnum = StatusEnum.COMPLETED
    """Of the item: ERROR if it failed, that of its job if the result is partial."""

    @property
    def id(self) -> str:
        """The result's own name at the station."""
        return self.artifact.id

    @property
    def last_message(self) -> str:
        """The status in words."""
        return message_of(self.last_status, None)

    @property
    def job_item_integer_id(self) -> int:
        """The item's number from 1, as in the API that this one follows."""
        return self.index + 1

    def row(self) -> Row:
        """Return the columns of its table; an item without a name of its own has its job's."""
        return {
            "name": self.name or self.annotations.name,
            "project": self.project,
            "last_status": self.last_status.name,
            "last_message": self.last_message,
            "partial": self.partial,
            "size_bytes": self.artifact.size_bytes,
            "id": self.id,
            "job": self.job,
            "job_item_integer_id": self.job_item_integer_id,
        }

    def __repr__(self) -> str:
        kind = "partial " if self.partial else ""
        size = f"{self.artifact.size_bytes:,} bytes"
        return f"<{type(self).__name__} {self.artifact.id}: {kind}result of {size}>"


class CompiledRef(ItemRef, frozen=True, kw_only=True):
    """The facts of a stored compiled circuit, if its reference came from `compiled`."""

    depth: int | None = None
    two_qubit_gates: int | None = None
    duration: float = 0.0
    """Seconds that one run takes, as far as is known."""
    initial_layout: tuple[str, ...] = ()
    """The QPU's qubits that the program's first, second, ... qubit begins on."""
    final_layout: tuple[str, ...] = ()
    """Those that they are on at the end."""
    compiler: str = ""


@final
class IncompleteJobItemRef(Shown, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """An item of a job that has no result, or none yet."""

    job: JobId
    index: int
    """From 0, in the order of submission."""
    last_status: StatusEnum
    """Of the item: ERROR if it failed, else that of its job."""
    last_message: str
    name: str = ""
    error: ErrorInfo | None = None
    kind: JobKind = "circuits"
    """Of the job."""
    project: str = ""
    """Of the job."""
    annotations: Annotations
    """Of the job."""

    @property
    def job_type(self) -> JobType:
        """Whether the item was to be executed, or compiled and nothing else."""
        return type_of(self.kind)

    @property
    def job_item_integer_id(self) -> int:
        """The item's number from 1, as in the API that this one follows."""
        return self.index + 1

    def row(self) -> Row:
        """Return the columns of its table; an item without a name of its own has its job's."""
        return {
            "name": self.name or self.annotations.name,
            "project": self.project,
            "last_status": self.last_status.name,
            "last_message": self.last_message,
            "job": self.job,
            "job_item_integer_id": self.job_item_integer_id,
        }

    def __repr__(self) -> str:
        return (
            f"<IncompleteJobItemRef {self.job} item {self.index}:"
            f" {self.last_status.name}, {self.last_message}>"
        )
