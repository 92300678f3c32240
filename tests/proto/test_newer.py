"""Statuses that only a newer peer knows."""

import copy
import gc
import operator
import weakref
from collections.abc import Callable

import pytest

from stationd.proto.newer import statuses_of_newer_peers
from stationd.proto.status import JobExecutorStatus, StatusEnum, coarse_status


def stranger(value: str = "cooling_down") -> JobExecutorStatus:
    with statuses_of_newer_peers():
        return JobExecutorStatus(value)


def test_its_name_and_value_are_those_that_were_received() -> None:
    status = stranger()
    assert (status.name, status.value, str(status)) == ("COOLING_DOWN",) + ("cooling_down",) * 2
    assert repr(status) == "<JobExecutorStatus.COOLING_DOWN: 'cooling_down'>"
    assert (status.is_known, JobExecutorStatus.READY.is_known) == (False, True)


def test_it_is_none_of_the_eighteen_and_ends_nothing() -> None:
    status = stranger()
    assert len(JobExecutorStatus) == 18
    assert status not in set(JobExecutorStatus)
    assert all(status != known for known in JobExecutorStatus)
    assert not status.is_terminal
    assert status == "Cooling_Down"


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_it_has_no_place_in_the_order(compare: Callable[[object, object], bool]) -> None:
    for other in (JobExecutorStatus.READY, "ready", stranger("defrosting"), stranger()):
        for left, right in ((stranger(), other), (other, stranger())):
            with pytest.raises(TypeError):
                compare(left, right)


def test_the_same_status_is_the_same_object_while_somebody_has_it() -> None:
    status = stranger()
    assert stranger() is status
    assert copy.deepcopy(status) is status
    assert hash(status) == hash("cooling_down")


def test_nothing_is_kept_of_it_when_nobody_has_it_any_more() -> None:
    kept = weakref.ref(stranger("thawing"))
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("value", ["READY", "", "two words", "x" * 65])
def test_what_is_not_written_as_a_status_is_wrong_everywhere(value: str) -> None:
    with statuses_of_newer_peers(), pytest.raises(ValueError, match="is not a valid"):
        JobExecutorStatus(value)


def test_elsewhere_the_enums_are_closed() -> None:
    for enum in (JobExecutorStatus, StatusEnum):
        with pytest.raises(ValueError, match="is not a valid"):
            enum("cooling_down")


def test_it_shows_as_it_is_unless_a_cancel_is_under_way() -> None:
    coarse = coarse_status(stranger())
    assert (coarse.name, coarse.value) == ("COOLING_DOWN", "cooling_down")
    assert coarse not in set(StatusEnum)
    assert coarse_status(stranger(), retrying=True) is coarse
    assert coarse_status(stranger(), cancelling=True) is StatusEnum.CANCELLING
