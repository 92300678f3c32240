"""Another attempt: the table cell by cell, the items that it runs, and where it begins."""

import itertools
from pathlib import Path

import msgspec
import pytest

from stationd.actors.job import Job
from stationd.actors.ladder import CollectAccepted, RequeueAccepted, RestartAccepted
from stationd.actors.retry import (
    DECISIONS,
    DEFAULT_RETRY_ON,
    PATIENT,
    REQUEUED_ATTEMPTS,
    Decision,
    Knowledge,
    again,
    decide,
    executed,
    item_status,
    lacking,
    matching,
    opening,
    recorded,
    spec_problems,
)
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import (
    ArtifactRef,
    ItemView,
    JobId,
    JobKind,
    JobSpec,
    JobView,
    TimelineEntry,
)
from stationd.proto.jobs_protocol import RetryStatus
from stationd.proto.program import Circuits as CircuitsOf
from stationd.proto.program import NullProgram, Sweep
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy as R

JOB = JobId("00000000-0000-0000-0000-000000000001")
WORK = CircuitsOf(programs=(NullProgram(),), n_shots=(1,), target="null")
REF = ArtifactRef(id=f"{JOB}/1/0", size_bytes=1, sha256="")
UP_TO_EXECUTION = [status for status in S if status <= S.EXECUTION_STARTED]

# As the requirement words it: what is known, and what each strategy makes of it.
EXPECTED = {
    R.DEFAULT: {
        Knowledge.NEVER_ACCEPTED: "nothing_to_collect",
        Knowledge.RESULT_EXISTS: "collect",
        Knowledge.NO_RESULT: "nothing_to_collect",
        Knowledge.FORGOTTEN: "nothing_to_collect",
        Knowledge.UNREACHABLE: "nothing_to_collect",
    },
    R.ALLOW_RESUBMIT: {
        Knowledge.NEVER_ACCEPTED: "execute",
        Knowledge.RESULT_EXISTS: "collect",
        Knowledge.NO_RESULT: "nothing_to_collect",
        Knowledge.FORGOTTEN: "nothing_to_collect",
        Knowledge.UNREACHABLE: "nothing_to_collect",
    },
    R.FORCE_RESUBMIT: {
        Knowledge.NEVER_ACCEPTED: "execute",
        Knowledge.RESULT_EXISTS: "collect",
        Knowledge.NO_RESULT: "abort, at rest, then execute",
        Knowledge.FORGOTTEN: "execute",
        Knowledge.UNREACHABLE: "controller_unreachable",
    },
    R.FULL_RESTART: dict.fromkeys(Knowledge, "restart"),
}


@pytest.mark.parametrize(("strategy", "known"), list(itertools.product(R, Knowledge)))
def test_every_cell_of_the_table(strategy: R, known: Knowledge) -> None:
    assert decide(strategy, known).value == EXPECTED[strategy][known]


def test_the_table_has_no_other_cells() -> None:
    assert set(DECISIONS) == set(itertools.product(R, Knowledge))
    assert set(DECISIONS.values()) == set(Decision)


def test_the_page_shows_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "retry.md").read_text(encoding="utf-8")
    head = f"| strategy | {' | '.join(known.value for known in Knowledge)} |\n"
    rows = [
        f"| {strategy} | {' | '.join(decide(strategy, known).value for known in Knowledge)} |\n"
        for strategy in R
    ]
    assert head + "|---|---|---|---|---|---|\n" + "".join(rows) in page


def test_who_takes_an_absent_controller_for_one_that_accepted_does_not_wait_for_it() -> None:
    assert {R.DEFAULT, R.FORCE_RESUBMIT} == PATIENT


# --- which items -----------------------------------------------------------------------------


def failed(code: ErrorCode) -> ErrorInfo:
    return ErrorInfo(code, "for a test")


GOOD = ItemView(index=0, result=REF)
PARTIAL = ItemView(index=1, result=REF, partial=True)
BAD = ItemView(index=2, error=failed(ErrorCode.POST_PROCESSING_FAILED))
REFUSED = ItemView(index=3, error=failed(ErrorCode.INVALID_JOB))
NOTHING = ItemView(index=4)
ITEMS = (GOOD, PARTIAL, BAD, REFUSED, NOTHING)


def job(
    *attempts: list[S],
    errors: dict[int, ErrorCode] | None = None,
    items: tuple[ItemView, ...] = ITEMS,
) -> JobView:
    """Make a job of what its attempts have visited, and of how these failed."""
    entries = [
        TimelineEntry(
            seq=number,
            ordinal=number,
            attempt=attempt,
            status=status,
            time_unix_s=float(number),
            error=failed((errors or {})[attempt])
            if status.is_terminal and attempt in (errors or {})
            else None,
        )
        for number, (attempt, status) in enumerate(
            (
                (index, status)
                for index, visited in enumerate(attempts, start=1)
                for status in visited
            ),
            start=1,
        )
    ]
    last = entries[-1]
    return JobView(
        id=JOB,
        number=1,
        kind="circuits",
        target="qpu",
        status=last.status,
        attempt=last.attempt,
        created_unix_s=0.0,
        modified_unix_s=0.0,
        seq=last.seq,
        timeline=tuple(entries),
        items=items,
    )


