"""Streams of facts that clients ask for: opened, granted more, closed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.error import ErrorCode, ErrorInfo, RequestError
from stationd.proto.jobs_protocol import Failure, Grant, Listen, Request, Unlisten
from stationd.runtime.api.client import Client
from stationd.runtime.gone import gone, missing
from stationd.runtime.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stationd.proto.job import JobId, JobView
    from stationd.proto.socket import Socket
    from stationd.runtime.api.people import Person
    from stationd.runtime.api.privacy import Privacy
    from stationd.runtime.feed import Feed
    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.limits.limits import UserLimits

STREAM_BEAT_SECONDS: Final = 5.0
_NARROWED: Final = ErrorInfo(
    ErrorCode.FORBIDDEN, "whose jobs you may read has changed meanwhile: begin to listen again"
)


class StreamsApi:
    """The part of the jobs API that is about streams, and the clients that have some.

    Args:
        feed: What the streams are of.
        queries: Know which jobs are stored.
        view: Returns a job for a snapshot.
        answer_later: Lets `open` be called in a task of its own.
        limits: Know how many streams everybody may have.
        privacy: Knows which jobs somebody may listen to.
    """

    def __init__(
        self,
        feed: Feed,
        queries: Queries,
        view: Callable[[JobId], Awaitable[JobView]],
        answer_later: Callable[[Client, Request], None],
        *,
        limits: UserLimits,
        privacy: Privacy,
    ) -> None:
        self._limits = limits
        self._privacy = privacy
        self._feed = feed
        self._queries = queries
        self._view = view
        self._answer_later = answer_later
        self._clients: dict[tuple[int, bytes], Client] = {}

    def client(self, socket: Socket, identity: bytes) -> Client:
        """Return the client of a connection: the one that is known, if it has streams."""
        return self._clients.get((id(socket), identity)) or Client(socket, identity)

    @property
    def clients(self) -> list[Client]:
        """Those that have streams."""
        return list(self._clients.values())

    def end(self, client: Client, why: ErrorInfo | None = None) -> None:
        """End all streams of a client.

        Args:
            client: It has some.
            why: What it is told; nothing if None.
        """
        for number, stream in client.streams.items():
            self._feed.close(stream)
            if why is not None:
                client.send(Failure(number, why))
        client.streams.clear()
        self._clients.pop((id(client.socket), client.identity), None)

    def narrow(self, client: Client, person: Person) -> None:
        """Let a client's streams tell what it may read from now on; end those that cannot.

        Args:
            client: It has some.
            person: Whom it is taken for now.
        """
        theirs = self._privacy.whose(person)
        for number, stream in list(client.streams.items()):
            if stream.whose == theirs:
                continue
            if stream.jobs is not None and all(
                self._privacy.shows(person, job) for job in stream.jobs
            ):
                stream.whose = theirs
                continue
            del client.streams[number]
            self._feed.close(stream)
            client.send(Failure(number, _NARROWED))

    async def beat(self) -> None:
        """Tell listeners for ever that their streams are alive."""
        while True:
            await anyio.sleep(STREAM_BEAT_SECONDS)
            self._feed.beat()
            for key, client in list(self._clients.items()):
                for number, stream in list(client.streams.items()):
                    if stream.closed:
                        del client.streams[number]
                if not client.streams:
                    del self._clients[key]

    def listen(self, client: Client, request: Listen) -> None:
        """Open a stream, or begin to.

        Raises:
            RequestError: It names no job.
            LimitReached: The client's user has as many streams as they may.
        """
        jobs = None if request.jobs is None else frozenset(request.jobs)
        if jobs is not None and not jobs:
            raise RequestError("a stream is for one job at least, or for all")
        if request.request not in client.streams:
            person = client.person
            self._limits.check_streams(person.name, person.role, self._streams_of(person.name))
        stream = Stream(request.request, jobs, client.send, request.credit)
        stream.whose = self._privacy.whose(client.person)
        # At once: an Unlisten or a Grant that follows must find the stream.
        self._register(client, stream)
        after = request.after
        if jobs is None and after is not None and self._reaches_back(after):
            self._feed.open_after(stream, after)
        else:
            self._answer_later(client, request)

    async def open(self, client: Client, request: Listen) -> None:
        """Begin a stream: behind what its listener knows, or with the state of its jobs.

        Raises:
            UnknownJob: One of the jobs is not stored, or not any more.
        """
        stream = client.streams.get(request.request)
        if stream is None:
            return
        after = request.after
        if stream.whose is not None or (after is not None and self._reaches_back(after)):
            await self._check_all_there(client, stream)
        if stream.closed:
            return
        if after is not None and self._reaches_back(after):
            self._feed.open_after(stream, after)
        else:
            await self._show_snapshot(client, stream)

    def _reaches_back(self, after: int) -> bool:
        """Whether all facts are there that follow a number."""
        return self._feed.forgotten <= after <= self._feed.position

    async def _check_all_there(self, client: Client, stream: Stream) -> None:
        """Refuse a stream one of whose jobs is gone: there may be no more facts of it, ever."""
        try:
            lost = await missing(self._queries, stream.jobs or (), stream.whose)
        except Exception:
            client.streams.pop(stream.request, None)
            raise
        if lost:
            client.streams.pop(stream.request, None)
            raise gone(lost[0])

    async def _show_snapshot(self, client: Client, stream: Stream) -> None:
        """Begin a stream with the state of its jobs."""
        seq = self._feed.position
        try:
            views = [await self._view(job) for job in sorted(stream.jobs or ())]
        except Exception:
            client.streams.pop(stream.request, None)
            raise
        if not stream.closed:
            self._feed.open_snapshot(stream, seq, views)

    def grant(self, client: Client, request: Grant) -> None:
        """Let a stream send more."""
        stream = client.streams.get(request.request)
        if stream is not None:
            self._feed.grant(stream, request.credit)

    def unlisten(self, client: Client, request: Unlisten) -> None:
        """Close a stream."""
        stream = client.streams.pop(request.request, None)
        if stream is not None:
            self._feed.close(stream)

    def _streams_of(self, user: str) -> int:
        """Return how many streams a user listens to, on all connections."""
        return sum(
            len(client.streams) for client in self._clients.values() if client.person.name == user
        )

    def _register(self, client: Client, stream: Stream) -> None:
        older = client.streams.pop(stream.request, None)
        if older is not None:
            self._feed.close(older)
        client.streams[stream.request] = stream
        self._clients[id(client.socket), client.identity] = client
