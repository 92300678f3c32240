"""What can go wrong, split by who must act.

StationError
├── RequestError            the caller must act: the request cannot be carried out as it is
│   ├── InvalidJob              a job that cannot run; carries every problem found
│   ├── UnknownJob              no job has this id
│   ├── UnknownCalibrationSet   no calibration set has this id
│   ├── UnknownArtifact         no result has this id
│   ├── NoCalibrationSet        a target has no default calibration set
│   ├── ZeroMatches             a search found nothing
│   ├── NoUniqueMatch           a search found more than one
│   ├── JobNotFinished          results were asked for too early
│   ├── Conflict                an id is in use for something else
│   ├── UnknownProject          no project has this id or name
│   ├── Forbidden               whoever asks may not
│   ├── LimitReached            whoever asks has as much as the station lets them have
│   ├── TooManyRequests         whoever asks has asked too often; it says when to ask again
│   ├── MissingExtra            an optional library is not installed here
│   └── MessageTooLarge         a message exceeds the wire's bound
├── JobError                the job ended without what was waited for
├── WaitTimeout             the wait is over, the job is not (also a `TimeoutError`)
├── PeerError               the other side must act
│   ├── ProtocolViolation       a frame that is not of our protocol
│   ├── UnsupportedVersion      a newer or older major version
│   └── StationUnreachable      nobody answers at the endpoint
├── InstrumentError         the instrument, its driver or its controller must be looked at
├── HostError               the host must be looked at
│   ├── JournalFailed           the journal cannot be opened, written or read
│   │   └── JournalClosed           this daemon is ending; the next one goes on
│   ├── StorageTrouble          the disk is full or fails; the daemon waits for it to heal
│   └── AlreadyRunning          another process holds the state directory
└── UnexpectedEvent         a bug in stationd: please report it

Exceptions hold data and build their text in `__str__`. On the wire an error is an `ErrorInfo`,
which has a room of its own, `error_info`, and is to be had here too.
"""

from __future__ import annotations

from typing import Final

from stationd.proto.error_info import MOST_PROBLEMS_SHOWN, ErrorCode, ErrorInfo, Problem
from stationd.proto.status import JobExecutorStatus

__all__ = [
    "MOST_PROBLEMS_SHOWN",
    "AlreadyRunning",
    "Conflict",
    "ErrorCode",
    "ErrorInfo",
    "Forbidden",
    "HostError",
    "InstrumentError",
    "InvalidJob",
    "JobError",
    "JobNotFinished",
    "JournalClosed",
    "JournalFailed",
    "LimitReached",
    "MessageTooLarge",
    "MissingExtra",
    "NoCalibrationSet",
    "NoUniqueMatch",
    "PeerError",
    "Problem",
    "ProtocolViolation",
    "RequestError",
    "StationError",
    "StationUnreachable",
    "StorageTrouble",
    "TooManyRequests",
    "UnexpectedEvent",
    "UnknownArtifact",
    "UnknownCalibrationSet",
    "UnknownJob",
    "UnknownProject",
    "UnsupportedVersion",
    "WaitTimeout",
    "ZeroMatches",
    "error_from_info",
]


class StationError(Exception):
    """The root of all errors that stationd raises."""

    code: ErrorCode = ErrorCode.INTERNAL_ERROR

    def __init__(self, info: ErrorInfo | str) -> None:
        super().__init__(info)
        self.info = info if isinstance(info, ErrorInfo) else ErrorInfo(self.code, info)
        self.code = self.info.code

    def __str__(self) -> str:
        return str(self.info)

    def __reduce__(self) -> tuple[type[StationError], tuple[object, ...]]:
        # Errors cross from worker processes to the daemon.
        return type(self), (self.info,)


class RequestError(StationError):
    """The request cannot be carried out as it is; nothing has changed."""

    code = ErrorCode.INVALID_REQUEST


class InvalidJob(RequestError):
    """The job cannot run; `info.problems` lists everything that is wrong with it."""

    code = ErrorCode.INVALID_JOB

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that was found, in the order of items and lines."""
        return self.info.problems


class UnknownJob(RequestError):
    """No job has this id."""

    code = ErrorCode.UNKNOWN_JOB


class UnknownCalibrationSet(RequestError):
    """No calibration set has this id."""

    code = ErrorCode.UNKNOWN_CALIBRATION_SET


class UnknownArtifact(RequestError):
    """No stored result has this id."""

    code = ErrorCode.UNKNOWN_ARTIFACT


class NoCalibrationSet(RequestError):
    """The target has no default calibration set and the job names none."""

    code = ErrorCode.NO_CALIBRATION_SET


class ZeroMatches(RequestError):
    """No job matches the search, which the message names."""


class NoUniqueMatch(RequestError):
    """More than one job matches the search, which the message names."""


class JobNotFinished(RequestError):
    """Results were asked for while the job was still under way."""

    code = ErrorCode.NOT_FINISHED


class Conflict(RequestError):
    """The id is in use for something else."""

    code = ErrorCode.CONFLICT


class UnknownProject(RequestError):
    """No project has this id or name."""

    code = ErrorCode.UNKNOWN_PROJECT


class Forbidden(RequestError):
    """Whoever asks may not; nothing has changed."""

    code = ErrorCode.FORBIDDEN


class LimitReached(RequestError):
    """Whoever asks has as much as the station lets them have; nothing has changed."""

    code = ErrorCode.LIMIT_REACHED


class TooManyRequests(RequestError):
    """Whoever asks has asked too often, and waiting for their turn would take too long.

    Nothing has changed; `info.retry_after` says in how many seconds to ask again.
    """

    code = ErrorCode.TOO_MANY_REQUESTS


class MissingExtra(RequestError, ImportError):
    """An optional library is not installed here; the message says how to get it."""


class MessageTooLarge(RequestError):
    """A message exceeds the wire's bound; nothing has been sent."""

    code = ErrorCode.MESSAGE_TOO_LARGE


