"""References: what they show of themselves, and what names a job."""

from uuid import UUID

import pytest

from stationd.client.references.job import JobRef, JobStatus, id_of
from stationd.client.references.referring import job_of, status_of
from stationd.proto.error import RequestError
from stationd.proto.job import Progress
from stationd.proto.status import JobExecutorStatus, StatusEnum
from tests.client.shown import ERROR, ID, view


def test_a_job_shows_what_it_is_and_where_it_stands() -> None:
    assert repr(job_of(view())) == (
        f"<ExecuteJobRef {ID} 'bell': circuits, QUEUED (pending_execution)>"
    )


def test_a_status_shows_what_the_job_waits_for() -> None:
    waiting = status_of(view(queue_position=3))
    assert repr(waiting) == f"<JobStatus {ID}: QUEUED (pending_execution), 3 ahead>"
    running = status_of(
        view(
            status=JobExecutorStatus.EXECUTION_STARTED,
            progress=Progress(done=1, total=2, unit="shots"),
        )
    )
    assert repr(running).endswith("RUNNING (execution_started), 1/2 shots>")


def test_a_failure_is_the_message() -> None:
    failed = job_of(view(status=JobExecutorStatus.FAILED, error=ERROR))
    assert (failed.last_status, failed.last_message) == (StatusEnum.ERROR, ERROR.detail)
    assert "the source does not lock" in repr(status_of(view(error=ERROR)))
    assert repr(failed).endswith("circuits, ERROR (failed), the source does not lock>")
    assert failed.row()["last_message"] == "the source does not lock"


def test_anything_that_was_handed_out_names_the_job() -> None:
    job, status = job_of(view()), status_of(view())
    assert isinstance(job, JobRef)
    assert isinstance(status, JobStatus)
    for name in (job, status, view(), ID, ID.upper(), UUID(ID)):
        assert id_of(name) == ID
    with pytest.raises(RequestError, match="'bell' is not the id of a job"):
        id_of("bell")


def test_a_table_of_jobs_has_the_numbers_that_name_them_in_the_shell() -> None:
    row = job_of(view(number=42)).row()
    assert (row["number"], row["id"]) == (42, ID)
