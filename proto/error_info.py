"""An error as a value: a code of a closed set, a sentence, and the problems found.

This is what is stored in the journal and what travels; the exceptions that carry it are in `error`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MOST_PROBLEMS_SHOWN: Final = 10
"""How many problems an error's text lists; the error itself holds them all."""


class ErrorCode(StrEnum):
    """The stable names of what can go wrong; programs may rely on them.

    New ones come with minor versions: a name that this version does not know reads as UNKNOWN.
    """

    INVALID_REQUEST = "invalid_request"
    """The request itself is malformed."""
    INVALID_JOB = "invalid_job"
    """The job cannot run on its target; the problems say why."""
    UNKNOWN_JOB = "unknown_job"
    UNKNOWN_CALIBRATION_SET = "unknown_calibration_set"
    UNKNOWN_ARTIFACT = "unknown_artifact"
    NO_CALIBRATION_SET = "no_calibration_set"
    """The target has no default calibration set and the job names none."""
    CALIBRATION_EXPIRED = "calibration_expired"
    """The job asks for a fresh calibration set, and the one that it would get has expired."""
    CONFLICT = "conflict"
    """The id is in use for something else."""
    NOT_FINISHED = "not_finished"
    """The job is still under way."""
    MESSAGE_TOO_LARGE = "message_too_large"
    MALFORMED_FRAME = "malformed_frame"
    UNSUPPORTED_VERSION = "unsupported_version"
    SHUTTING_DOWN = "shutting_down"
    """The daemon is stopping and takes no new work."""
    COMPILATION_FAILED = "compilation_failed"
    POST_PROCESSING_FAILED = "post_processing_failed"
    WORKER_DIED = "worker_died"
    """The worker process of a stage ended before its answer."""
    DRIVER_FAILED = "driver_failed"
    """The controller's driver raised while it prepared or ran the job."""
    SPOOL_FULL = "spool_full"
    """A controller keeps too much data that the daemon has not taken; nothing was executed."""
    CONTROLLER_UNREACHABLE = "controller_unreachable"
    """A controller that the job needs has not connected in time."""
    INSTRUMENT_LOST = "instrument_lost"
    """A controller went away while it held the job, and its result with it."""
    STAGE_TIMEOUT = "stage_timeout"
    """A stage of the job took longer than the station allows."""
    JOB_TIMEOUT = "job_timeout"
    """The job took longer than it allows itself."""
    DEADLINE_PASSED = "deadline_passed"
    """The job had not begun when the time came until which it was to begin."""
    TARGET_DRAINING = "target_draining"
    """An operator lets a target run empty: it takes no new jobs."""
    CONTROLLER_SILENT = "controller_silent"
    """A controller at work on the job gave no sign of progress for too long."""
    ITEMS_FAILED = "items_failed"
    """Some items of the job failed; the others have results."""
    ABORTED = "aborted"
    """The job was cancelled."""
    STALE_FENCE = "stale_fence"
    """A command came from a daemon that has been superseded or belongs to another station."""
    ALREADY_RUNNING = "already_running"
    """Another process holds the same name or state directory."""
    JOURNAL_FAILED = "journal_failed"
    """The journal cannot be opened, written or read."""
    INTERNAL_ERROR = "internal_error"
    """A bug in stationd: please report it."""
    STATION_UNREACHABLE = "station_unreachable"
    """Nobody answers at the endpoint."""
    STORAGE_TROUBLE = "storage_trouble"
    """The station's disk is full or fails: it takes no new work until that is mended."""
    UNKNOWN_PROJECT = "unknown_project"
    FORBIDDEN = "forbidden"
    """Whoever asks has not got the role that it takes."""
    LIMIT_REACHED = "limit_reached"
    """Whoever asks has as many jobs, results or streams as the station lets them have."""
    TOO_MANY_REQUESTS = "too_many_requests"
    """Whoever asks has asked too often; `ErrorInfo.retry_after` tells when to ask again."""
    UNKNOWN = "unknown"
    """A code of a newer version than ours; the detail says what happened."""

    @classmethod
    def _missing_(cls, value: object) -> ErrorCode | None:
        # The decoder asks here too. Without this a newer peer's errors would be malformed frames.
        return cls.UNKNOWN if isinstance(value, str) else None


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with a job."""

    message: str
    """What is wrong and what would be right."""
    item: int | None = None
    """The item's number, from 0; None if the job as a whole is meant."""
    line: int | None = None
    """The line of the item's source, from 1."""
    field: str | None = None
    """The field, setting or parameter."""

    def __str__(self) -> str:
        place = [
            f"item {self.item}" if self.item is not None else "",
            f"line {self.line}" if self.line is not None else "",
            self.field or "",
        ]
        prefix = ", ".join(part for part in place if part)
        return f"{prefix}: {self.message}" if prefix else self.message


class ErrorInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as a value: in the journal, in events and on the wire."""

    code: ErrorCode
    detail: str
    problems: tuple[Problem, ...] = ()
    retry_after: float | None = None
    """Seconds to wait before the same request is sent again; None if that would not help."""

    def __str__(self) -> str:
        if not self.problems:
            return self.detail
        shown = "; ".join(str(problem) for problem in self.problems[:MOST_PROBLEMS_SHOWN])
        more = len(self.problems) - MOST_PROBLEMS_SHOWN
        return f"{self.detail}: {shown}" + (f"; and {more} more" if more > 0 else "")
