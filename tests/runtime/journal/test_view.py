from stationd.proto.job import JobFilter
from stationd.proto.status import JobExecutorStatus as Status
from stationd.proto.status import JobStatusEnum
from stationd.runtime.journal.view import owner, statuses_meant


def test_every_status_can_be_found_by_a_coarse_one() -> None:
    coarse = [statuses_meant(JobFilter(coarse=(each,))) or frozenset() for each in JobStatusEnum]
    assert frozenset[Status]().union(*coarse) == frozenset(Status)


def test_what_is_under_way_may_be_cancelling() -> None:
    meant = statuses_meant(JobFilter(passing=("CANCELLING",)))
    assert meant == frozenset(Status.in_progress_statuses())
    assert statuses_meant(JobFilter()) is None


def test_an_artifact_names_its_job() -> None:
    assert owner("0f3c/2/7") == "0f3c"
    assert owner("") == ""
