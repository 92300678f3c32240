"""What the arguments of a search mean."""

import pytest

from stationd.client.search import described, wanted
from stationd.proto.error import RequestError
from stationd.proto.job import JobFilter
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, StatusEnum


def test_nothing_given_matches_any_job() -> None:
    assert wanted(None, None, None, None) == JobFilter()
    assert described(JobFilter()) == "any job"


def test_one_or_several_of_each_can_be_given() -> None:
    assert wanted("x", StatusEnum.QUEUED, "sweep", "qpu") == JobFilter(
        name_like="x", coarse=(JobStatusEnum.QUEUED,), kinds=("sweep",), target="qpu"
    )
    several = wanted(None, [JobStatusEnum.ERROR, StatusEnum.QUEUED], ("sweep", "compile"), None)
    assert several.coarse == (JobStatusEnum.ERROR, JobStatusEnum.QUEUED)
    assert several.kinds == ("sweep", "compile")


def test_rungs_can_be_searched_for() -> None:
    found = wanted(None, JobExecutorStatus.PENDING_EXECUTION, None, None)
    assert found.statuses == (JobExecutorStatus.PENDING_EXECUTION,)
    assert described(found) == "status pending_execution"


def test_rungs_and_coarse_statuses_do_not_mix() -> None:
    with pytest.raises(RequestError, match="search for one kind"):
        wanted(None, [JobExecutorStatus.READY, StatusEnum.ERROR], None, None)


@pytest.mark.parametrize("status", [StatusEnum.RETRYING, StatusEnum.CANCELLING])
def test_a_status_that_is_not_stored_is_refused(status: StatusEnum) -> None:
    with pytest.raises(RequestError, match=f"by {status.name}: choose among COMPLETED"):
        wanted(None, status, None, None)
