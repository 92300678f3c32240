"""Following all jobs that match a search, for dashboards."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

import msgspec

from stationd.client.connection.shared import connection
from stationd.client.references.job import JobStatus
from stationd.client.references.referring import status_of
from stationd.client.waiting.story import Story
from stationd.proto.job import MOST_NAMED, JobFilter, place_of
from stationd.proto.jobs_protocol import MOST_LISTED, Events, Jobs, List, ProgressReport, Snapshot
from stationd.proto.search import Order
from stationd.proto.status import JobStatusEnum

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from stationd.client.connection.stream import Frame
    from stationd.proto.job import JobId, JobView, TimelineEntry

_UNDER_WAY: Final = (JobStatusEnum.SUBMITTED, JobStatusEnum.QUEUED, JobStatusEnum.RUNNING)


async def follow_all(wanted: JobFilter) -> AsyncGenerator[JobStatus]:
    """Yield the statuses of the matching jobs that are under way, then every change of any.

    Args:
        wanted: Which jobs; its statuses are those that are yielded.
    """
    stream = connection().listen(None)
    try:
        # What follows is later than this snapshot, which holds no views.
        begun = await stream.receive()
        known = _Known(wanted, begun.seq if isinstance(begun, Snapshot) else 0)
        async with aclosing(known.begin()) as updates:
            async for status in updates:
                yield status
        while True:
            frame = await stream.receive()
            if isinstance(frame, Snapshot):
                for status in await known.catch_up(frame.seq):
                    yield status
                continue
            await known.look_up(frame)
            for status in known.take(frame):
                yield status
    finally:
        stream.close()


class _Known:
    """The jobs that are under way, of which the station has said whether they match."""

    def __init__(self, wanted: JobFilter, seq: int) -> None:
        self._wanted = wanted
        self._seq = seq
        self._newest = 0
        self._coarse = {*(each.value for each in wanted.coarse), *wanted.passing}
        self._which = msgspec.structs.replace(wanted, statuses=(), coarse=(), passing=())
        self._stories: dict[JobId, Story] = {}
        self._others: set[JobId] = set()

    async def begin(self) -> AsyncGenerator[JobStatus]:
        """Yield the statuses of the matching jobs that are under way."""
        newest = await connection().ask(List(0, self._which, None, 1), Jobs)
        self._newest = max((view.number for view in newest.views), default=0)
        async with aclosing(self._pages(self._under_way)) as views:
            async for view in views:
                status = self._begin(view)
                if self._shows(status):
                    yield status

    async def catch_up(self, seq: int) -> list[JobStatus]:
        """Return what has come about that the station can tell no more fact by fact.

        The newest status of every job that has changed since and is still stored, in the order
        of the feed.

        Args:
            seq: The facts after this one will be told.
        """
        found = {view.id: view for view in await self._changed()}
        # One that is over by now is known for as long as facts of it are to come.
        self._stories = {job: story for job, story in self._stories.items() if job in found}
        heard, self._seq = self._seq, seq
        news: list[JobStatus] = []
        for view in sorted(found.values(), key=lambda view: view.seq):
            if view.seq > heard:
                news.append(self._begin(view))
            if view.status.is_terminal and view.seq <= seq:
                self._stories.pop(view.id, None)
        return [status for status in news if self._shows(status)]

    async def _changed(self) -> list[JobView]:
        """Return the jobs that were under way, those that are, and those that have come since."""
        known, newest = list(self._stories), self._newest
        searches = [self._under_way, self._which]
        searches += [
            msgspec.structs.replace(self._which, ids=tuple(known[start : start + MOST_NAMED]))
            for start in range(0, len(known), MOST_NAMED)
        ]
        found: list[JobView] = []
        for which in searches:
            async with aclosing(self._pages(which)) as views:
                async for view in views:
                    if which is self._which and view.number <= newest:
                        break
                    found.append(view)
        return found

    @property
    def _under_way(self) -> JobFilter:
        return msgspec.structs.replace(
            self._which, coarse=_UNDER_WAY, passing=("CANCELLING", "RETRYING")
        )

    async def _pages(self, which: JobFilter) -> AsyncGenerator[JobView]:
        order, more = Order(), True
        while more:
            request = List(0, which, None, MOST_LISTED, order)
            page = await connection().ask(request, Jobs)
            more = page.more and bool(page.views)
            for view in page.views:
                order = Order((), place_of(view))
                yield view

    async def look_up(self, frame: Frame) -> None:
        """Ask about the jobs of a frame that nothing is known of: once for all of them."""
        if not isinstance(frame, Events):
            return
        told = {event.job for event in frame.events} - self._others
        new = [job for job in told if job not in self._stories]
        # A frame may tell of more jobs than a search may name.
        for start in range(0, len(new), MOST_NAMED):
            await self._learn(new[start : start + MOST_NAMED])

    async def _learn(self, new: Sequence[JobId]) -> None:
        which = msgspec.structs.replace(self._which, ids=tuple(new))
        page = await connection().ask(List(0, which, None, MOST_LISTED), Jobs)
        matching = {view.id for view in page.views}
        self._newest = max([self._newest, *(view.number for view in page.views)])
        self._stories |= {job: Story(job) for job in matching}
        self._others |= set(new) - matching

    def take(self, frame: Frame) -> Iterator[JobStatus]:
        """Yield what a frame tells of the matching jobs."""
        if isinstance(frame, ProgressReport):
            if (story := self._stories.get(frame.job)) is not None:
                yield from filter(self._shows, story.hear(frame))
        elif isinstance(frame, Events):
            for event in frame.events:
                self._seq = event.entry.seq
                yield from self._take(event.job, event.entry)
                if event.entry.status.is_terminal and not event.entry.retrying:
                    self._stories.pop(event.job, None)
                    self._others.discard(event.job)

    def _take(self, job: JobId, fact: TimelineEntry) -> Iterator[JobStatus]:
        story = self._stories.get(job)
        if story is not None and (story.status is None or fact.seq > story.status.seq):
            yield from filter(self._shows, story.hear(fact))

    def _begin(self, view: JobView) -> JobStatus:
        story = self._stories[view.id] = Story(view.id)
        story.status = status_of(view)
        self._newest = max(self._newest, view.number)
        return story.status

    def _shows(self, status: JobStatus) -> bool:
        statuses = self._wanted.statuses
        return (not statuses or status.status in statuses) and (
            not self._coarse or status.coarse.name in self._coarse
        )
