"""References: what they show of themselves, and what names a job."""

from uuid import UUID

import pytest

from stationd.client.references import (
    IncompleteJobItemRef,
    JobRef,
    JobStatus,
    id_of,
    incomplete_item,
    job_of,
    status_of,
    status_of_item,
)
from stationd.proto.error import ErrorCode, ErrorInfo, RequestError
from stationd.proto.job import ArtifactRef, ItemView, JobId, JobView, Progress
from stationd.proto.status import JobExecutorStatus, StatusEnum

ID = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")
ERROR = ErrorInfo(ErrorCode.DRIVER_FAILED, "the source does not lock")


def view(**changes: object) -> JobView:
    fields: dict[str, object] = {
        "id": ID,
        "number": 1,
        "kind": "circuits",
        "target": "qpu",
        "status": JobExecutorStatus.PENDING_EXECUTION,
        "attempt": 1,
        "created_unix_s": 0.0,
        "modified_unix_s": 1.0,
        "seq": 9,
        "name": "bell",
    }
    return JobView(**(fields | changes))  # type: ignore[arg-type]


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


def test_an_item_without_result_says_why() -> None:
    failed = incomplete_item(view(), ItemView(index=1, error=ERROR))
    assert repr(failed) == (f"<IncompleteJobItemRef {ID} item 1: ERROR, the source does not lock>")
    assert isinstance(failed, IncompleteJobItemRef)
    assert incomplete_item(view(), ItemView(index=0)).last_status is StatusEnum.QUEUED


def test_anything_that_was_handed_out_names_the_job() -> None:
    job, status = job_of(view()), status_of(view())
    assert isinstance(job, JobRef)
    assert isinstance(status, JobStatus)
    for name in (job, status, view(), ID, ID.upper(), UUID(ID)):
        assert id_of(name) == ID
    with pytest.raises(RequestError, match="'bell' is not the id of a job"):
        id_of("bell")


def test_an_item_stands_where_its_error_its_result_or_its_job_says() -> None:
    running = view(status=JobExecutorStatus.EXECUTION_STARTED)
    stored = ArtifactRef(id=f"{ID}/1/0", size_bytes=1, sha256="")
    whole = ItemView(index=0, result=stored)
    partial = ItemView(index=0, result=stored, partial=True)
    assert status_of_item(running, whole) is StatusEnum.COMPLETED
    assert status_of_item(running, partial) is StatusEnum.RUNNING
    assert status_of_item(running, ItemView(index=0)) is StatusEnum.RUNNING
    failed = ItemView(index=0, result=stored, partial=True, error=ERROR)
    assert status_of_item(running, failed) is StatusEnum.ERROR


def test_a_table_of_jobs_has_the_numbers_that_name_them_in_the_shell() -> None:
    row = job_of(view(number=42)).row()
    assert (row["number"], row["id"]) == (42, ID)
