"""The ladder: which status follows which, as data.

Rule 1. Everything that decides which status follows which is in `TRANSITIONS` and `SKIPS`.
Rule 2. Nothing here waits, sends, reads a clock or draws a number. What a transition wants
        done in the world is named by its effects, and the outcome of an effect comes back as
        the next event.
Rule 3. The table is total: a pair of status and event is in `TRANSITIONS`, in `IGNORED` (with
        the reason), or is a bug.

A job takes one of three courses. It climbs until a cancel is accepted or its execution fails.
Before the instruments are involved both end it at once; from the queue on they change its
course, and it ends when the instruments are at rest and what data there is has been kept.

Whoever changes the table: the diagram in the docs is made from it (``make diagram``), and the
journal's facts and the metrics' labels follow it.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.proto.error import ErrorInfo
from stationd.proto.status import JobExecutorStatus as S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.job import JobKind


class Course(Enum):
    """Where a job is heading."""

    CLIMBING = "climbing"
    CANCELLING = "cancelling"
    """A cancel has been accepted."""
    FAILING = "failing"
    """The execution has failed or a deadline has passed; what data there is, is being kept."""

    # Members are one of a kind; Enum's own hash is Python code, and every step takes it.
    __hash__ = object.__hash__


# --- events: facts that reach a job ----------------------------------------------------------


class Proceeded(Struct, frozen=True):
    """Nothing stands in the way of the next rung (outcome of CONTINUE)."""


class Resumed(Struct, frozen=True):
    """The daemon has started again and found the job unfinished."""


class Validated(Struct, frozen=True):
    """The job can run."""


class CalibrationFetched(Struct, frozen=True):
    """The calibration set is known."""

    calibration_set: str | None
    """None if the target has none."""


class Compiled(Struct, frozen=True):
    """The work for the controllers is made."""


class MetadataSaved(Struct, frozen=True):
    """What will be executed is on record."""


class ExecutionBegan(Struct, frozen=True):
    """The first controller has started."""


class ExecutionDone(Struct, frozen=True):
    """All controllers have finished, are at rest, and their data is here."""


class ExecutionFailed(Struct, frozen=True):
    """The execution failed and all controllers are at rest or lost."""

    error: ErrorInfo


class CameToRest(Struct, frozen=True):
    """All controllers are at rest after an abort, or given up (outcome of ABORT_TICKET)."""

    note: str = ""
    """Which of them did not come to rest in time; empty if all did."""


class LeftQueue(Struct, frozen=True):
    """The job is out of the queue and no controller will start it (outcome of LEAVE_QUEUE)."""


class DataKept(Struct, frozen=True):
    """What data there is has been worked up (outcome of KEEP_DATA)."""


class PostProcessed(Struct, frozen=True):
    """Results are stored."""


class AllItemsDone(Struct, frozen=True):
    """Every item has a result (outcome of SETTLE)."""


class SomeItemsFailed(Struct, frozen=True):
    """At least one item has no result (outcome of SETTLE)."""

    error: ErrorInfo


class StageFailed(Struct, frozen=True):
    """A stage could not do its work."""

    error: ErrorInfo


class CancelAccepted(Struct, frozen=True):
    """A client, or the station's policy, wants the job to end."""

    note: str = ""


class DeadlinePassed(Struct, frozen=True):
    """The job, or a stage of it, has taken longer than it may."""

    error: ErrorInfo


class RestartAccepted(Struct, frozen=True):
    """Another attempt begins, and does everything again."""

    afresh: bool = False
    """Whether the calibration set is fetched anew."""


class RequeueAccepted(Struct, frozen=True):
    """Another attempt begins, and executes what has been compiled."""


class CollectAccepted(Struct, frozen=True):
    """Another attempt begins, and works up the data that was left of an execution."""


AttemptOpened = RestartAccepted | RequeueAccepted | CollectAccepted

Event = (
    Proceeded
    | Resumed
    | Validated
    | CalibrationFetched
    | Compiled
    | MetadataSaved
    | ExecutionBegan
    | ExecutionDone
    | ExecutionFailed
    | CameToRest
    | LeftQueue
    | DataKept
    | PostProcessed
    | AllItemsDone
    | SomeItemsFailed
    | StageFailed
    | CancelAccepted
    | DeadlinePassed
    | RestartAccepted
    | RequeueAccepted
    | CollectAccepted
)


