"""When a wait is over, for every kind of status and every way a job can go."""

import pytest

from stationd.client.references.any_status import AnyStatus
from stationd.client.waiting.verdict import Verdict, verdict
from stationd.proto.job import TimelineEntry
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import JobStatusEnum, StatusEnum

REACHED, LOST, OPEN = Verdict.REACHED, Verdict.LOST, Verdict.OPEN

WAITING = (S.RECEIVED, S.VALIDATION_STARTED, S.VALIDATION_ENDED)
QUEUED = (*WAITING, S.PENDING_EXECUTION)
RUNNING = (*QUEUED, S.EXECUTION_STARTED)
COMPLETED = (*RUNNING, S.EXECUTION_ENDED, S.READY)
FAILED_EARLY = (*WAITING, S.FAILED)
FAILED_LATE = (*RUNNING, S.FAILED)
ABORTED = (*QUEUED, S.ABORTED)
COMPILED = (*WAITING, S.COMPILATION_ENDED, S.POST_PROCESSING_PENDING)


def entries(
    rungs: tuple[S, ...], *, attempt: int = 1, cancelling: bool = False
) -> list[TimelineEntry]:
    return [
        TimelineEntry(
            seq=index,
            ordinal=index,
            attempt=attempt,
            status=rung,
            time_unix_s=0.0,
            cancelling=cancelling and index == len(rungs),
        )
        for index, rung in enumerate(rungs, start=1)
    ]


# fmt: off
COARSE = [
    # waiting for             a job that     is
    (StatusEnum.SUBMITTED,    WAITING,       REACHED),
    (StatusEnum.SUBMITTED,    FAILED_EARLY,  REACHED),
    (StatusEnum.QUEUED,       WAITING,       OPEN),
    (StatusEnum.QUEUED,       QUEUED,        REACHED),
    (StatusEnum.QUEUED,       RUNNING,       REACHED),
    (StatusEnum.QUEUED,       COMPLETED,     REACHED),
    (StatusEnum.QUEUED,       FAILED_EARLY,  LOST),
    (StatusEnum.RUNNING,      QUEUED,        OPEN),
    (StatusEnum.RUNNING,      COMPILED,      REACHED),
    (StatusEnum.RUNNING,      FAILED_LATE,   REACHED),
    (StatusEnum.RUNNING,      ABORTED,       LOST),
    (StatusEnum.COMPLETED,    RUNNING,       OPEN),
    (StatusEnum.COMPLETED,    COMPLETED,     REACHED),
    (StatusEnum.COMPLETED,    FAILED_LATE,   LOST),
    (StatusEnum.COMPLETED,    ABORTED,       LOST),
    (StatusEnum.ERROR,        RUNNING,       OPEN),
    (StatusEnum.ERROR,        FAILED_EARLY,  REACHED),
    (StatusEnum.ERROR,        COMPLETED,     LOST),
    (StatusEnum.ERROR,        ABORTED,       LOST),
    (StatusEnum.CANCELLED,    QUEUED,        OPEN),
    (StatusEnum.CANCELLED,    ABORTED,       REACHED),
    (StatusEnum.CANCELLED,    COMPLETED,     LOST),
    (StatusEnum.CANCELLING,   RUNNING,       OPEN),
    (StatusEnum.CANCELLING,   ABORTED,       REACHED),
    (StatusEnum.CANCELLING,   FAILED_LATE,   LOST),
    (StatusEnum.RETRYING,     RUNNING,       OPEN),
    (StatusEnum.RETRYING,     FAILED_LATE,   LOST),
]
RUNGS = [
    (S.PENDING_EXECUTION,     WAITING,       OPEN),
    (S.PENDING_EXECUTION,     RUNNING,       REACHED),
    (S.PENDING_EXECUTION,     FAILED_LATE,   REACHED),
    (S.PENDING_EXECUTION,     FAILED_EARLY,  LOST),
    (S.EXECUTION_STARTED,     COMPILED,      LOST),
    (S.READY,                 RUNNING,       OPEN),
    (S.READY,                 COMPLETED,     REACHED),
    (S.READY,                 FAILED_LATE,   LOST),
    (S.READY,                 ABORTED,       LOST),
    (S.FAILED,                FAILED_LATE,   REACHED),
    (S.FAILED,                COMPLETED,     LOST),
    (S.FAILED,                ABORTED,       LOST),
    (S.ABORTED,               ABORTED,       REACHED),
    (S.ABORTED,               FAILED_LATE,   LOST),
]
# fmt: on


@pytest.mark.parametrize(("awaited", "rungs", "expected"), [*COARSE, *RUNGS])
def test_a_wait_is_decided_by_the_timeline(
    awaited: AnyStatus, rungs: tuple[S, ...], expected: Verdict
) -> None:
    assert verdict(awaited, entries(rungs)) is expected


@pytest.mark.parametrize("awaited", list(JobStatusEnum))
def test_both_coarse_enums_mean_the_same(awaited: JobStatusEnum) -> None:
    for rungs in (WAITING, QUEUED, RUNNING, COMPLETED, FAILED_LATE, ABORTED):
        ours = verdict(awaited, entries(rungs))
        assert ours is verdict(StatusEnum[awaited.name], entries(rungs))


@pytest.mark.parametrize("awaited", [*StatusEnum, *S])
def test_once_decided_a_wait_stays_decided(awaited: AnyStatus) -> None:
    for rungs in (COMPLETED, FAILED_LATE, FAILED_EARLY, ABORTED):
        said = [verdict(awaited, entries(rungs[:n])) for n in range(1, len(rungs) + 1)]
        decided = [one for one in said if one is not OPEN]
        assert decided, "a job that is over decides every wait"
        assert len(set(decided)) == 1
        assert said == [OPEN] * (len(said) - len(decided)) + decided


@pytest.mark.parametrize("awaited", [*StatusEnum, *S])
def test_nothing_is_decided_about_a_job_that_nothing_is_known_of(awaited: AnyStatus) -> None:
    assert verdict(awaited, []) is OPEN


def test_a_cancel_that_was_accepted_shows_as_cancelling() -> None:
    assert verdict(StatusEnum.CANCELLING, entries(RUNNING, cancelling=True)) is REACHED
    assert verdict(StatusEnum.COMPLETED, entries(RUNNING, cancelling=True)) is OPEN


def test_a_later_attempt_shows_as_retrying() -> None:
    assert verdict(StatusEnum.RETRYING, entries(WAITING, attempt=2)) is REACHED
