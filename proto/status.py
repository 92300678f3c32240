"""The eighteen statuses of a job, and the coarser views that clients know.

Rule 1. The names, values and order of `JobExecutorStatus` are those of the station-control
        interface that it is compatible with; the order is the order of definition.
Rule 2. FAILED and ABORTED stand above READY in that order, so `status >= X` never answers
        "has the job reached X". Ask the timeline of the current attempt instead.
Rule 3. The coarse statuses are always derived, never stored.
Rule 4. Who reads what a newer daemon says (`proto/newer.py`) meets statuses that are not among
        the members: `is_known` is false. They end nothing, and have no place in the order.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from stationd.proto.newer import statuses_of_newer_peers, stranger

if TYPE_CHECKING:
    from collections.abc import Mapping


_TERMINAL_VALUES: Final = frozenset({"ready", "failed", "aborted"})
_NOWHERE: Final = -1
"""The rung of a status that we do not know."""


class JobExecutorStatus(Enum):
    """One rung of the ladder that a job climbs.

    Members compare with each other and with their values as strings in any case. Ordering
    against a string that names no member is a `TypeError`; equality with one is false.

    The hash is that of the lower-case value. A string in another case compares equal to a
    member and yet hashes differently, so use lower-case strings as keys beside members. The
    constructor takes the lower-case value only: `JobExecutorStatus("READY")` is a `ValueError`,
    `JobExecutorStatus["READY"]` the member.

    >>> JobExecutorStatus.READY == "Ready"
    True
    >>> "ready" in {JobExecutorStatus.READY}
    True
    >>> JobExecutorStatus.FAILED > "ready"
    True
    """

    RECEIVED = "received"
    """The job is on disk; nothing has been done yet."""
    VALIDATION_STARTED = "validation_started"
    """The job is being checked against its target."""
    VALIDATION_ENDED = "validation_ended"
    """The job passed the checks."""
    FETCH_CALIBRATION_STARTED = "fetch_calibration_started"
    """The calibration set is being looked up."""
    FETCH_CALIBRATION_ENDED = "fetch_calibration_ended"
    """The calibration set is pinned to the job."""
    COMPILATION_STARTED = "compilation_started"
    """The programs are being compiled for the target."""
    COMPILATION_ENDED = "compilation_ended"
    """The compiled work is stored."""
    SAVE_SWEEP_METADATA_STARTED = "save_sweep_metadata_started"
    """What will be executed is being put on record."""
    SAVE_SWEEP_METADATA_ENDED = "save_sweep_metadata_ended"
    """What will be executed is on record."""
    PENDING_EXECUTION = "pending_execution"
    """The job waits for its turn at the instruments."""
    EXECUTION_STARTED = "execution_started"
    """The instruments are at work."""
    EXECUTION_ENDED = "execution_ended"
    """The instruments are done and their raw data is stored."""
    POST_PROCESSING_PENDING = "post_processing_pending"
    """The raw data waits to be worked up."""
    POST_PROCESSING_STARTED = "post_processing_started"
    """Results are being built and stored."""
    POST_PROCESSING_ENDED = "post_processing_ended"
    """Results are stored."""
    READY = "ready"
    """The job is over and all its items have results."""
    FAILED = "failed"
    """The job is over and at least one item has no result; its errors say why."""
    ABORTED = "aborted"
    """The job is over because it was cancelled."""

    def __init__(self, value: str) -> None:
        # Plain attributes: both are asked for at every step of every job.
        self.rung = len(type(self).__members__)
        """The rung's number, 0 for RECEIVED to 17 for ABORTED."""
        self.is_terminal = value in _TERMINAL_VALUES
        """Whether this status ends an attempt."""

    @classmethod
    def _missing_(cls, value: object) -> JobExecutorStatus | None:
        found = stranger(cls, value)
        if found is not None:
            found.rung = _NOWHERE
            found.is_terminal = False
        return found

    @property
    def is_known(self) -> bool:
        """Whether it is one of the eighteen, and not of a daemon that is newer than this client."""
        return self.rung != _NOWHERE

    @classmethod
    def terminal_statuses(cls) -> set[JobExecutorStatus]:
        """Return the three statuses that end an attempt."""
        return {status for status in cls if status.is_terminal}

    @classmethod
    def in_progress_statuses(cls) -> set[JobExecutorStatus]:
        """Return the fifteen statuses of a job that is still under way."""
        return set(cls) - cls.terminal_statuses()

    def __str__(self) -> str:
        return self._value_

    def __hash__(self) -> int:
        return hash(self._value_)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            return other.lower() == self._value_
        return self is other if isinstance(other, JobExecutorStatus) else NotImplemented

    def __lt__(self, other: object) -> bool:
        position = _position_of(other)
        if position is None or self.rung < 0:
            return NotImplemented
        return self.rung < position

    def __le__(self, other: object) -> bool:
        position = _position_of(other)
        if position is None or self.rung < 0:
            return NotImplemented
        return self.rung <= position

    def __gt__(self, other: object) -> bool:
        position = _position_of(other)
        if position is None or self.rung < 0:
            return NotImplemented
        return self.rung > position

    def __ge__(self, other: object) -> bool:
        position = _position_of(other)
        if position is None or self.rung < 0:
            return NotImplemented
        return self.rung >= position


