"""From what the station shows to what is handed out."""

from __future__ import annotations

from typing import Final

from msgspec import structs

from stationd.client.references.item import IncompleteJobItemRef
from stationd.client.references.job import JobRef, JobStatus, message_of, ref_class
from stationd.proto.error import ErrorInfo
from stationd.proto.job import ItemView, JobView
from stationd.proto.status import JobExecutorStatus, StatusEnum

_NOT_BEGUN: Final = "not begun: the job was cancelled before its turn"


def job_of(view: JobView) -> JobRef:
    """Return the reference of a job that the station has shown."""
    return ref_class(view.kind)(
        id=view.id,
        kind=view.kind,
        last_status=view.coarse,
        last_message=message_of(view.coarse, view.error),
        status=view.status,
        created_unix_s=view.created_unix_s,
        modified_unix_s=view.modified_unix_s,
        name=view.name,
        description=view.description,
        properties=view.properties,
        project=view.project,
        creator=view.creator,
        target=view.target,
        number=view.number,
        priority=view.priority,
        attempt=view.attempt,
    )


def status_of(view: JobView) -> JobStatus:
    """Return the status of a job that the station has shown whole."""
    last = view.timeline[-1] if view.timeline else None
    return JobStatus(
        job=view.id,
        attempt=view.attempt,
        status=view.status,
        coarse=view.coarse,
        seq=view.seq,
        ordinal=last.ordinal if last else 0,
        time_unix_s=last.time_unix_s if last else view.modified_unix_s,
        cancelling=view.cancelling,
        queue_position=view.queue_position,
        progress=view.progress,
        error=view.error,
        note=view.note,
    )


def incomplete_item(view: JobView, item: ItemView) -> IncompleteJobItemRef:
    """Return the reference of an item that has no result."""
    status = status_of_item(view, item)
    return IncompleteJobItemRef(
        job=view.id,
        index=item.index,
        last_status=status,
        last_message=_message(view, item, status),
        name=item.name,
        error=item.error,
        kind=view.kind,
        project=view.project,
        annotations=job_of(view).annotations,
    )


def _message(view: JobView, item: ItemView, status: StatusEnum) -> str:
    if _was_not_begun(view, item):
        return _NOT_BEGUN
    # A job that was not executed at all has failed as a whole: that is why there is no result.
    failed = view.error if status is StatusEnum.ERROR else None
    return message_of(status, item.error or (failed and _about(failed, item.index)))


def _about(error: ErrorInfo, index: int) -> ErrorInfo:
    """Return a job's error without what is wrong with other items than this one."""
    problems = tuple(one for one in error.problems if one.item in {None, index})
    return structs.replace(error, problems=problems) if problems else error


def status_of_item(view: JobView, item: ItemView) -> StatusEnum:
    """Return where an item stands: by its error, by its whole result, else as its job."""
    if item.error is not None:
        return StatusEnum.ERROR
    whole = item.result is not None and not item.partial
    return StatusEnum.COMPLETED if whole else view.coarse


def _was_not_begun(view: JobView, item: ItemView) -> bool:
    """Whether a cancel came before anything was executed of an item."""
    return view.status is JobExecutorStatus.ABORTED and item.error is None and not item.partial