# --- effects: what a job asks for ------------------------------------------------------------


class Effect(Enum):
    """What a transition wants done; the outcome is the next event."""

    CONTINUE = "continue"
    """Nothing: go on at once. Outcome: Proceeded."""
    VALIDATE = "validate"
    FETCH_CALIBRATION = "fetch_calibration"
    COMPILE = "compile"
    SAVE_METADATA = "save_metadata"
    ENQUEUE = "enqueue"
    """Take a place in the queue, with a ticket."""
    LEAVE_QUEUE = "leave_queue"
    """Take the ticket back from wherever it waits. Outcome: LeftQueue, or ExecutionBegan if it
    was too late."""
    ABORT_TICKET = "abort_ticket"
    """Bring the controllers to rest."""
    RECONCILE = "reconcile"
    """Find the ticket again, in the queue or at its controllers; a cancel goes on."""
    KEEP_DATA = "keep_data"
    """Work up what data there is. Outcome: DataKept, whatever happens."""
    POST_PROCESS = "post_process"
    SETTLE = "settle"
    """Tell whether all items have results."""
    STOP_STAGE = "stop_stage"
    """Drop the stage that is at work, and its outcome."""
    END = "end"
    """The attempt is over: let go of the ticket and of everything else."""

    __hash__ = object.__hash__


DURABLE_FIRST: Final = frozenset(
    {Effect.ENQUEUE, Effect.LEAVE_QUEUE, Effect.ABORT_TICKET, Effect.END}
)
"""Effects that touch the world outside the daemon: they wait until the transition that asked
for them is on disk. Everything else goes on at once."""


class Rule(Struct, frozen=True):
    """What a transition does."""

    to: S | None
    """The next status; None to stay."""
    effects: tuple[Effect, ...] = ()
    course: Course | None = None
    """The next course; None to keep it."""


Key = tuple[Course, S, type[Event]]
"""On a course, in a status, on an event."""

C = Course
E = Effect

