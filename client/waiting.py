"""Following one job along the station's feed until what is waited for has come, or cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.client.awaiting import Verdict, verdict
from stationd.client.shared import connection
from stationd.proto.error import ErrorInfo, JobError, JobNotFinished, StationError
from stationd.proto.jobs_protocol import Get, Job
from stationd.proto.status import JobExecutorStatus, StatusEnum

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stationd.client.awaiting import AnyStatus
    from stationd.client.references import JobStatus
    from stationd.client.story import Story
    from stationd.proto.job import JobView


_SUCCESS: Final = (StatusEnum.COMPLETED.name, JobExecutorStatus.READY.name)


async def follow(story: Story, awaited: AnyStatus) -> AsyncGenerator[JobStatus]:
    """Yield a job's statuses up to the one that decides the wait.

    Args:
        story: Knows nothing yet; is told what is yielded.
        awaited: What is waited for.
    """
    stream = connection().listen((story.job,))
    try:
        while True:
            for status in story.take(await stream.receive()):
                yield status
                if judged(story, awaited) is not Verdict.OPEN:
                    return
    finally:
        stream.close()


def judged(story: Story, awaited: AnyStatus) -> Verdict:
    """Return what a story says about a status that is waited for."""
    return verdict(awaited, story.attempt)


async def failed_items(story: Story) -> dict[int, ErrorInfo]:
    """Return the errors of a job's items, by their numbers; what can be had of them."""
    try:
        answer = await connection().ask(Get(0, story.job), Job)
    except StationError:
        # The job's own error is known already; those of its items only add to it.
        return {}
    return {item.index: item.error for item in answer.view.items if item.error is not None}


def job_error(story: Story, awaited: AnyStatus, items: dict[int, ErrorInfo]) -> JobError:
    """Return the error, not raised, of a job that cannot reach what is waited for.

    Raises:
        ValueError: Nothing is known of the job.
    """
    status = story.status
    if status is None:
        raise ValueError("nothing is known of the job")
    # "has failed" says it all to whoever waits for the end.
    detail = (
        ""
        if status.status.is_terminal and awaited.name in _SUCCESS
        else f"job {status.job} is {status.status} and cannot reach {awaited.name} any more"
    )
    return JobError(status.job, status.status, status.error, items, detail)


def check_finished(view: JobView) -> None:
    """Return if a job is over and has all its results.

    Raises:
        JobNotFinished: It is still under way.
        JobError: It failed, or was cancelled.
    """
    if not view.status.is_terminal:
        raise JobNotFinished(
            f"job {view.id} is still under way ({view.status}): wait for it, or allow incomplete"
            " results"
        )
    if view.status is JobExecutorStatus.READY:
        return
    items = {item.index: item.error for item in view.items if item.error is not None}
    raise JobError(view.id, view.status, view.error, items)
