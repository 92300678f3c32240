"""Another attempt: whether there is one, which items it runs, and where it begins.

Rule 1. Pure: what is known goes in, a decision comes out; the runtime finds out and carries out.
Rule 2. What a client's retry does is decided by `DECISIONS` alone: a strategy, and what is known
        of the ticket.
Rule 3. An item that has its result is never run again, unless everything is to begin afresh.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.actors.ladder import CollectAccepted, RequeueAccepted, RestartAccepted
from stationd.proto.error import ErrorCode, Problem
from stationd.proto.program import Sweep
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.actors.job import Job
    from stationd.proto.job import ItemView, JobKind, JobSpec, JobView
    from stationd.proto.jobs_protocol import RetryStatus


class Knowledge(Enum):
    """What is known of the ticket of the last execution."""

    NEVER_ACCEPTED = "never accepted"
    """No controller can have been at work on it."""
    RESULT_EXISTS = "result exists"
    """The execution finished; its data is in the journal or at the controllers."""
    NO_RESULT = "no result"
    """It was executed, and nothing that has not been worked up is left of it."""
    FORGOTTEN = "forgotten"
    """It was executed, and its controllers know nothing of it any more."""
    UNREACHABLE = "unreachable"
    """It was executed, and its controllers cannot be asked."""


class Decision(Enum):
    """What a retry comes to."""

    NOTHING_TO_COLLECT = "nothing_to_collect"
    """No attempt is opened."""
    COLLECT = "collect"
    """Fetch the data of the execution that there was, and work it up."""
    EXECUTE = "execute"
    ABORT_THEN_EXECUTE = "abort, at rest, then execute"
    RESTART = "restart"
    """Begin afresh."""
    UNREACHABLE = "controller_unreachable"
    """No attempt is opened."""


S, K, D = RemoteRetryStrategy, Knowledge, Decision

# fmt: off
DECISIONS: Final[Mapping[tuple[RemoteRetryStrategy, Knowledge], Decision]] = MappingProxyType({
    # strategy             what is known
    (S.DEFAULT,            K.NEVER_ACCEPTED):  D.NOTHING_TO_COLLECT,
    (S.DEFAULT,            K.RESULT_EXISTS):   D.COLLECT,
    (S.DEFAULT,            K.NO_RESULT):       D.NOTHING_TO_COLLECT,
    (S.DEFAULT,            K.FORGOTTEN):       D.NOTHING_TO_COLLECT,
    (S.DEFAULT,            K.UNREACHABLE):     D.NOTHING_TO_COLLECT,

    (S.ALLOW_RESUBMIT,     K.NEVER_ACCEPTED):  D.EXECUTE,
    (S.ALLOW_RESUBMIT,     K.RESULT_EXISTS):   D.COLLECT,
    (S.ALLOW_RESUBMIT,     K.NO_RESULT):       D.NOTHING_TO_COLLECT,
    (S.ALLOW_RESUBMIT,     K.FORGOTTEN):       D.NOTHING_TO_COLLECT,
    (S.ALLOW_RESUBMIT,     K.UNREACHABLE):     D.NOTHING_TO_COLLECT,

    (S.FORCE_RESUBMIT,     K.NEVER_ACCEPTED):  D.EXECUTE,
    (S.FORCE_RESUBMIT,     K.RESULT_EXISTS):   D.COLLECT,
    (S.FORCE_RESUBMIT,     K.NO_RESULT):       D.ABORT_THEN_EXECUTE,
    (S.FORCE_RESUBMIT,     K.FORGOTTEN):       D.EXECUTE,
    (S.FORCE_RESUBMIT,     K.UNREACHABLE):     D.UNREACHABLE,

    (S.FULL_RESTART,       K.NEVER_ACCEPTED):  D.RESTART,
    (S.FULL_RESTART,       K.RESULT_EXISTS):   D.RESTART,
    (S.FULL_RESTART,       K.NO_RESULT):       D.RESTART,
    (S.FULL_RESTART,       K.FORGOTTEN):       D.RESTART,
    (S.FULL_RESTART,       K.UNREACHABLE):     D.RESTART,
})
# fmt: on

PATIENT: Final = frozenset({S.DEFAULT, S.FORCE_RESUBMIT})
"""Strategies that wait for controllers that are away, before these count as unreachable."""

REQUEUED_ATTEMPTS: Final = 3
"""Attempts of a job with ``on_lost = "requeue"`` or `resume` that does not say how many it wants:
one that takes its controller down every time must not do so for ever."""
DEFAULT_RETRY_ON: Final = frozenset(
    {
        ErrorCode.INSTRUMENT_LOST,
        ErrorCode.CONTROLLER_UNREACHABLE,
        ErrorCode.CONTROLLER_SILENT,
        ErrorCode.DRIVER_FAILED,
        ErrorCode.SPOOL_FULL,
        ErrorCode.WORKER_DIED,
    }
)
"""What is retried by itself if the job does not say: what is hardly the job's own fault."""

BEFORE_EXECUTION: Final = frozenset({ErrorCode.INVALID_JOB, ErrorCode.COMPILATION_FAILED})
"""Errors of items that were never executed."""


def decide(strategy: RemoteRetryStrategy, known: Knowledge) -> Decision:
    """Return what a retry comes to."""
    return DECISIONS[strategy, known]


# --- which items -----------------------------------------------------------------------------