# fmt: off
_CLIMB: Final[dict[Key, Rule]] = {
    # on course   in status                          on event                goes to                           and asks for
    (C.CLIMBING, S.RECEIVED,                    Proceeded):         Rule(S.VALIDATION_STARTED,          (E.VALIDATE,)),
    (C.CLIMBING, S.VALIDATION_STARTED,          Validated):         Rule(S.VALIDATION_ENDED,            (E.CONTINUE,)),
    (C.CLIMBING, S.VALIDATION_ENDED,            Proceeded):         Rule(S.FETCH_CALIBRATION_STARTED,   (E.FETCH_CALIBRATION,)),
    (C.CLIMBING, S.FETCH_CALIBRATION_STARTED,   CalibrationFetched): Rule(S.FETCH_CALIBRATION_ENDED,    (E.CONTINUE,)),
    (C.CLIMBING, S.FETCH_CALIBRATION_ENDED,     Proceeded):         Rule(S.COMPILATION_STARTED,         (E.COMPILE,)),
    (C.CLIMBING, S.COMPILATION_STARTED,         Compiled):          Rule(S.COMPILATION_ENDED,           (E.CONTINUE,)),
    (C.CLIMBING, S.COMPILATION_ENDED,           Proceeded):         Rule(S.SAVE_SWEEP_METADATA_STARTED, (E.SAVE_METADATA,)),
    (C.CLIMBING, S.SAVE_SWEEP_METADATA_STARTED, MetadataSaved):     Rule(S.SAVE_SWEEP_METADATA_ENDED,   (E.CONTINUE,)),
    (C.CLIMBING, S.SAVE_SWEEP_METADATA_ENDED,   Proceeded):         Rule(S.PENDING_EXECUTION,           (E.ENQUEUE,)),
    (C.CLIMBING, S.PENDING_EXECUTION,           ExecutionBegan):    Rule(S.EXECUTION_STARTED),
    (C.CLIMBING, S.EXECUTION_STARTED,           ExecutionDone):     Rule(S.EXECUTION_ENDED,             (E.CONTINUE,)),
    (C.CLIMBING, S.EXECUTION_ENDED,             Proceeded):         Rule(S.POST_PROCESSING_PENDING,     (E.CONTINUE,)),
    (C.CLIMBING, S.POST_PROCESSING_PENDING,     Proceeded):         Rule(S.POST_PROCESSING_STARTED,     (E.POST_PROCESS,)),
    (C.CLIMBING, S.POST_PROCESSING_STARTED,     PostProcessed):     Rule(S.POST_PROCESSING_ENDED,       (E.SETTLE,)),
    (C.CLIMBING, S.POST_PROCESSING_ENDED,       AllItemsDone):      Rule(S.READY,                       (E.END,)),
    (C.CLIMBING, S.POST_PROCESSING_ENDED,       SomeItemsFailed):   Rule(S.FAILED,                      (E.END,)),

    # A stage that fails ends the job; no instrument is involved.
    (C.CLIMBING, S.VALIDATION_STARTED,          StageFailed):       Rule(S.FAILED,                      (E.END,)),
    (C.CLIMBING, S.FETCH_CALIBRATION_STARTED,   StageFailed):       Rule(S.FAILED,                      (E.END,)),
    (C.CLIMBING, S.COMPILATION_STARTED,         StageFailed):       Rule(S.FAILED,                      (E.END,)),
    (C.CLIMBING, S.SAVE_SWEEP_METADATA_STARTED, StageFailed):       Rule(S.FAILED,                      (E.END,)),
    (C.CLIMBING, S.POST_PROCESSING_STARTED,     StageFailed):       Rule(S.FAILED,                      (E.END,)),

    # A ticket that a driver refuses has executed nothing; one that fails may have left data.
    (C.CLIMBING, S.PENDING_EXECUTION,           ExecutionFailed):   Rule(S.FAILED,                      (E.END,)),
    (C.CLIMBING, S.EXECUTION_STARTED,           ExecutionFailed):   Rule(None,                          (E.KEEP_DATA,), C.FAILING),
    (C.FAILING,  S.EXECUTION_STARTED,           DataKept):          Rule(S.FAILED,                      (E.END,)),
}

# A cancel before the queue ends the job at once.
_CANCEL_EARLY: Final = {
    (C.CLIMBING, status, CancelAccepted): Rule(S.ABORTED, (E.STOP_STAGE, E.END))
    for status in S
    if status < S.PENDING_EXECUTION
}

