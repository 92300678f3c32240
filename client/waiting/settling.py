"""Following one job along the station's feed until what is waited for has come, or cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from stationd.client.connection.shared import connection
from stationd.client.waiting.story import parts
from stationd.client.waiting.verdict import Verdict, verdict
from stationd.proto.error import ErrorInfo, JobError, JobNotFinished, StationError
from stationd.proto.job import JobView
from stationd.proto.jobs_protocol import MOST_LISTENED, Get, Job
from stationd.proto.status import JobExecutorStatus, StatusEnum

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from stationd.client.references.any_status import AnyStatus
    from stationd.client.references.job import JobStatus
    from stationd.client.waiting.story import Part, Story


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


async def settle(
    stories: Mapping[str, Story], awaited: AnyStatus, enough: Callable[[Story], bool]
) -> None:
    """Follow many jobs over one connection until enough of them are decided.

    Args:
        stories: Of the jobs, by their ids; they know nothing yet.
        awaited: What is waited for.
        enough: Called once with each job that is decided, when it is; True ends it.

    Raises:
        StationError: Some jobs could not be followed; it is the first one's.
    """
    names = list(stories)
    parts = [names[start : start + MOST_LISTENED] for start in range(0, len(names), MOST_LISTENED)]
    if len(parts) == 1:
        await _settle(stories, awaited, enough)
        return
    failures: list[StationError] = []

    async def settle_part(part: list[str]) -> None:
        try:
            done = await _settle({name: stories[name] for name in part}, awaited, enough)
        except StationError as error:
            failures.append(error)
            done = True
        if done:
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for part in parts:
            group.start_soon(settle_part, part)
    if failures:
        raise failures[0]


async def _settle(
    stories: Mapping[str, Story], awaited: AnyStatus, enough: Callable[[Story], bool]
) -> bool:
    """Return True when there is enough, False when all of these jobs are decided."""
    open_ = dict(stories)
    stream = connection().listen(tuple(story.job for story in stories.values()))
    try:
        while open_:
            frame = await stream.receive()
            for job, part in parts(frame):
                story = open_.get(job)
                if story is not None and _decides(story, part, awaited):
                    del open_[job]
                    stream.leave(job)
                    if enough(story):
                        return True
    finally:
        stream.close()
    return False


def _decides(story: Story, part: Part, awaited: AnyStatus) -> bool:
    """Whether a wait that was open before is over with what a job is told of."""
    # Facts before a newest one have left it open: to look at them again with each would make
    # a long timeline cost its square.
    newest = slice(None) if isinstance(part, JobView) else slice(-1, None)
    return any(
        verdict(awaited, story.attempt[newest]) is not Verdict.OPEN for _ in story.hear(part)
    )


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
