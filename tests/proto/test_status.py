"""The eighteen statuses: their names, their order, and the views derived from them."""

import copy
import itertools
import operator
import pickle  # noqa: TID251 - what Python's own tools do to a status, not how we store one
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from stationd.proto.status import (
    COARSE_ORDER,
    JobExecutorStatus,
    JobStatusEnum,
    StatusEnum,
    coarse_status,
)

LADDER = [
    ("RECEIVED", "received"),
    ("VALIDATION_STARTED", "validation_started"),
    ("VALIDATION_ENDED", "validation_ended"),
    ("FETCH_CALIBRATION_STARTED", "fetch_calibration_started"),
    ("FETCH_CALIBRATION_ENDED", "fetch_calibration_ended"),
    ("COMPILATION_STARTED", "compilation_started"),
    ("COMPILATION_ENDED", "compilation_ended"),
    ("SAVE_SWEEP_METADATA_STARTED", "save_sweep_metadata_started"),
    ("SAVE_SWEEP_METADATA_ENDED", "save_sweep_metadata_ended"),
    ("PENDING_EXECUTION", "pending_execution"),
    ("EXECUTION_STARTED", "execution_started"),
    ("EXECUTION_ENDED", "execution_ended"),
    ("POST_PROCESSING_PENDING", "post_processing_pending"),
    ("POST_PROCESSING_STARTED", "post_processing_started"),
    ("POST_PROCESSING_ENDED", "post_processing_ended"),
    ("READY", "ready"),
    ("FAILED", "failed"),
    ("ABORTED", "aborted"),
]
TERMINAL = {JobExecutorStatus.READY, JobExecutorStatus.FAILED, JobExecutorStatus.ABORTED}
ORDER = list(JobExecutorStatus)
PAIRS = list(itertools.product(range(len(ORDER)), repeat=2))
Comparison = Callable[[Any, Any], object]
COMPARISONS: list[Comparison] = [
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]
SPELLINGS: list[Callable[[str], str]] = [str.lower, str.upper, str.title, str.swapcase]

every_status = pytest.mark.parametrize("status", ORDER)


def test_names_values_and_order_are_those_of_the_source() -> None:
    assert [(status.name, status.value) for status in JobExecutorStatus] == LADDER


def test_no_name_is_an_alias() -> None:
    assert len(JobExecutorStatus.__members__) == len(ORDER) == 18


def test_the_text_of_a_status_is_its_value() -> None:
    assert [str(status) for status in ORDER] == [value for _, value in LADDER]


def test_rungs_count_the_rungs_from_nought() -> None:
    assert [status.rung for status in ORDER] == list(range(18))


def test_three_statuses_are_terminal_and_the_fifteen_others_in_progress() -> None:
    assert JobExecutorStatus.terminal_statuses() == TERMINAL
    assert JobExecutorStatus.in_progress_statuses() == set(ORDER[:15])


@every_status
def test_a_status_knows_whether_it_is_terminal(status: JobExecutorStatus) -> None:
    assert status.is_terminal is (status in TERMINAL)


def test_sets_of_statuses_belong_to_their_caller() -> None:
    JobExecutorStatus.terminal_statuses().clear()
    assert JobExecutorStatus.terminal_statuses() == TERMINAL


@pytest.mark.parametrize("compare", COMPARISONS)
def test_statuses_compare_as_their_rungs_do(
    compare: Comparison,
) -> None:
    for left, right in PAIRS:
        assert compare(ORDER[left], ORDER[right]) is compare(left, right)


@pytest.mark.parametrize("spell", SPELLINGS)
@pytest.mark.parametrize("compare", COMPARISONS)
def test_a_string_in_any_case_compares_as_its_status_on_either_side(
    compare: Comparison, spell: Callable[[str], str]
) -> None:
    for left, right in PAIRS:
        wanted = compare(left, right)
        assert compare(ORDER[left], spell(LADDER[right][1])) is wanted
        assert compare(spell(LADDER[left][1]), ORDER[right]) is wanted


def test_a_failed_or_aborted_job_stands_above_ready() -> None:
    assert JobExecutorStatus.READY < JobExecutorStatus.FAILED < JobExecutorStatus.ABORTED
    assert max(ORDER) is JobExecutorStatus.ABORTED


def test_a_string_on_the_left_is_compared_by_rung_and_not_by_letter() -> None:
    assert "execution_ended" > JobExecutorStatus.EXECUTION_STARTED  # noqa: SIM300 - the point
    assert "validation_started" < JobExecutorStatus.ABORTED  # noqa: SIM300 - the point


@pytest.mark.parametrize("compare", COMPARISONS[:4])
@pytest.mark.parametrize("other", ["nonsense", "", " ready", "ready ", b"ready", 15, None])
def test_ordering_against_what_is_no_status_is_a_type_error(
    other: object, compare: Comparison
) -> None:
    for pair in ((JobExecutorStatus.READY, other), (other, JobExecutorStatus.READY)):
        with pytest.raises(TypeError, match="not supported between instances"):
            compare(*pair)