_POSITION_BY_VALUE: Final[Mapping[str, int]] = MappingProxyType(
    {status.value: status.rung for status in JobExecutorStatus}
)


def _position_of(other: object) -> int | None:
    if isinstance(other, JobExecutorStatus):
        return other.rung if other.rung >= 0 else None
    return _POSITION_BY_VALUE.get(other.lower()) if isinstance(other, str) else None


class StatusEnum(Enum):
    """A job's status as users of Nexus' jobs API know it; the values are sentences."""

    COMPLETED = "Circuit has completed. Results are ready."
    QUEUED = "Circuit is queued."
    SUBMITTED = "Circuit has been submitted."
    RUNNING = "Circuit is running."
    RETRYING = "Circuit is being retried."
    CANCELLING = "Cancellation has been requested."
    CANCELLED = "Circuit has been cancelled."
    ERROR = "Circuit has errored. Check CircuitStatus.message for error message."

    @classmethod
    def _missing_(cls, value: object) -> StatusEnum | None:
        return stranger(cls, value)


class JobStatusEnum(StrEnum):
    """The six statuses by which Nexus' jobs API filters; each value is its name."""

    COMPLETED = "COMPLETED"
    QUEUED = "QUEUED"
    SUBMITTED = "SUBMITTED"
    RUNNING = "RUNNING"
    CANCELLED = "CANCELLED"
    ERROR = "ERROR"


class RemoteRetryStrategy(StrEnum):
    """What a retry may do, by what is known of the execution that there was."""

    DEFAULT = "DEFAULT"
    """Only collect a result that was left behind; never execute anything."""
    ALLOW_RESUBMIT = "ALLOW_RESUBMIT"
    """Execute too, if nothing can have been executed before."""
    FORCE_RESUBMIT = "FORCE_RESUBMIT"
    """Execute again if there is no result, whatever has been executed before."""
    FULL_RESTART = "FULL_RESTART"
    """Begin afresh, with a calibration set fetched anew, whatever there is."""


def coarse_status(
    status: JobExecutorStatus, *, cancelling: bool = False, retrying: bool = False
) -> StatusEnum:
    """Derive the status that users of Nexus' jobs API see.

    Args:
        status: The rung that the current attempt stands on.
        cancelling: A cancel has been accepted. It shows until the job is over.
        retrying: The current attempt is not the first. It shows until the attempt has
            reached the queue.

    >>> coarse_status(JobExecutorStatus.PENDING_EXECUTION)
    <StatusEnum.QUEUED: 'Circuit is queued.'>
    >>> coarse_status(JobExecutorStatus.EXECUTION_STARTED, cancelling=True).name
    'CANCELLING'
    """
    if not status.is_terminal:
        if cancelling:
            return StatusEnum.CANCELLING
        if not status.is_known:
            # There is no coarser view of what we do not know: it shows as it is.
            with statuses_of_newer_peers():
                return StatusEnum(status.value)
        if retrying and status < JobExecutorStatus.PENDING_EXECUTION:
            return StatusEnum.RETRYING
    return _COARSE[status]


_COARSE: Final[Mapping[JobExecutorStatus, StatusEnum]] = MappingProxyType(
    {
        status: (
            StatusEnum.SUBMITTED
            if status <= JobExecutorStatus.SAVE_SWEEP_METADATA_ENDED
            else StatusEnum.RUNNING
        )
        for status in JobExecutorStatus
    }
    | {
        JobExecutorStatus.PENDING_EXECUTION: StatusEnum.QUEUED,
        JobExecutorStatus.READY: StatusEnum.COMPLETED,
        JobExecutorStatus.FAILED: StatusEnum.ERROR,
        JobExecutorStatus.ABORTED: StatusEnum.CANCELLED,
    }
)

COARSE_ORDER: Final = (
    StatusEnum.SUBMITTED,
    StatusEnum.QUEUED,
    StatusEnum.RUNNING,
    StatusEnum.COMPLETED,
)
"""The coarse statuses that follow one another; the others have no place in the order."""
