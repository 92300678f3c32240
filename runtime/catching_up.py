"""Listeners that have fallen behind, on their way back to where the feed is.

Rule 1. Nothing is left out in silence: a stream so far behind that facts may have been deleted
        begins again with a snapshot, and one whose job is gone ends with an error.
Rule 2. Who listens to all jobs catches up from the newest pages, which are kept once for all, as
        far as they reach back; all others catch up from the journal.
Rule 3. Who listens to all jobs and may read their own alone is never sent what is published: the
        journal is asked for what is theirs whenever something is.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from stationd.proto.error import ErrorCode, ErrorInfo, JournalClosed, StationError
from stationd.proto.jobs_protocol import Failure
from stationd.runtime.gone import gone, missing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId, JobView
    from stationd.proto.jobs_protocol import FeedEvent, Reply
    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.recent import Page, Recent
    from stationd.runtime.stream import Stream

log = logging.getLogger(__name__)

T = TypeVar("T")

CATCH_UP_PAGE: Final = 1000


class Published(Protocol):
    """What has been published, and the way to the listeners."""

    position: int
    """The newest committed sequence number."""
    forgotten: int
    """Facts up to this number may be gone."""
    recent: Recent
    """The newest pages."""

    def send(self, stream: Stream, reply: Reply) -> None:
        """Send a stream something; it is closed if its listener is gone."""
        ...

    def send_pages(self, stream: Stream, pages: Iterable[Page]) -> None:
        """Send a stream pages that it has credit for."""
        ...

    def send_page(self, stream: Stream, events: Iterable[FeedEvent]) -> None:
        """Send a stream events that it has credit for, but for those that it knows already."""
        ...

    def close(self, stream: Stream) -> None:
        """Forget a stream."""
        ...


class CatchingUp:
    """Brings streams back.

    Args:
        feed: Where they are to come.
        queries: What the newest pages do not have.
        tasks: Runs the asking.
    """

    def __init__(self, feed: Published, queries: Queries, tasks: TaskGroup) -> None:
        self._feed = feed
        self._queries = queries
        self._tasks = tasks

    def go_on(self, stream: Stream) -> None:
        """Send a stream what it lacks, as far as it has credit, unless that is under way."""
        if not stream.opened or stream.closed or stream.catching_up or not stream.behind:
            return
        if stream.position >= self._feed.position:
            # A position beyond ours comes from a listener of another station's feed; from
            # here on it hears what comes.
            stream.behind = False
        elif stream.credit > 0:
            self._send_recent(stream)
            stream.behind = stream.closed or stream.position < self._feed.position
            if stream.behind and stream.credit > 0 and not stream.closed:
                stream.catching_up = True
                self._tasks.start_soon(self._send_missed, stream)

    def _send_recent(self, stream: Stream) -> None:
        """Send the pages that follow, as far as they are kept and there is credit."""
        if not stream.of_everything or stream.known or stream.position < self._feed.forgotten:
            return
        while not stream.closed and stream.position < self._feed.position:
            page = self._feed.recent.after(stream.position)
            if page is None or page.events > stream.credit:
                return
            self._feed.send_pages(stream, [page])

    def _limit(self, stream: Stream) -> int:
        """Return how many events are to be read from the journal: up to the next page, at most."""
        limit = min(stream.credit, CATCH_UP_PAGE)
        start = self._feed.recent.next_start(stream.position) if stream.of_everything else None
        return limit if start is None else min(limit, start - stream.position)

    async def _send_missed(self, stream: Stream) -> None:
        try:
            while not stream.closed and stream.credit > 0 and stream.position < self._feed.position:
                if stream.position < self._feed.forgotten:
                    if not await self._begin_again(stream):
                        return
                    continue
                jobs = None if stream.jobs is None else sorted(stream.jobs)
                found = await self._missed(stream, jobs, self._limit(stream))
                if found is None:
                    return
                if stream.position < self._feed.forgotten:
                    # Something may have been deleted while it was read.
                    continue
                events, complete = found
                if not events and await self._lacks_a_job(stream):
                    return
                # What is not published yet is not told yet.
                stream.position = max(stream.position, min(complete, self._feed.position))
                self._feed.send_page(stream, [e for e in events if e.entry.seq <= stream.position])
                self._send_recent(stream)
        finally:
            stream.catching_up = False
        if stream.position >= self._feed.position:
            stream.behind = stream.closed

    async def _begin_again(self, stream: Stream) -> bool:
        """Show a stream's jobs as they are, since facts may be gone; return False if it ended."""
        seq = self._feed.position
        views: list[JobView] = []
        for job in sorted(stream.jobs or ()):
            view = await self._asked(stream, partial(self._queries.view, job))
            if view is None:
                if not stream.closed:
                    self._fail(stream, gone(job).info)
                return False
            views.append(view)
        if stream.closed:
            return False
        stream.known = {view.id: view.seq for view in views}
        stream.position = seq
        self._feed.send(stream, stream.snapshot(seq, views))
        return not stream.closed

    async def _lacks_a_job(self, stream: Stream) -> bool:
        """End a stream one of whose jobs is gone, of which it would never hear again."""
        if stream.jobs is None:
            return False
        found = await self._asked(stream, partial(missing, self._queries, stream.jobs))
        if found:
            self._fail(stream, gone(found[0]).info)
        return stream.closed

    async def _missed(
        self, stream: Stream, jobs: Sequence[JobId] | None, limit: int
    ) -> tuple[list[FeedEvent], int] | None:
        facts = partial(self._queries.facts, stream.position, jobs, limit, stream.whose)
        return await self._asked(stream, facts)

    async def _asked(self, stream: Stream, question: Callable[[], Awaitable[T]]) -> T | None:
        """Return the journal's answer; if there is none, the stream is closed."""
        try:
            return await question()
        except JournalClosed:
            # The daemon is ending: the listener goes on at the next one.
            self._feed.close(stream)
        except Exception as error:
            # One stream's failure is its own; the listener can begin another one.
            log.exception("a stream could not catch up")
            self._fail(stream, error.info if isinstance(error, StationError) else _broken(error))
        return None

    def _fail(self, stream: Stream, info: ErrorInfo) -> None:
        self._feed.send(stream, Failure(stream.request, info))
        self._feed.close(stream)


def _broken(error: Exception) -> ErrorInfo:
    detail = f"the feed could not catch up ({type(error).__name__}: {error}): please report it"
    return ErrorInfo(ErrorCode.INTERNAL_ERROR, detail)