def has_result(item: ItemView) -> bool:
    """Whether nothing of an item is missing."""
    return item.result is not None and not item.partial


def item_status(item: ItemView, job: JobExecutorStatus) -> RetryStatus:
    """Return the status of an item of a job that is over."""
    if item.error is not None:
        return "ERROR"
    if has_result(item):
        return "COMPLETED"
    return "CANCELLED" if job is JobExecutorStatus.ABORTED else "ERROR"


def matching(
    view: JobView, strategy: RemoteRetryStrategy, wanted: Sequence[RetryStatus] | None
) -> tuple[int, ...]:
    """Return the items of a job that is over that a retry means.

    Args:
        view: The job, with its items.
        strategy: The strategy.
        wanted: Statuses of items; None for ERROR, and for all with FULL_RESTART.
    """
    if wanted is None and strategy is S.FULL_RESTART:
        return tuple(item.index for item in view.items)
    meant = ("ERROR",) if wanted is None else wanted
    return tuple(item.index for item in view.items if item_status(item, view.status) in meant)


def lacking(view: JobView, items: Sequence[int]) -> tuple[int, ...]:
    """Return those of some items that lack a result."""
    return tuple(index for index in items if not has_result(view.items[index]))


def executed(view: JobView, items: Sequence[int]) -> tuple[int, ...]:
    """Return those of some items that an execution could have left data of."""
    return tuple(
        index
        for index in items
        if (error := view.items[index].error) is None or error.code not in BEFORE_EXECUTION
    )


# --- what is known ---------------------------------------------------------------------------


class Recorded(Struct, frozen=True):
    """What the journal knows of a job's last execution."""

    attempt: int
    """The attempt; 0 if there never was an execution."""
    known: Knowledge | None
    """None if the controllers must be asked."""


def recorded(view: JobView, items: Sequence[int]) -> Recorded:
    """Return what a job's story says of its last execution.

    Args:
        view: The job, whole, and over.
        items: The items that lack a result.
    """
    started = [
        entry.attempt
        for entry in view.timeline
        if entry.status is JobExecutorStatus.EXECUTION_STARTED
    ]
    if not started:
        return Recorded(0, Knowledge.NEVER_ACCEPTED)
    attempt = max(started)
    since = [entry for entry in view.timeline if entry.attempt >= attempt]
    reached = {entry.status for entry in since}
    if JobExecutorStatus.EXECUTION_ENDED in reached:
        # Raw data is dropped when every item has become a result of it, and only then.
        kept = JobExecutorStatus.POST_PROCESSING_ENDED not in reached or any(
            item.error is not None and item.error.code is ErrorCode.POST_PROCESSING_FAILED
            for item in view.items
        )
        there = kept and executed(view, items)
        return Recorded(attempt, Knowledge.RESULT_EXISTS if there else Knowledge.NO_RESULT)
    lost = any(
        entry.attempt == attempt
        and entry.error is not None
        and entry.error.code is ErrorCode.INSTRUMENT_LOST
        for entry in since
    )
    if not lost:
        # Its controllers have said how it ended, and that they are at rest.
        return Recorded(attempt, Knowledge.NO_RESULT)
    # With a further attempt the controllers were told to let go of it.
    return Recorded(attempt, None if attempt == view.attempt else Knowledge.FORGOTTEN)


# --- by itself -------------------------------------------------------------------------------


def again(job: Job, spec: JobSpec) -> bool:
    """Whether another attempt follows by itself on one that has failed."""
    # In this order: it is asked at every step of every job, and hardly any has an error.
    if job.error is None or job.status is not JobExecutorStatus.FAILED:
        return False
    code = job.error.code
    requeued = spec.resume or spec.on_lost == "requeue"
    if requeued and code is ErrorCode.INSTRUMENT_LOST:
        most = REQUEUED_ATTEMPTS if spec.max_attempts == 1 else spec.max_attempts
        return job.attempt < most
    return job.attempt < spec.max_attempts and code in (spec.retry_on or DEFAULT_RETRY_ON)


def opening(
    kind: JobKind, failed_at: JobExecutorStatus
) -> RestartAccepted | RequeueAccepted | CollectAccepted:
    """Return what opens the attempt that follows by itself.

    Args:
        kind: The job's kind.
        failed_at: The rung on which the attempt before it failed.
    """
    if kind == "compile" or failed_at < JobExecutorStatus.PENDING_EXECUTION:
        return RestartAccepted()
    if failed_at < JobExecutorStatus.EXECUTION_ENDED:
        return RequeueAccepted()
    return CollectAccepted()


def spec_problems(spec: JobSpec) -> list[Problem]:
    """Return what is wrong with what a job says of its attempts."""
    problems: list[Problem] = []
    if spec.retry_on and spec.max_attempts == 1:
        problems.append(
            Problem(
                "retry_on does nothing with one attempt: give max_attempts too", field="retry_on"
            )
        )
    if spec.resume and not isinstance(spec.work, Sweep):
        problems.append(
            Problem("only a sweep goes on where it was cut short: leave resume out", field="resume")
        )
    if ErrorCode.UNKNOWN in spec.retry_on:
        known = ", ".join(code.value for code in ErrorCode if code is not ErrorCode.UNKNOWN)
        problems.append(
            Problem(f"names an error code that is not known; known are {known}", field="retry_on")
        )
    return problems
