"""A job's machine: one job, one event, and what follows.

The ladder (`actors.ladder`) says what follows; `step` reads it and does the bookkeeping.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, get_args

import msgspec
from msgspec import Struct

from stationd.actors.ladder import (
    IGNORED,
    SKIP_EFFECTS,
    SKIPS,
    TRANSITIONS,
    AllItemsDone,
    AttemptOpened,
    CalibrationFetched,
    CameToRest,
    CancelAccepted,
    Course,
    DataKept,
    DeadlinePassed,
    Effect,
    Event,
    ExecutionDone,
    ExecutionFailed,
    LeftQueue,
    RestartAccepted,
    Rule,
    SomeItemsFailed,
    StageFailed,
)
from stationd.proto.error import ErrorInfo, UnexpectedEvent
from stationd.proto.job import JobId, JobKind
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

# Looked up once: Python 3.11 takes as long to find a member in its class as to take a step.
_CANCELLING: Final = Course.CANCELLING


class Job(Struct, frozen=True, kw_only=True, gc=False):
    """A job's place on the ladder. Changed by `step` alone."""

    id: JobId
    number: int
    kind: JobKind
    status: JobExecutorStatus = JobExecutorStatus.RECEIVED
    course: Course = Course.CLIMBING
    attempt: int = 1
    ordinal: int = 1
    """Grows with every fact worth telling: a new status, or an accepted cancel."""
    calibration_set: str | None = None
    error: ErrorInfo | None = None
    """Why the job is failing, or has failed."""
    note: str = ""
    """What came of a cancel, in words."""

    @property
    def cancelling(self) -> bool:
        """Whether a cancel is under way."""
        return self.course is _CANCELLING and not self.status.is_terminal


def step(job: Job, event: Event) -> tuple[Job, tuple[Effect, ...]]:
    """Return the job after an event, and the effects that it asks for.

    The same object comes back if nothing changed. The caller must store a fact if `ordinal`
    grew, and then perform the effects in order; those in `DURABLE_FIRST` only once the fact
    is on disk.

    Raises:
        UnexpectedEvent: The event has no meaning in this status. The job has not changed.
    """
    kind = type(event)
    rule = _RULES[kind][job.course][job.status.rung]
    if rule is None:
        if (job.course, job.status, kind) in IGNORED:
            return job, ()
        raise UnexpectedEvent(
            f"{kind.__name__} met job {job.id} (attempt {job.attempt}, fact"
            f" {job.ordinal}) in {job.status} on its course {job.course.value}"
        )
    if job.kind in _SKIPPING and rule.to is not None:
        skipped_to = SKIPS.get((job.kind, rule.to))
        if skipped_to is not None:
            rule = Rule(skipped_to, SKIP_EFFECTS[skipped_to])
    status = job.status if rule.to is None else rule.to
    told = status is not job.status or kind is CancelAccepted
    after = msgspec.structs.replace(
        job,
        status=status,
        course=rule.course or job.course,
        ordinal=job.ordinal + told,
    )
    if kind in _BARE and job.course is not _CANCELLING:
        return after, rule.effects
    return _with_datum(after, event), rule.effects


def _by_position(kind: type[Event]) -> dict[Course, tuple[Rule | None, ...]]:
    return {
        course: tuple(TRANSITIONS.get((course, status, kind)) for status in JobExecutorStatus)
        for course in Course
    }


# The ladder's table as it is read most quickly: no status is hashed, which takes Python code.
_RULES: Final = {kind: _by_position(kind) for kind in get_args(Event)}
# Events that tell nothing beyond their names; on their way to a cancel they leave a note.
_BARE: Final = frozenset(
    kind
    for kind in get_args(Event)
    if not kind.__struct_fields__ and not issubclass(kind, AttemptOpened)
)
_SKIPPING: Final = frozenset(kind for kind, _ in SKIPS)


def _with_datum(job: Job, event: Event) -> Job:
    """Keep what an event tells beyond its name."""
    if isinstance(event, AttemptOpened):
        return _next_attempt(job, event)
    cancelled, reason = job.course is _CANCELLING or isinstance(event, CancelAccepted), job.note
    if cancelled and not job.note:
        # What came first tells what came of the cancel.
        note = _CANCEL_NOTES.get((type(event), job.status.is_terminal), "")
        job = msgspec.structs.replace(job, note=note)
    match event:
        case CalibrationFetched(calibration_set=pinned):
            return msgspec.structs.replace(job, calibration_set=pinned)
        case (
            StageFailed(error=error)
            | ExecutionFailed(error=error)
            | SomeItemsFailed(error=error)
            | DeadlinePassed(error=error)
        ):
            # The first one is the reason; what it leads to may fail as well.
            return job if job.error is not None else msgspec.structs.replace(job, error=error)
        case CancelAccepted(note=note) if note:
            return msgspec.structs.replace(job, note=note)
        case CameToRest(note=note) if note:
            # Why it was cancelled is told too, if that is known.
            return msgspec.structs.replace(job, note="; ".join(filter(None, [reason, note])))
        case _:
            return job


def _next_attempt(job: Job, event: AttemptOpened) -> Job:
    """Begin an attempt; what the one before it came to is in its timeline."""
    afresh = isinstance(event, RestartAccepted) and event.afresh
    return msgspec.structs.replace(
        job,
        attempt=job.attempt + 1,
        error=None,
        note="",
        calibration_set=None if afresh else job.calibration_set,
    )


_BEFORE: Final = "cancelled before execution"
_DURING: Final = "cancelled during execution; partial data is kept"
# Its controller does not say whether it had begun with it.
_NO_DATA: Final = "the controller had failed with the job before any data came"
_FINISHED_FIRST: Final = "the work had been done before the cancel reached it; all data is kept"
_FAILED_FIRST: Final = "the execution had failed before the cancel reached it; partial data is kept"
_NO_RESULTS: Final = (
    "the work had been done before the cancel reached it, but no results could be made of its data"
)

_CANCEL_NOTES: Final[Mapping[tuple[type[Event], bool], str]] = MappingProxyType(
    {
        # event, whether it ended the job
        (CancelAccepted, True): _BEFORE,
        (LeftQueue, True): _BEFORE,
        (ExecutionFailed, True): _NO_DATA,
        (CameToRest, False): _DURING,
        (ExecutionFailed, False): "cancelled during execution, which failed; partial data is kept",
        (ExecutionDone, False): _FINISHED_FIRST,
        (AllItemsDone, True): _FINISHED_FIRST,
        (SomeItemsFailed, True): _FINISHED_FIRST,
        (StageFailed, True): _NO_RESULTS,
        (DeadlinePassed, True): _NO_RESULTS,
        (DataKept, True): _FAILED_FIRST,
    }
)
"""What came of a cancel, in words."""
