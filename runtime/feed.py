"""The feed: committed facts, pushed to whoever listens.

Rule 1. Only what is committed is published, in the order of sequence numbers.
Rule 2. A stream is sent no more events than its listener has granted, and nothing is kept for
        it: one that has no credit left falls behind, and catches up when it grants again.
Rule 3. Facts of one commit travel in one frame; what many are sent is encoded once.

How listeners catch up is in `catching_up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import msgspec
from msgspec import Raw

from stationd.proto.jobs_protocol import (
    EncodedEvents,
    Events,
    FeedEvent,
    ProgressReport,
    StreamBeat,
)
from stationd.runtime.catching_up import CatchingUp
from stationd.runtime.journal.view import events_of
from stationd.runtime.recent import Page, Recent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId, JobView, Progress
    from stationd.proto.jobs_protocol import Reply
    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.journal.records import Fact
    from stationd.runtime.stream import Stream

MOST_EVENTS_PER_FRAME: Final = 5000
"""Bounds a frame well below the wire's limit."""
_ENCODER: Final = msgspec.msgpack.Encoder()


class Feed:
    """Publishes facts to streams.

    Args:
        queries: Where streams catch up from.
        tasks: Runs the catching up.
        position: The newest committed sequence number.
        forgotten: Facts up to this number may be gone.
    """

    def __init__(
        self, queries: Queries, tasks: TaskGroup, position: int, forgotten: int = 0
    ) -> None:
        self.position = position
        self.forgotten = forgotten
        """Facts up to this number may be gone: nobody can go on from before it."""
        self._catching_up = CatchingUp(self, queries, tasks)
        self.recent = Recent()
        """The newest pages."""
        self._all: dict[Stream, None] = {}
        self._some: dict[Stream, None] = {}
        """Those of all jobs of one user."""
        self._by_job: dict[JobId, dict[Stream, None]] = {}
        self._news: list[tuple[int, Fact]] = []
        """Committed in this turn of the loop: facts, and their first sequence numbers."""
        self._announced = position

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._streams())

    def forget(self, seq: int) -> None:
        """Note that facts up to a number are about to go."""
        self.forgotten = max(self.forgotten, seq)

    def listened(self) -> list[JobId]:
        """Return the jobs that somebody listens to by name."""
        return list(self._by_job)

    def announce(self, first_seq: int, facts: Sequence[Fact]) -> None:
        """Take note of committed facts, which `publish_news` publishes.

        Args:
            first_seq: The first one's sequence number.
            facts: They follow the ones before without a hole.
        """
        if not facts:
            return
        for fact in facts:
            self._news.append((first_seq, fact))
            first_seq += 1 + len(fact.passed)
        self._announced = first_seq - 1

    def publish_news(self) -> None:
        """Publish what has been announced."""
        news, self._news = self._news, []
        if not news:
            return
        everybody, by_job = bool(self._all), self._by_job
        events = [
            event
            for first_seq, fact in news
            # Most facts are of jobs that nobody listens to just now.
            if everybody or fact.job in by_job
            for event in events_of(first_seq, fact)
        ]
        self.publish(events, self._announced)

    def publish(self, events: Sequence[FeedEvent], position: int) -> None:
        """Send committed facts.

        Args:
            events: All that somebody may listen to since the last publishing, in order.
            position: The newest committed sequence number, which may be beyond the last of them.
        """
        for stream in self._all:
            stream.outgrow(self.position)
        before, self.position = self.position, position
        knowing: list[Stream] = []
        if self._all and events:
            pages = self._keep(events, before)
            for stream in list(self._all):
                if stream.takes_all(len(events)):
                    self.send_pages(stream, pages)
                elif stream.known:
                    knowing.append(stream)
                elif not stream.behind:
                    self._send_part(stream, events, before)
        self._publish_to(knowing, events)
        for stream in list(self._some):
            stream.behind = True
            self._catching_up.go_on(stream)

    def _keep(self, events: Sequence[FeedEvent], before: int) -> list[Page]:
        """Encode events, and keep them for those who fall behind."""
        pages: list[Page] = []
        reach = self.recent.first_start(before)
        if all(stream.behind and stream.position < reach for stream in self._all):
            # Nobody listens any more, or not for a long time.
            return pages
        for start in range(0, len(events), MOST_EVENTS_PER_FRAME):
            part = events[start : start + MOST_EVENTS_PER_FRAME]
            page = Page(part[-1].entry.seq, len(part), _ENCODER.encode(part))
            self.recent.add(before, page)
            before = page.last
            pages.append(page)
        return pages

    def send_pages(self, stream: Stream, pages: Iterable[Page]) -> None:
        """Send a stream pages that it has credit for."""
        for page in pages:
            stream.credit -= page.events
            stream.position = page.last
            self.send(stream, _encoded(stream.request, page.encoded))

    def _send_part(self, stream: Stream, events: Sequence[FeedEvent], before: int) -> None:
        """Send as much as a stream has credit for, and let it catch up on the rest."""
        part = events[: stream.credit]
        stream.behind = True
        stream.position = part[-1].entry.seq if part else before
        for start in range(0, len(part), MOST_EVENTS_PER_FRAME):
            self.send_page(stream, part[start : start + MOST_EVENTS_PER_FRAME])

    def send_page(self, stream: Stream, events: Iterable[FeedEvent]) -> None:
        """Send a stream events that it has credit for, but for those that it knows already."""
        fresh = [event for event in events if event.entry.seq > stream.known.get(event.job, 0)]
        if fresh:
            stream.credit -= len(fresh)
            self.send(stream, Events(stream.request, tuple(fresh)))

    def _publish_to(self, listeners: Sequence[Stream], events: Sequence[FeedEvent]) -> None:
        """Send each stream what it has not been sent, may be sent, and listens to."""
        touched: dict[Stream, None] = {}
        for event in events:
            for stream in (*listeners, *self._by_job.get(event.job, ())):
                if stream.behind or event.entry.seq <= stream.known.get(event.job, 0):
                    continue
                touched[stream] = None
                if stream.credit > 0:
                    stream.ready.append(event)
                    stream.credit -= 1
                else:
                    # The page that it catches up from starts behind what it is sent now.
                    stream.behind = True
                    stream.position = event.entry.seq - 1
        for stream in touched:
            self._flush(stream)

    def progress(
        self,
        job: JobId,
        progress: Progress | None,
        queue_position: int | None = None,
        creator: str | None = None,
    ) -> None:
        """Tell the job's listeners how far it has come; costs no credit, may be lost."""
        theirs = [one for one in self._some if one.whose == creator] if self._some else ()
        for stream in (*self._all, *theirs, *self._by_job.get(job, ())):
            if not stream.behind:
                self.send(stream, ProgressReport(stream.request, job, progress, queue_position))

    def beat(self) -> None:
        """Tell all listeners that their streams are alive; find out who is gone."""
        for stream in self._streams():
            self.send(stream, StreamBeat(stream.request))

    def open_snapshot(self, stream: Stream, seq: int, views: Sequence[JobView]) -> None:
        """Start a stream with what its jobs look like.

        Args:
            stream: The stream.
            seq: Everything up to this number is in the views.
            views: The jobs. What they know beyond `seq` is not sent again.
        """
        stream.known = {view.id: view.seq for view in views}
        stream.position = seq
        self.send(stream, stream.snapshot(seq, views))
        self._register(stream)

    def open_after(self, stream: Stream, after: int) -> None:
        """Start a stream behind the last fact that its listener knows."""
        stream.position = after
        self._register(stream)

    def grant(self, stream: Stream, credit: int) -> None:
        """Let the listener have more."""
        stream.credit += credit
        self._catching_up.go_on(stream)

    def close(self, stream: Stream) -> None:
        """Forget a stream."""
        stream.closed = True
        stream.behind = True
        self._all.pop(stream, None)
        self._some.pop(stream, None)
        if not self._all:
            self.recent = Recent()
        for job in stream.jobs or ():
            streams = self._by_job.get(job)
            if streams is not None:
                streams.pop(stream, None)
                if not streams:
                    del self._by_job[job]

    def _streams(self) -> list[Stream]:
        named = {stream: None for streams in self._by_job.values() for stream in streams}
        return [*self._all, *self._some, *named]

    def _register(self, stream: Stream) -> None:
        stream.opened = True
        if stream.jobs is None:
            (self._all if stream.of_everything else self._some)[stream] = None
        else:
            # Sorted: beats go out in this order, and a simulated run is to repeat exactly.
            for job in sorted(stream.jobs):
                self._by_job.setdefault(job, {})[stream] = None
        self._catching_up.go_on(stream)

    def _flush(self, stream: Stream) -> None:
        events = stream.ready
        stream.ready = []
        if not stream.behind:
            stream.position = self.position
        for start in range(0, len(events), MOST_EVENTS_PER_FRAME):
            page = events[start : start + MOST_EVENTS_PER_FRAME]
            self.send(stream, Events(stream.request, tuple(page)))

    def send(self, stream: Stream, reply: Reply) -> None:
        """Send a stream something; it is closed if its listener is gone."""
        if not stream.closed and not stream.send(reply):
            self.close(stream)


def _encoded(request: int, page: bytes) -> Reply:
    # The same frame as that of Events, and so a Reply to all but the type checkers.
    return cast("Reply", EncodedEvents(request, Raw(page)))