@pytest.mark.parametrize("other", ["nonsense", "", " ready", b"ready", 15, None, object()])
def test_equality_with_what_is_no_status_is_false(other: object) -> None:
    assert operator.eq(JobExecutorStatus.READY, other) is False
    assert operator.eq(other, JobExecutorStatus.READY) is False
    assert operator.ne(JobExecutorStatus.READY, other) is True
    assert operator.ne(other, JobExecutorStatus.READY) is True


def test_another_class_may_answer_for_equality() -> None:
    class Anything:
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return True

    assert operator.eq(JobExecutorStatus.READY, Anything()) is True


def test_a_status_is_not_a_coarse_status() -> None:
    assert JobExecutorStatus.READY not in (StatusEnum.COMPLETED, JobStatusEnum.COMPLETED)


@every_status
def test_the_hash_is_that_of_the_lower_case_value(status: JobExecutorStatus) -> None:
    assert hash(status) == hash(status.value)
    assert {status: "found"}[status.value] == "found"  # type: ignore[index]
    assert {status.value: "found"}[status] == "found"  # type: ignore[index]


def test_a_string_in_another_case_is_no_key_beside_members() -> None:
    # Equal and yet of another hash: the price of comparing in any case, told in the docstring.
    assert hash("READY") != hash(JobExecutorStatus.READY)


def test_only_the_lower_case_value_makes_a_member() -> None:
    assert JobExecutorStatus("ready") is JobExecutorStatus.READY
    assert JobExecutorStatus["READY"] is JobExecutorStatus.READY
    with pytest.raises(ValueError, match="'READY' is not a valid JobExecutorStatus"):
        JobExecutorStatus("READY")


@every_status
def test_copies_of_a_status_are_the_status_itself(status: JobExecutorStatus) -> None:
    copies = [
        copy.copy(status),
        copy.deepcopy(status),
        *(pickle.loads(pickle.dumps(status, level)) for level in range(6)),
        msgspec.msgpack.decode(msgspec.msgpack.encode(status), type=JobExecutorStatus),
        msgspec.json.decode(msgspec.json.encode(status), type=JobExecutorStatus),
    ]
    assert all(each is status for each in copies)


def test_statuses_sort_in_order_of_the_ladder() -> None:
    downwards = ORDER[::-1]
    assert sorted(downwards) == ORDER


def test_the_eight_sentences_of_nexus() -> None:
    assert {status.name: status.value for status in StatusEnum} == {
        "COMPLETED": "Circuit has completed. Results are ready.",
        "QUEUED": "Circuit is queued.",
        "SUBMITTED": "Circuit has been submitted.",
        "RUNNING": "Circuit is running.",
        "RETRYING": "Circuit is being retried.",
        "CANCELLING": "Cancellation has been requested.",
        "CANCELLED": "Circuit has been cancelled.",
        "ERROR": "Circuit has errored. Check CircuitStatus.message for error message.",
    }


def test_the_six_filters_of_nexus_are_their_own_names() -> None:
    names = ["COMPLETED", "QUEUED", "SUBMITTED", "RUNNING", "CANCELLED", "ERROR"]
    assert [status.name for status in JobStatusEnum] == names
    assert [status.value for status in JobStatusEnum] == names
    assert set(names) < set(StatusEnum.__members__)


COARSE = {
    "SUBMITTED": ORDER[0:9],
    "QUEUED": [JobExecutorStatus.PENDING_EXECUTION],
    "RUNNING": ORDER[10:15],
    "COMPLETED": [JobExecutorStatus.READY],
    "ERROR": [JobExecutorStatus.FAILED],
    "CANCELLED": [JobExecutorStatus.ABORTED],
}


@pytest.mark.parametrize("name", COARSE)
def test_each_rung_has_its_coarse_status(name: str) -> None:
    assert {coarse_status(status).name for status in COARSE[name]} == {name}


def test_the_coarse_statuses_cover_the_ladder() -> None:
    assert [status for rungs in COARSE.values() for status in rungs] == ORDER


@every_status
def test_a_cancel_shows_until_the_job_is_over(status: JobExecutorStatus) -> None:
    wanted = coarse_status(status) if status.is_terminal else StatusEnum.CANCELLING
    assert coarse_status(status, cancelling=True) is wanted
    assert coarse_status(status, cancelling=True, retrying=True) is wanted


@every_status
def test_a_retry_shows_until_the_job_is_queued_again(status: JobExecutorStatus) -> None:
    wanted = StatusEnum.RETRYING if status.rung < 9 else coarse_status(status)
    assert coarse_status(status, retrying=True) is wanted


def test_a_climb_shows_the_coarse_statuses_in_their_order() -> None:
    climb = [coarse_status(status) for status in ORDER[:16]]
    assert tuple(dict.fromkeys(climb)) == COARSE_ORDER
