"""What the arguments of a search mean."""

from datetime import UTC, datetime
from typing import Any

import pytest

from stationd.client.searching.filtering import CREATED_AFTER, described, sorting, wanted
from stationd.proto.error import RequestError
from stationd.proto.job import JobFilter, JobType
from stationd.proto.search import ScopeFilterEnum, SortFilterEnum
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, StatusEnum

PROJECT = "5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1"


def test_nothing_given_matches_any_job() -> None:
    assert wanted() == JobFilter()
    assert described(JobFilter()) == "any job"


def test_one_or_several_of_each_can_be_given() -> None:
    assert wanted(
        name_like="x", job_status=StatusEnum.QUEUED, job_type="sweep", target="qpu"
    ) == JobFilter(name_like="x", coarse=(JobStatusEnum.QUEUED,), kinds=("sweep",), target="qpu")
    several = wanted(
        job_status=[JobStatusEnum.ERROR, StatusEnum.QUEUED], job_type=("sweep", "compile")
    )
    assert several.coarse == (JobStatusEnum.ERROR, JobStatusEnum.QUEUED)
    assert several.kinds == ("sweep", "compile")


def test_rungs_can_be_searched_for() -> None:
    found = wanted(job_status=JobExecutorStatus.PENDING_EXECUTION)
    assert found.statuses == (JobExecutorStatus.PENDING_EXECUTION,)
    assert described(found) == "status pending_execution"


def test_rungs_and_coarse_statuses_do_not_mix() -> None:
    with pytest.raises(RequestError, match="search for one kind"):
        wanted(job_status=[JobExecutorStatus.READY, StatusEnum.ERROR])


def test_a_status_that_is_passed_through_can_be_searched_for() -> None:
    found = wanted(job_status=[StatusEnum.RETRYING, "cancelling", JobStatusEnum.ERROR])
    assert found.passing == ("RETRYING", "CANCELLING")
    assert found.coarse == (JobStatusEnum.ERROR,)
    assert described(found) == "status ERROR or RETRYING or CANCELLING"


def test_executing_means_circuits_and_sweeps() -> None:
    assert wanted(job_type=JobType.EXECUTE).kinds == ("circuits", "sweep")
    assert wanted(job_type=[JobType.COMPILE, "sweep"]).kinds == ("compile", "sweep")


def test_all_filters_of_the_api_that_this_one_follows_can_be_given() -> None:
    time = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - without a zone it is meant in UTC
    found = wanted(
        name_exact="bell",
        creator_email=["ada", "max"],
        project=PROJECT,
        properties={"cooldown": 7, "blind": True},
        created_before=time,
        created_after=CREATED_AFTER,
        modified_before=time.replace(tzinfo=UTC),
        modified_after=time,
        scope="highest",
    )
    unix = time.replace(tzinfo=UTC).timestamp()
    assert found == JobFilter(
        names=("bell",),
        creators=("ada", "max"),
        projects=(PROJECT,),
        properties={"cooldown": 7, "blind": True},
        created_before=unix,
        created_after=CREATED_AFTER.timestamp(),
        modified_before=unix,
        modified_after=unix,
        scope=ScopeFilterEnum.HIGHEST,
    )
    assert described(found) == (
        f"name 'bell', creator ada or max, project {PROJECT}, properties cooldown=7, blind=True,"
        " created before 2026-01-02 03:04:05, modified after 2026-01-02 03:04:05,"
        " modified before 2026-01-02 03:04:05, scope highest"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"job_status": "SLEEPING"}, "job_status: 'SLEEPING' is no status"),
        ({"job_type": "dance"}, "job_type: 'dance' is none of"),
        ({"scope": "galaxy"}, "scope: 'galaxy' is none of user, org_admin"),
        ({"properties": {"n": [1]}}, "the search makes no sense"),
        ({"properties": {'a"b': 1}}, "the search makes no sense"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(
    arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(RequestError, match=words):
        wanted(**arguments)


def test_an_order_can_be_given_by_name() -> None:
    assert sorting("-name") == (SortFilterEnum.NAME_DESC,)  # type: ignore[arg-type]
    assert sorting([SortFilterEnum.NAME_ASC, SortFilterEnum.CREATED_DESC]) == (
        SortFilterEnum.NAME_ASC,
        SortFilterEnum.CREATED_DESC,
    )
