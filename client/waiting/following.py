"""Waiting for jobs and listening to them; asynchronous."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import aclosing
from datetime import datetime
from types import TracebackType
from typing import Self

import anyio

from stationd.client.projects import context
from stationd.client.projects.project_ref import ProjectRef
from stationd.client.references.any_status import AnyStatus
from stationd.client.references.job import Job, JobStatus, id_of
from stationd.client.searching import filtering
from stationd.client.searching.filtering import CREATED_AFTER, Status, Strings, Type
from stationd.client.waiting import dashboard
from stationd.client.waiting.settling import failed_items, follow, job_error, judged, settle
from stationd.client.waiting.story import Story
from stationd.client.waiting.verdict import Verdict
from stationd.proto.error import ErrorInfo, RequestError, WaitTimeout
from stationd.proto.project import PropertyValue
from stationd.proto.search import ScopeFilterEnum
from stationd.proto.status import StatusEnum


class Listening:
    """Statuses as they come: to be iterated over, or awaited for the last of them.

    ``async with aclosing(...)`` ends it early; whoever leaves a loop without that leaves the end
    to the event loop.
    """

    def __init__(self, updates: AsyncGenerator[JobStatus]) -> None:
        self._updates = updates

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JobStatus:
        return await anext(self._updates)

    def __await__(self) -> Generator[object, None, JobStatus]:
        """Wait until nothing more comes, and return the last status."""
        return self._last().__await__()

    async def aclose(self) -> None:
        """Hear no more."""
        await self._updates.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _last(self) -> JobStatus:
        seen: list[JobStatus] = []
        async with aclosing(self._updates):
            async for status in self._updates:
                seen[:] = [status]
        if not seen:
            raise RequestError("this has been listened to already: listen anew")
        return seen[0]


async def wait_for(
    job: Job,
    wait_for_status: AnyStatus | str = StatusEnum.COMPLETED,
    timeout: float | None = 300.0,
) -> JobStatus:
    """Wait until a job has reached a status.

    Nothing is polled: the station tells. A lost connection ends no wait.

    Args:
        job: The job.
        wait_for_status: What to wait for. Whoever waits for SUBMITTED, QUEUED or RUNNING is
            content with a later one of these or COMPLETED; a `JobExecutorStatus` is reached
            when the current attempt has stood on it.
        timeout: Seconds; None for as long as it takes. It holds whatever the network does.

    Returns:
        Where the job stands, which is at that status or past it.

    Raises:
        JobError: The job cannot reach it any more.
        WaitTimeout: It has not come in time. Nothing has happened to the job.
        UnknownJob: The station does not know the job.
        StationUnreachable: Nobody has answered at all.
    """
    awaited = status_named(wait_for_status)
    story = Story(id_of(job))
    items: dict[int, ErrorInfo] = {}
    with anyio.move_on_after(timeout):
        async with aclosing(follow(story, awaited)) as updates:
            async for _ in updates:
                pass
        if judged(story, awaited) is Verdict.LOST:
            items = await failed_items(story)
    match judged(story, awaited), story.status:
        case Verdict.REACHED, JobStatus() as reached:
            return reached
        case Verdict.LOST, _:
            raise job_error(story, awaited, items)
        case _, last:
            raise WaitTimeout(story.job, last.status if last else None, timeout or 0.0)


async def wait_for_all(
    jobs: Iterable[Job],
    wait_for_status: AnyStatus | str = StatusEnum.COMPLETED,
    timeout: float | None = 300.0,
) -> list[JobStatus]:
    """Wait until all of some jobs have reached a status, over one connection.

    Args:
        jobs: The jobs.
        wait_for_status: As for `wait_for`.
        timeout: Seconds for all of them together; None for as long as it takes.

    Returns:
        Where each stands, in the order of the jobs.

    Raises:
        JobError: One of them cannot reach it any more; raised at once.
        WaitTimeout: They have not all come in time; it names the first that is missing.
        UnknownJob: The station does not know one of them.
        StationUnreachable: Nobody has answered at all.
    """
    awaited = status_named(wait_for_status)
    jobs = list(jobs)
    stories = _stories(jobs)
    missing = set(stories)
    lost: list[Story] = []

    def enough(story: Story) -> bool:
        missing.discard(story.job)
        if judged(story, awaited) is Verdict.LOST:
            lost.append(story)
        return bool(lost) or not missing

    items: dict[int, ErrorInfo] = {}
    with anyio.move_on_after(timeout):
        await settle(stories, awaited, enough)
        if lost:
            items = await failed_items(lost[0])
    if lost:
        raise job_error(lost[0], awaited, items)
    return [_reached(stories[id_of(job)], awaited, timeout) for job in jobs]


async def wait_for_any(
    jobs: Iterable[Job],
    wait_for_status: AnyStatus | str = StatusEnum.COMPLETED,
    timeout: float | None = 300.0,
) -> JobStatus:
    """Wait until the first of some jobs has reached a status, over one connection.

    Args:
        jobs: The jobs.
        wait_for_status: As for `wait_for`.
        timeout: Seconds; None for as long as it takes.

    Returns:
        Where that job stands; its `job` says which it is.

    Raises:
        JobError: None of them can reach it any more; of the last one.
        WaitTimeout: None has come in time.
        UnknownJob: The station does not know one of them.
        StationUnreachable: Nobody has answered at all.
    """
    awaited = status_named(wait_for_status)
    stories = _stories(jobs)
    decided: list[Story] = []

    def enough(story: Story) -> bool:
        decided.append(story)
        reached = judged(story, awaited) is Verdict.REACHED
        return reached or len(decided) == len(stories)

    items: dict[int, ErrorInfo] = {}
    with anyio.move_on_after(timeout):
        await settle(stories, awaited, enough)
        if len(decided) == len(stories) and judged(decided[-1], awaited) is Verdict.LOST:
            items = await failed_items(decided[-1])
    if decided and judged(decided[-1], awaited) is Verdict.REACHED:
        return _reached(decided[-1], awaited, timeout)
    if len(decided) == len(stories):
        raise job_error(decided[-1], awaited, items)
    heard = {story.job for story in decided}
    waiting = next(story for story in stories.values() if story.job not in heard)
    return _reached(waiting, awaited, timeout)


def listen_job_status(
    job: Job, wait_for_status: AnyStatus | str = StatusEnum.COMPLETED
) -> Listening:
    """Yield where a job stands, and then every change: none left out and none twice.

    Ends when the job has reached the status, or cannot reach it any more. What is returned can
    be awaited, too, and gives the last status then.

    Args:
        job: The job.
        wait_for_status: What to listen for.

    Raises:
        UnknownJob: The station does not know the job.
        StationUnreachable: Nobody has answered at all.
    """
    return Listening(follow(Story(id_of(job)), status_named(wait_for_status)))


def listen_all(
    *,
    name_like: str | None = None,
    name_exact: Strings | None = None,
    creator_email: Strings | None = None,
    project: ProjectRef | str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    job_status: Status | Iterable[Status] | None = None,
    job_type: Type | Iterable[Type] | None = None,
    created_before: datetime | None = None,
    created_after: datetime | None = CREATED_AFTER,
    scope: ScopeFilterEnum | str | None = None,
    target: str | None = None,
) -> Listening:
    """Yield where the jobs that match stand that are under way, and then every change of any.

    Jobs that come in later are heard of too. It ends with the connection, or when it is closed.

    Args:
        name_like: As in `get_all`, and so are the others.
        name_exact: The whole name.
        creator_email: Who submitted it.
        project: A project, or its id.
        properties: Each must be as given.
        job_status: Only these statuses are yielded.
        job_type: ``execute`` or ``compile``, or finer.
        created_before: Earlier than this.
        created_after: At this time or later.
        scope: As whom to look.
        target: The QPU.

    Raises:
        RequestError: An argument makes no sense.
        StationUnreachable: Nobody has answered at all.
    """
    wanted = filtering.wanted(
        name_like=name_like,
        name_exact=name_exact,
        creator_email=creator_email,
        project=context.project_of(project),
        properties=properties,
        job_status=job_status,
        job_type=job_type,
        created_before=created_before,
        created_after=created_after,
        scope=scope,
        target=target,
    )
    return Listening(dashboard.follow_all(wanted))


def status_named(status: AnyStatus | str) -> AnyStatus:
    """Return a status that may be given by its name.

    Raises:
        RequestError: There is none of this name.
    """
    return filtering.status_of(status, "wait_for_status")


def _stories(jobs: Iterable[Job]) -> dict[str, Story]:
    ids = [id_of(job) for job in jobs]
    if not ids:
        raise RequestError("jobs: give one at least")
    return {number: Story(number) for number in ids}


def _reached(story: Story, awaited: AnyStatus, timeout: float | None) -> JobStatus:
    if judged(story, awaited) is Verdict.REACHED and story.status is not None:
        return story.status
    last = story.status
    raise WaitTimeout(story.job, last.status if last else None, timeout or 0.0)