_CANCEL_LATE: Final[dict[Key, Rule]] = {
    (C.CLIMBING,   S.PENDING_EXECUTION,       CancelAccepted):  Rule(None,                      (E.LEAVE_QUEUE,),  C.CANCELLING),
    (C.CANCELLING, S.PENDING_EXECUTION,       LeftQueue):       Rule(S.ABORTED,                 (E.END,)),
    (C.CANCELLING, S.PENDING_EXECUTION,       ExecutionFailed): Rule(S.ABORTED,                 (E.END,)),
    # It was too late to take the ticket back.
    (C.CANCELLING, S.PENDING_EXECUTION,       ExecutionBegan):  Rule(S.EXECUTION_STARTED,       (E.ABORT_TICKET,)),

    (C.CLIMBING,   S.EXECUTION_STARTED,       CancelAccepted):  Rule(None,                      (E.ABORT_TICKET,), C.CANCELLING),
    # A cancel while the data of a failed execution is kept changes how the job is called.
    (C.FAILING,    S.EXECUTION_STARTED,       CancelAccepted):  Rule(None,                      (),                C.CANCELLING),
    (C.CANCELLING, S.EXECUTION_STARTED,       CameToRest):      Rule(None,                      (E.KEEP_DATA,)),
    # The execution ended before the abort reached it: the cancel was first on disk.
    (C.CANCELLING, S.EXECUTION_STARTED,       ExecutionDone):   Rule(None,                      (E.KEEP_DATA,)),
    (C.CANCELLING, S.EXECUTION_STARTED,       ExecutionFailed): Rule(None,                      (E.KEEP_DATA,)),
    (C.CANCELLING, S.EXECUTION_STARTED,       DataKept):        Rule(S.ABORTED,                 (E.END,)),

    # The instruments are at rest: a cancel lets post-processing finish, so that nothing is lost.
    (C.CLIMBING,   S.EXECUTION_ENDED,         CancelAccepted):  Rule(None,                      (),                C.CANCELLING),
    (C.CLIMBING,   S.POST_PROCESSING_PENDING, CancelAccepted):  Rule(None,                      (),                C.CANCELLING),
    (C.CLIMBING,   S.POST_PROCESSING_STARTED, CancelAccepted):  Rule(None,                      (),                C.CANCELLING),
    (C.CLIMBING,   S.POST_PROCESSING_ENDED,   CancelAccepted):  Rule(None,                      (),                C.CANCELLING),
    (C.CANCELLING, S.EXECUTION_ENDED,         Proceeded):       Rule(S.POST_PROCESSING_PENDING, (E.CONTINUE,)),
    (C.CANCELLING, S.POST_PROCESSING_PENDING, Proceeded):       Rule(S.POST_PROCESSING_STARTED, (E.POST_PROCESS,)),
    (C.CANCELLING, S.POST_PROCESSING_STARTED, PostProcessed):   Rule(S.POST_PROCESSING_ENDED,   (E.SETTLE,)),
    (C.CANCELLING, S.POST_PROCESSING_STARTED, StageFailed):     Rule(S.ABORTED,                 (E.END,)),
    (C.CANCELLING, S.POST_PROCESSING_ENDED,   AllItemsDone):    Rule(S.ABORTED,                 (E.END,)),
    (C.CANCELLING, S.POST_PROCESSING_ENDED,   SomeItemsFailed): Rule(S.ABORTED,                 (E.END,)),
}

# A deadline ends the job as a failing stage does; what the instruments are at work on is aborted.
_DEADLINE: Final[dict[Key, Rule]] = {
    (C.CLIMBING, status, DeadlinePassed): Rule(S.FAILED, (E.STOP_STAGE, E.END))
    for status in S
    if not status.is_terminal and status not in {S.PENDING_EXECUTION, S.EXECUTION_STARTED}
}

_DEADLINE_AT_INSTRUMENTS: Final[dict[Key, Rule]] = {
    (C.CLIMBING,   S.PENDING_EXECUTION,       DeadlinePassed):  Rule(None,                      (E.LEAVE_QUEUE,),  C.FAILING),
    (C.FAILING,    S.PENDING_EXECUTION,       LeftQueue):       Rule(S.FAILED,                  (E.END,)),
    (C.FAILING,    S.PENDING_EXECUTION,       ExecutionFailed): Rule(S.FAILED,                  (E.END,)),
    (C.FAILING,    S.PENDING_EXECUTION,       ExecutionBegan):  Rule(S.EXECUTION_STARTED,       (E.ABORT_TICKET,)),
    (C.FAILING,    S.PENDING_EXECUTION,       CancelAccepted):  Rule(None,                      (),                C.CANCELLING),
    (C.CLIMBING,   S.EXECUTION_STARTED,       DeadlinePassed):  Rule(None,                      (E.ABORT_TICKET,), C.FAILING),
    (C.FAILING,    S.EXECUTION_STARTED,       CameToRest):      Rule(None,                      (E.KEEP_DATA,)),
    (C.FAILING,    S.EXECUTION_STARTED,       ExecutionDone):   Rule(None,                      (E.KEEP_DATA,)),
    (C.FAILING,    S.EXECUTION_STARTED,       ExecutionFailed): Rule(None,                      (E.KEEP_DATA,)),
    # A cancel is bounded by itself, but for the post-processing that it lets finish.
    (C.CANCELLING, S.POST_PROCESSING_STARTED, DeadlinePassed):  Rule(S.ABORTED,                 (E.STOP_STAGE, E.END)),
}