@pytest.mark.parametrize(
    ("item", "status", "expected"),
    [
        (GOOD, S.FAILED, "COMPLETED"),
        (GOOD, S.ABORTED, "COMPLETED"),
        (PARTIAL, S.FAILED, "ERROR"),
        (PARTIAL, S.ABORTED, "CANCELLED"),
        (BAD, S.FAILED, "ERROR"),
        (BAD, S.ABORTED, "ERROR"),
        (NOTHING, S.FAILED, "ERROR"),
        (NOTHING, S.ABORTED, "CANCELLED"),
    ],
)
def test_an_item_that_lacks_its_result_has_the_status_of_its_job_unless_it_failed(
    item: ItemView, status: S, expected: RetryStatus
) -> None:
    assert item_status(item, status) == expected


def test_items_with_errors_are_meant_if_nothing_is_said() -> None:
    assert matching(job([S.FAILED]), R.DEFAULT, None) == (1, 2, 3, 4)
    assert matching(job([S.ABORTED]), R.FORCE_RESUBMIT, None) == (2, 3)


def test_all_items_are_meant_if_nothing_is_said_with_a_full_restart() -> None:
    assert matching(job([S.READY]), R.FULL_RESTART, None) == (0, 1, 2, 3, 4)


def test_only_items_of_the_statuses_that_are_named_are_meant() -> None:
    assert matching(job([S.ABORTED]), R.DEFAULT, ["CANCELLED"]) == (1, 4)
    assert matching(job([S.ABORTED]), R.DEFAULT, ["CANCELLED", "ERROR"]) == (1, 2, 3, 4)
    assert matching(job([S.ABORTED]), R.FULL_RESTART, ["COMPLETED"]) == (0,)


def test_an_item_with_its_result_lacks_nothing_and_one_that_was_refused_left_no_data() -> None:
    view = job([S.FAILED])
    assert lacking(view, range(5)) == (1, 2, 3, 4)
    assert executed(view, range(5)) == (0, 1, 2, 4)


# --- what is known ---------------------------------------------------------------------------

