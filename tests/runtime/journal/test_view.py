import pytest

from stationd.proto.job import JobFilter
from stationd.proto.status import JobExecutorStatus as Status
from stationd.proto.status import JobStatusEnum
from stationd.runtime.journal.view import owner, statuses_meant


def test_a_filter_without_statuses_means_all() -> None:
    assert statuses_meant(JobFilter()) is None


def test_every_status_has_one_coarse_status_to_be_found_by() -> None:
    found = [
        status
        for coarse in JobStatusEnum
        for status in statuses_meant(JobFilter(coarse=(coarse,))) or ()
    ]
    assert sorted(found) == list(Status)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        (JobFilter(statuses=(Status.READY,)), {Status.READY}),
        (JobFilter(coarse=(JobStatusEnum.QUEUED,)), {Status.PENDING_EXECUTION}),
        (JobFilter(statuses=(Status.READY,), coarse=(JobStatusEnum.QUEUED,)), set[Status]()),
    ],
)
def test_statuses_and_coarse_statuses_must_both_match(
    wanted: JobFilter, meant: set[Status]
) -> None:
    found = statuses_meant(wanted)
    assert found is not None
    assert set(found) == meant


def test_an_artifact_names_its_job() -> None:
    assert owner("0f3c/2/7") == "0f3c"
    assert owner("") == ""