# Another attempt of a job that is over. One that is READY lacks nothing: it can only begin afresh.
_RETRY: Final[dict[Key, Rule]] = {
    (C.CLIMBING,   S.READY,                   RestartAccepted): Rule(S.RECEIVED,                (E.CONTINUE,),     C.CLIMBING),
    (C.CLIMBING,   S.FAILED,                  RestartAccepted): Rule(S.RECEIVED,                (E.CONTINUE,),     C.CLIMBING),
    (C.FAILING,    S.FAILED,                  RestartAccepted): Rule(S.RECEIVED,                (E.CONTINUE,),     C.CLIMBING),
    (C.CLIMBING,   S.ABORTED,                 RestartAccepted): Rule(S.RECEIVED,                (E.CONTINUE,),     C.CLIMBING),
    (C.CANCELLING, S.ABORTED,                 RestartAccepted): Rule(S.RECEIVED,                (E.CONTINUE,),     C.CLIMBING),
    (C.CLIMBING,   S.FAILED,                  RequeueAccepted): Rule(S.PENDING_EXECUTION,       (E.ENQUEUE,),      C.CLIMBING),
    (C.FAILING,    S.FAILED,                  RequeueAccepted): Rule(S.PENDING_EXECUTION,       (E.ENQUEUE,),      C.CLIMBING),
    (C.CLIMBING,   S.ABORTED,                 RequeueAccepted): Rule(S.PENDING_EXECUTION,       (E.ENQUEUE,),      C.CLIMBING),
    (C.CANCELLING, S.ABORTED,                 RequeueAccepted): Rule(S.PENDING_EXECUTION,       (E.ENQUEUE,),      C.CLIMBING),
    (C.CLIMBING,   S.FAILED,                  CollectAccepted): Rule(S.EXECUTION_ENDED,         (E.CONTINUE,),     C.CLIMBING),
    (C.FAILING,    S.FAILED,                  CollectAccepted): Rule(S.EXECUTION_ENDED,         (E.CONTINUE,),     C.CLIMBING),
    (C.CLIMBING,   S.ABORTED,                 CollectAccepted): Rule(S.EXECUTION_ENDED,         (E.CONTINUE,),     C.CLIMBING),
    (C.CANCELLING, S.ABORTED,                 CollectAccepted): Rule(S.EXECUTION_ENDED,         (E.CONTINUE,),     C.CLIMBING),
}

# After a restart of the daemon: what to do again, by the last status on disk.
_RESUME: Final[dict[Key, Rule]] = {
    (C.CLIMBING,   S.RECEIVED,                    Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.VALIDATION_STARTED,          Resumed): Rule(None, (E.VALIDATE,)),
    (C.CLIMBING,   S.VALIDATION_ENDED,            Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.FETCH_CALIBRATION_STARTED,   Resumed): Rule(None, (E.FETCH_CALIBRATION,)),
    (C.CLIMBING,   S.FETCH_CALIBRATION_ENDED,     Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.COMPILATION_STARTED,         Resumed): Rule(None, (E.COMPILE,)),
    (C.CLIMBING,   S.COMPILATION_ENDED,           Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.SAVE_SWEEP_METADATA_STARTED, Resumed): Rule(None, (E.SAVE_METADATA,)),
    (C.CLIMBING,   S.SAVE_SWEEP_METADATA_ENDED,   Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.PENDING_EXECUTION,           Resumed): Rule(None, (E.RECONCILE,)),
    (C.CANCELLING, S.PENDING_EXECUTION,           Resumed): Rule(None, (E.RECONCILE,)),
    (C.CLIMBING,   S.EXECUTION_STARTED,           Resumed): Rule(None, (E.RECONCILE,)),
    (C.CANCELLING, S.EXECUTION_STARTED,           Resumed): Rule(None, (E.RECONCILE,)),
    (C.CLIMBING,   S.EXECUTION_ENDED,             Resumed): Rule(None, (E.CONTINUE,)),
    (C.CANCELLING, S.EXECUTION_ENDED,             Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.POST_PROCESSING_PENDING,     Resumed): Rule(None, (E.CONTINUE,)),
    (C.CANCELLING, S.POST_PROCESSING_PENDING,     Resumed): Rule(None, (E.CONTINUE,)),
    (C.CLIMBING,   S.POST_PROCESSING_STARTED,     Resumed): Rule(None, (E.POST_PROCESS,)),
    (C.CANCELLING, S.POST_PROCESSING_STARTED,     Resumed): Rule(None, (E.POST_PROCESS,)),
    (C.CLIMBING,   S.POST_PROCESSING_ENDED,       Resumed): Rule(None, (E.SETTLE,)),
    (C.CANCELLING, S.POST_PROCESSING_ENDED,       Resumed): Rule(None, (E.SETTLE,)),
}
# fmt: on

