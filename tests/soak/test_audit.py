"""The audit sees what it is there to see: each promise, broken once."""

from collections.abc import Sequence

import msgspec
import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId
from stationd.proto.status import JobExecutorStatus as S
from tests.soak.audit import Notes, Stored, StoredJob, of_story, of_timeline, violations
from tests.soak.notes import Heard, Told

JOB = JobId("1c1a1e2e-0000-4000-8000-000000000000")
CLIMB = tuple(
    Told(JOB, 10 + ordinal, ordinal, 1, status, cancelling=False)
    for ordinal, status in enumerate(list(S)[:16], 1)
)


def stored(status: S = S.READY, error: ErrorCode | None = None, results: int = 1) -> Stored:
    job = StoredJob(JOB, status, 1, 1, results, 7, error, 100.0, 101.0)
    last = msgspec.structs.replace(CLIMB[-1], status=status)
    return Stored({JOB: job}, [*CLIMB[:-1], last])


def notes(**changes: object) -> Notes:
    plain = Notes(
        {JOB: "null"}, {JOB}, set(), {}, {JOB}, [Heard(JOB, "here", CLIMB[3:])], {"all": [*CLIMB]}
    )
    return msgspec.structs.replace(plain, **changes)


def found(
    journal: Stored, told: Notes, executed: Sequence[int] = (7,), trouble: Sequence[float] = ()
) -> list[str]:
    return list(violations(journal, told, executed, trouble))


def test_a_run_without_fault_passes() -> None:
    assert found(stored(), notes()) == []


def test_an_acknowledged_job_that_is_missing_is_seen() -> None:
    other = JobId("2c1a1e2e-0000-4000-8000-000000000000")

    (problem,) = found(stored(), notes(acknowledged={JOB, other}))

    assert problem == f"{other} was acknowledged and is not in the journal"


def test_a_job_that_never_ends_is_seen() -> None:
    problems = found(stored(S.POST_PROCESSING_ENDED), notes(heard=[], fed={}))

    assert f"{JOB} has not ended: it is post_processing_ended" in problems


def test_a_ticket_that_was_executed_twice_is_seen() -> None:
    assert found(stored(), notes(), (7, 7)) == ["ticket 7 was executed 2 times"]


def test_a_job_that_is_ready_without_an_execution_is_seen() -> None:
    assert found(stored(), notes(), ()) == [f"{JOB} is ready, and its ticket 7 was never executed"]


def test_an_execution_of_no_job_is_seen() -> None:
    (problem,) = found(stored(), notes(), (7, 8))

    assert problem.startswith("1 unknown tickets were executed")


def test_a_ready_job_without_its_result_is_seen() -> None:
    assert found(stored(results=0), notes()) == [f"{JOB} is ready and has 0 of 1 results"]


def test_an_accepted_cancel_that_came_to_nothing_is_seen() -> None:
    assert found(stored(), notes(cancelled={JOB})) == [
        f"{JOB} is ready, though its cancel was accepted"
    ]


def test_a_retry_that_was_acknowledged_and_is_missing_is_seen() -> None:
    assert found(stored(), notes(retried={JOB: "opened"})) == [
        f"{JOB} has no attempt of its retry, which was acknowledged"
    ]


def test_a_failure_needs_an_excuse() -> None:
    quiet = notes(heard=[], fed={})
    lost = stored(S.FAILED, ErrorCode.INSTRUMENT_LOST)

    assert found(lost, quiet, (7,), [100.5]) == []
    assert "while nothing was done" in found(lost, quiet)[0]
    assert (
        "has failed with internal_error"
        in (found(stored(S.FAILED, ErrorCode.INTERNAL_ERROR), quiet, (7,), [100.5])[0])
    )


@pytest.mark.parametrize(
    ("timeline", "problem"),
    [
        (CLIMB[1:], "its facts are numbered"),
        ([*CLIMB[:3], CLIMB[2]], "its facts are numbered"),
        ([CLIMB[0], msgspec.structs.replace(CLIMB[1], status=S.RECEIVED)], "received after recei"),
        (
            [*CLIMB, msgspec.structs.replace(CLIMB[-1], ordinal=17, status=S.ABORTED)],
            "aborted after it was ready",
        ),
        (
            [CLIMB[0], msgspec.structs.replace(CLIMB[1], attempt=2)],
            "attempt 2 begins while the one before it is received",
        ),
    ],
)
def test_a_timeline_with_a_fault_is_seen(timeline: Sequence[Told], problem: str) -> None:
    assert any(problem in one for one in of_timeline(timeline))


def test_a_timeline_may_repeat_a_rung_for_a_cancel_and_begin_again_after_its_end() -> None:
    timeline = [
        CLIMB[0],
        msgspec.structs.replace(CLIMB[0], ordinal=2, cancelling=True),
        msgspec.structs.replace(CLIMB[0], ordinal=3, status=S.ABORTED, cancelling=True),
        msgspec.structs.replace(CLIMB[0], ordinal=4, attempt=2),
    ]

    assert list(of_timeline(timeline)) == []


@pytest.mark.parametrize(
    "story",
    [
        (),
        (*CLIMB[3:5], *CLIMB[6:]),
        (*CLIMB[3:5], *CLIMB[4:]),
        CLIMB[3:-1],
        (*CLIMB[3:-1], msgspec.structs.replace(CLIMB[-1], status=S.FAILED)),
        (msgspec.structs.replace(CLIMB[0], seq=5), *CLIMB[1:]),
    ],
    ids=["empty", "gap", "repeat", "no end", "lie", "invention"],
)
def test_a_story_with_a_fault_is_seen(story: Sequence[Told]) -> None:
    assert list(of_story(CLIMB[3:], CLIMB)) == []
    assert list(of_story(story, CLIMB))
