"""An item is handed out as what it is: with a result, without one yet, or without one for good."""

from stationd.client.references.item import IncompleteJobItemRef
from stationd.client.references.referring import incomplete_item, status_of_item
from stationd.proto.error import ErrorCode, ErrorInfo, Problem
from stationd.proto.job import ArtifactRef, ItemView
from stationd.proto.status import JobExecutorStatus, StatusEnum
from tests.client.shown import ERROR, ID, view


def test_an_item_without_result_says_why() -> None:
    failed = incomplete_item(view(), ItemView(index=1, error=ERROR))
    assert repr(failed) == (f"<IncompleteJobItemRef {ID} item 1: ERROR, the source does not lock>")
    assert isinstance(failed, IncompleteJobItemRef)
    assert incomplete_item(view(), ItemView(index=0)).last_status is StatusEnum.QUEUED


def test_an_item_of_a_job_that_was_refused_says_what_was_wrong_with_it() -> None:
    problems = (
        Problem("gate 'hadamard' is not defined", item=0, line=3),
        Problem("too many shots", item=1, field="n_shots"),
        Problem("there is no such target", field="target"),
    )
    refused = ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot run", problems)
    job = view(status=JobExecutorStatus.FAILED, error=refused)
    assert incomplete_item(job, ItemView(index=0)).last_message == (
        "the job cannot run: item 0, line 3: gate 'hadamard' is not defined;"
        " target: there is no such target"
    )
    lost = view(status=JobExecutorStatus.FAILED, error=ERROR)
    assert incomplete_item(lost, ItemView(index=0)).last_message == "the source does not lock"


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