ENDED = [*UP_TO_EXECUTION, S.EXECUTION_ENDED, S.POST_PROCESSING_PENDING, S.POST_PROCESSING_STARTED]
WORKED_UP = [*ENDED, S.POST_PROCESSING_ENDED]
LOST = ErrorCode.INSTRUMENT_LOST
DRIVER = ErrorCode.DRIVER_FAILED
STORIES: dict[str, tuple[JobView, int, Knowledge | None]] = {
    "refused": (job([S.RECEIVED, S.VALIDATION_STARTED, S.FAILED]), 0, Knowledge.NEVER_ACCEPTED),
    "cancelled in the queue": (
        job([*UP_TO_EXECUTION[:-1], S.ABORTED]),
        0,
        Knowledge.NEVER_ACCEPTED,
    ),
    "cancelled while it ran": (job([*UP_TO_EXECUTION, S.ABORTED]), 1, Knowledge.NO_RESULT),
    "failed while it ran": (
        job([*UP_TO_EXECUTION, S.FAILED], errors={1: DRIVER}),
        1,
        Knowledge.NO_RESULT,
    ),
    "lost": (job([*UP_TO_EXECUTION, S.FAILED], errors={1: LOST}), 1, None),
    "lost, and failed again before it ran": (
        job([*UP_TO_EXECUTION, S.FAILED], [S.RECEIVED, S.FAILED], errors={1: LOST, 2: DRIVER}),
        1,
        Knowledge.FORGOTTEN,
    ),
    "lost, and failed again while it ran": (
        job(
            [*UP_TO_EXECUTION, S.FAILED], [*UP_TO_EXECUTION, S.FAILED], errors={1: LOST, 2: DRIVER}
        ),
        2,
        Knowledge.NO_RESULT,
    ),
    "executed, and its worker died": (job([*ENDED, S.FAILED]), 1, Knowledge.RESULT_EXISTS),
    "executed, and an item has no result": (
        job([*WORKED_UP, S.FAILED]),
        1,
        Knowledge.RESULT_EXISTS,
    ),
    "executed, and collected in vain": (
        job([*ENDED, S.FAILED], [S.EXECUTION_ENDED, S.FAILED]),
        1,
        Knowledge.RESULT_EXISTS,
    ),
    "executed, and restarted in vain": (
        job([*ENDED, S.FAILED], [S.RECEIVED, S.FAILED]),
        1,
        Knowledge.RESULT_EXISTS,
    ),
    "executed, and all data worked up": (
        job([*WORKED_UP, S.FAILED], items=(GOOD, msgspec.structs.replace(REFUSED, index=1))),
        1,
        Knowledge.NO_RESULT,
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_a_story_says_of_the_last_execution(story: str) -> None:
    view, attempt, known = STORIES[story]
    found = recorded(view, lacking(view, range(len(view.items))))
    assert (found.attempt, found.known) == (attempt, known)


# --- by itself -------------------------------------------------------------------------------


def over(code: ErrorCode = DRIVER, *, attempt: int = 1, status: S = S.FAILED) -> Job:
    return Job(
        id=JOB, number=1, kind="circuits", status=status, attempt=attempt, error=failed(code)
    )


def test_nothing_is_tried_again_unless_the_job_asks() -> None:
    for code in ErrorCode:
        assert not again(over(code), JobSpec(work=WORK))


@pytest.mark.parametrize("code", ErrorCode)
def test_what_is_hardly_the_jobs_fault_is_tried_again_if_it_does_not_say(code: ErrorCode) -> None:
    assert again(over(code), JobSpec(work=WORK, max_attempts=2)) == (code in DEFAULT_RETRY_ON)


def test_only_the_errors_that_a_job_names_are_tried_again() -> None:
    spec = JobSpec(work=WORK, max_attempts=2, retry_on=(ErrorCode.COMPILATION_FAILED,))
    assert again(over(ErrorCode.COMPILATION_FAILED), spec)
    assert not again(over(DRIVER), spec)
    assert not again(over(LOST), spec)


def test_a_job_makes_as_many_attempts_as_it_asks_for() -> None:
    spec = JobSpec(work=WORK, max_attempts=3)
    assert [again(over(attempt=attempt), spec) for attempt in (1, 2, 3)] == [True, True, False]


ASKS = [
    JobSpec(work=WORK, on_lost="requeue"),
    JobSpec(work=Sweep(returns=("a.y",)), resume=True),
]


@pytest.mark.parametrize("spec", ASKS)
def test_a_lost_job_is_queued_again_if_it_asks_but_not_for_ever(spec: JobSpec) -> None:
    numbers = range(1, REQUEUED_ATTEMPTS + 1)
    made = [again(over(LOST, attempt=attempt), spec) for attempt in numbers]
    assert made == [True] * (REQUEUED_ATTEMPTS - 1) + [False]
    assert not again(over(DRIVER), spec)
    ten = JobSpec(work=WORK, on_lost="requeue", max_attempts=10, retry_on=(DRIVER,))
    assert again(over(LOST, attempt=9), ten)
    assert not again(over(LOST, attempt=10), ten)


@pytest.mark.parametrize("status", [status for status in S if status is not S.FAILED])
def test_only_what_has_failed_is_tried_again(status: S) -> None:
    assert not again(over(status=status), JobSpec(work=WORK, max_attempts=9))


@pytest.mark.parametrize(
    ("kind", "failed_at", "expected"),
    [
        ("circuits", S.RECEIVED, RestartAccepted()),
        ("circuits", S.COMPILATION_STARTED, RestartAccepted()),
        ("sweep", S.SAVE_SWEEP_METADATA_ENDED, RestartAccepted()),
        ("circuits", S.PENDING_EXECUTION, RequeueAccepted()),
        ("sweep", S.EXECUTION_STARTED, RequeueAccepted()),
        ("circuits", S.EXECUTION_ENDED, CollectAccepted()),
        ("sweep", S.POST_PROCESSING_ENDED, CollectAccepted()),
        ("compile", S.POST_PROCESSING_STARTED, RestartAccepted()),
    ],
)
def test_an_attempt_begins_where_the_one_before_it_has_left_something(
    kind: JobKind, failed_at: S, expected: object
) -> None:
    assert opening(kind, failed_at) == expected


def test_a_job_that_names_errors_must_ask_for_attempts_and_name_errors_that_there_are() -> None:
    assert not spec_problems(JobSpec(work=WORK, max_attempts=2, retry_on=(DRIVER,)))
    assert not spec_problems(JobSpec(work=Sweep(returns=("a.y",)), resume=True))
    (no_sweep,) = spec_problems(JobSpec(work=WORK, resume=True))
    assert (no_sweep.field, "only a sweep" in no_sweep.message) == ("resume", True)
    (alone,) = spec_problems(JobSpec(work=WORK, retry_on=(DRIVER,)))
    assert "max_attempts" in str(alone)
    (unknown,) = spec_problems(JobSpec(work=WORK, max_attempts=2, retry_on=(ErrorCode.UNKNOWN,)))
    assert "known are invalid_request" in str(unknown)
