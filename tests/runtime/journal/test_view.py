from stationd.proto.job import JobFilter
from stationd.proto.status import JobExecutorStatus as Status
from stationd.proto.status import JobStatusEnum
from stationd.runtime.journal.view import coarse_meant, owner


def test_every_status_has_one_coarse_status_to_be_found_by() -> None:
    found = [
        status for coarse in JobStatusEnum for status in coarse_meant(JobFilter(coarse=(coarse,)))
    ]
    assert sorted(found) == list(Status)


def test_an_artifact_names_its_job() -> None:
    assert owner("0f3c/2/7") == "0f3c"
    assert owner("") == ""