class JobError(StationError):
    """The job ended, or went on, without what was waited for or asked of it.

    Args:
        job: The job's id.
        status: The rung that it stands on.
        error: Why it failed; None if it did not fail.
        items: The errors of its items, by the items' numbers.
        detail: What to say instead of the plain fact.
    """

    def __init__(
        self,
        job: str,
        status: JobExecutorStatus,
        error: ErrorInfo | None = None,
        items: dict[int, ErrorInfo] | None = None,
        detail: str = "",
    ) -> None:
        aborted = status is JobExecutorStatus.ABORTED
        code = ErrorCode.ABORTED if aborted else ErrorCode.INVALID_REQUEST
        code = code if error is None else error.code
        verb = "was" if aborted else "has" if status is JobExecutorStatus.FAILED else "is"
        super().__init__(ErrorInfo(code, detail or f"job {job} {verb} {status}"))
        self.job = job
        self.status = status
        self.error = error
        self.items = dict(items or {})
        self.detail = detail

    def __str__(self) -> str:
        parts = [self.info.detail]
        if self.error is not None:
            parts.append(str(self.error))
        # The job's own error may tell of its items already.
        told = {problem.item for problem in self.error.problems} if self.error else set[int]()
        untold = [(index, error) for index, error in self.items.items() if index not in told]
        shown = untold[:MOST_PROBLEMS_SHOWN]
        parts.extend(f"item {index}: {error}" for index, error in shown)
        more = len(untold) - len(shown)
        return "; ".join(parts) + (f"; and {more} more" if more else "")

    def __reduce__(self) -> tuple[type[StationError], tuple[object, ...]]:
        return type(self), (self.job, self.status, self.error, self.items, self.detail)


class WaitTimeout(StationError, TimeoutError):
    """The wait is over and the job is not; nothing has happened to the job.

    Args:
        job: The job's id.
        status: The rung that it stood on when last heard of; None if nothing was heard.
        timeout: How long was waited, in seconds.
    """

    def __init__(self, job: str, status: JobExecutorStatus | None, timeout: float) -> None:
        last = "nothing was heard of it" if status is None else f"its last status is {status}"
        super().__init__(f"job {job} was waited for {round(timeout, 3):g} s: {last}; it goes on")
        self.job = job
        self.status = status
        self.timeout = timeout

    def __reduce__(self) -> tuple[type[StationError], tuple[object, ...]]:
        return type(self), (self.job, self.status, self.timeout)


class PeerError(StationError):
    """The other side of a connection must act."""


class ProtocolViolation(PeerError):
    """The frame is not of our protocol."""

    code = ErrorCode.MALFORMED_FRAME


class UnsupportedVersion(PeerError):
    """The two sides speak different major versions of the protocol."""

    code = ErrorCode.UNSUPPORTED_VERSION


class StationUnreachable(PeerError):
    """Nobody answers at the endpoint; this says nothing about any job."""

    code = ErrorCode.STATION_UNREACHABLE


class InstrumentError(StationError):
    """The instrument, its driver or its controller must be looked at."""

    code = ErrorCode.DRIVER_FAILED


class HostError(StationError):
    """The host must be looked at."""


class JournalFailed(HostError):
    """The journal cannot be opened, written or read; what it acknowledged before is durable."""

    code = ErrorCode.JOURNAL_FAILED


class JournalClosed(JournalFailed):
    """The journal is closed, for this daemon is ending. The next one has what is durable."""


class StorageTrouble(HostError):
    """The disk is full or fails: nothing new is taken until it has healed.

    Jobs under way go on, and what was acknowledged is durable.
    """

    code = ErrorCode.STORAGE_TROUBLE


class AlreadyRunning(HostError):
    """Another process holds the same name or state directory; the message names it."""

    code = ErrorCode.ALREADY_RUNNING


class UnexpectedEvent(StationError):
    """An event met a job in a status where it has no meaning: a bug, please report it."""


_ERROR_CLASSES: Final[dict[ErrorCode, type[StationError]]] = {
    error.code: error
    for error in (
        RequestError,
        InvalidJob,
        UnknownJob,
        UnknownCalibrationSet,
        UnknownArtifact,
        NoCalibrationSet,
        JobNotFinished,
        Conflict,
        UnknownProject,
        Forbidden,
        LimitReached,
        TooManyRequests,
        MessageTooLarge,
        ProtocolViolation,
        UnsupportedVersion,
        InstrumentError,
        JournalFailed,
        StorageTrouble,
    )
}


def error_from_info(info: ErrorInfo) -> StationError:
    """Return the exception, not raised, that stands for an error received from the wire."""
    return _ERROR_CLASSES.get(info.code, StationError)(info)
