"""An item is handed out as what it is: with a result, without one yet, or without one for good."""

from stationd.client.references.item import IncompleteJobItemRef
from stationd.client.references.referring import incomplete_item, status_of_item
from stationd.proto.job import ArtifactRef, ItemView
from stationd.proto.status import JobExecutorStatus, StatusEnum
from tests.client.shown import ERROR, ID, view


def test_an_item_without_result_says_why() -> None:
    failed = incomplete_item(view(), ItemView(index=1, error=ERROR))
    assert repr(failed) == (f"<IncompleteJobItemRef {ID} item 1: ERROR, the source does not lock>")
    assert isinstance(failed, IncompleteJobItemRef)
    assert incomplete_item(view(), ItemView(index=0)).last_status is StatusEnum.QUEUED


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