TRANSITIONS: Final[Mapping[Key, Rule]] = MappingProxyType(
    _CLIMB | _CANCEL_EARLY | _CANCEL_LATE | _DEADLINE | _DEADLINE_AT_INSTRUMENTS | _RETRY | _RESUME
)

_IGNORED: Final[tuple[Mapping[Key, str], ...]] = (
    {
        (course, status, CancelAccepted): "a second cancel changes nothing"
        for course, status in [
            (C.CANCELLING, S.PENDING_EXECUTION),
            (C.CANCELLING, S.EXECUTION_STARTED),
            (C.CANCELLING, S.EXECUTION_ENDED),
            (C.CANCELLING, S.POST_PROCESSING_PENDING),
            (C.CANCELLING, S.POST_PROCESSING_STARTED),
            (C.CANCELLING, S.POST_PROCESSING_ENDED),
        ]
    },
    {
        (course, status, CancelAccepted): "the attempt is over"
        for course in Course
        for status in S.terminal_statuses()
    },
    {
        # The stage's answer and the cancel crossed. The outcomes of stages that were dropped
        # can still be on their way.
        (C.CLIMBING, S.ABORTED, outcome): "the stage had answered before it was dropped"
        for outcome in (Validated, CalibrationFetched, Compiled, MetadataSaved, StageFailed)
    },
    {
        (course, status, DeadlinePassed): "the job is being ended already, in bounded time"
        for course, status in [
            (C.FAILING, S.PENDING_EXECUTION),
            (C.FAILING, S.EXECUTION_STARTED),
            (C.CANCELLING, S.PENDING_EXECUTION),
            (C.CANCELLING, S.EXECUTION_STARTED),
            (C.CANCELLING, S.EXECUTION_ENDED),
            (C.CANCELLING, S.POST_PROCESSING_PENDING),
            (C.CANCELLING, S.POST_PROCESSING_ENDED),
        ]
    },
    {
        (course, status, DeadlinePassed): "the attempt ended before its deadline"
        for course in Course
        for status in S.terminal_statuses()
    },
    {
        (C.CLIMBING, S.FAILED, outcome): "the stage had answered before it was dropped"
        for outcome in (
            Validated,
            CalibrationFetched,
            Compiled,
            MetadataSaved,
            PostProcessed,
            StageFailed,
        )
    },
    {
        (course, S.EXECUTION_STARTED, ExecutionBegan): "each controller of a group reports it"
        for course in Course
    },
)

IGNORED: Final[Mapping[Key, str]] = MappingProxyType(
    {key: reason for rows in _IGNORED for key, reason in rows.items()}
)

SKIPS: Final[Mapping[tuple[JobKind, S], S]] = MappingProxyType(
    {("compile", S.SAVE_SWEEP_METADATA_STARTED): S.POST_PROCESSING_PENDING}
)
"""Rungs that a kind of job does not visit, and where it goes instead."""

SKIP_EFFECTS: Final[Mapping[S, tuple[Effect, ...]]] = MappingProxyType(
    {S.POST_PROCESSING_PENDING: (E.CONTINUE,)}
)
"""What a job asks for on a rung that it has skipped to."""


def rungs(kind: JobKind) -> tuple[S, ...]:
    """Return the statuses that a job of a kind visits on its way to READY."""
    visited: list[S] = []
    status: S | None = S.RECEIVED
    following = {
        status: rule.to
        for (course, status, event), rule in _CLIMB.items()
        if course is C.CLIMBING and event not in {StageFailed, ExecutionFailed, SomeItemsFailed}
    }
    while status is not None:
        visited.append(status)
        upper = following.get(status)
        status = None if upper is None else SKIPS.get((kind, upper), upper)
    return tuple(visited)
