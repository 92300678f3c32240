"""Searching for jobs: what is asked for, and the pages in which the answers come."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from stationd.client.references import JobRef, job_of
from stationd.proto.error import RequestError
from stationd.proto.job import JobFilter, JobKind
from stationd.proto.jobs_protocol import MOST_LISTED, Jobs, List
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, StatusEnum

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

    from stationd.client.awaiting import AnyStatus
    from stationd.proto.jobs_protocol import Request

PAGE: Final = 100
"""Jobs per request."""

Found = list[JobRef]
"""So that `JobSearch.list` can be named as it is."""


def wanted(
    name_like: str | None,
    job_status: AnyStatus | Iterable[AnyStatus] | None,
    job_type: JobKind | Iterable[JobKind] | None,
    target: str | None,
) -> JobFilter:
    """Return what the arguments of a search ask for.

    Raises:
        RequestError: The statuses cannot be searched for.
    """
    statuses = _several(job_status)
    rungs = tuple(status for status in statuses if isinstance(status, JobExecutorStatus))
    coarse = [status for status in statuses if not isinstance(status, JobExecutorStatus)]
    if rungs and coarse:
        raise RequestError(
            "job_status holds both JobExecutorStatus and coarser statuses: search for one kind"
        )
    return JobFilter(
        name_like=name_like or "",
        statuses=rungs,
        coarse=tuple(_stored(status) for status in coarse),
        kinds=_kinds(job_type),
        target=target or "",
    )


def described(search: JobFilter) -> str:
    """Return a search in words.

    >>> described(JobFilter(name_like="ramsey", coarse=(JobStatusEnum.QUEUED,)))
    "name like 'ramsey', status QUEUED"
    """
    statuses = [*(str(s) for s in search.statuses), *(s.value for s in search.coarse)]
    parts = [
        f"name like {search.name_like!r}" if search.name_like else "",
        f"status {' or '.join(statuses)}" if statuses else "",
        f"type {' or '.join(search.kinds)}" if search.kinds else "",
        f"target {search.target}" if search.target else "",
    ]
    return ", ".join(part for part in parts if part) or "any job"


class JobSearch:
    """The jobs that match a search, the newest first; fetched as they are iterated over.

    Every iteration searches anew. Jobs that come in meanwhile shift nothing: a page begins
    where the one before it ended.
    """

    def __init__(self, search: JobFilter, ask: Callable[[Request], Awaitable[Jobs]]) -> None:
        self._search = search
        self._ask = ask

    def __repr__(self) -> str:
        return f"<JobSearch: {described(self._search)}>"

    async def __aiter__(self) -> AsyncIterator[JobRef]:
        """Yield the matching jobs."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for job in page:
                    yield job

    async def pages(self, size: int = PAGE) -> AsyncGenerator[Found]:
        """Yield the matching jobs, as many at a time as are fetched together."""
        before: int | None = None
        while True:
            page = await self._ask(List(0, self._search, before, size))
            yield [job_of(view) for view in page.views]
            if not page.more or not page.views:
                return
            before = page.views[-1].number

    async def list(self, limit: int | None = None) -> Found:
        """Return the matching jobs; at most `limit` of them, None for all."""
        found: Found = []
        size = PAGE if limit is None else min(limit, MOST_LISTED)
        if size < 1:
            return found
        async with aclosing(self.pages(size)) as pages:
            async for page in pages:
                found += page
                if limit is not None and len(found) >= limit:
                    break
        return found[:limit]

    async def count(self) -> int:
        """Return how many jobs match, by going through all of them."""
        return len(await self.list())


def _stored(status: StatusEnum | JobStatusEnum) -> JobStatusEnum:
    try:
        return JobStatusEnum[status.name]
    except KeyError:
        names = ", ".join(JobStatusEnum.__members__)
        raise RequestError(
            f"jobs cannot be searched for by {status.name}: choose among {names}"
        ) from None


def _several(
    value: AnyStatus | Iterable[AnyStatus] | None,
) -> list[AnyStatus]:
    if value is None:
        return []
    if isinstance(value, StatusEnum | JobStatusEnum | JobExecutorStatus):
        return [value]
    return list(value)


def _kinds(value: JobKind | Iterable[JobKind] | None) -> tuple[JobKind, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    return tuple(value)
