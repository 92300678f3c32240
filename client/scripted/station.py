"""A station without a daemon, for tests of whatever talks to one.

It keeps its jobs in memory, answers on a real socket, and does what it is told: lets a job
climb, goes silent, drops its clients, comes back, sends garbage.

    async with scripted_station(endpoint) as station:
        station.plan = whole_way
        ...
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import ParamSpec, TypeVar

import anyio
import zmq
from anyio.from_thread import BlockingPortal, start_blocking_portal
from msgspec import structs

from stationd.client.scripted.memory import ScriptedMemory, whole_way
from stationd.proto import jobs_protocol as wire
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.error import (
    ProtocolViolation,
    StationError,
    StationUnreachable,
    UnknownArtifact,
)
from stationd.proto.job import ArtifactRef, JobId, Progress
from stationd.proto.socket import PeerGone, Socket, bind

__all__ = ["DistantStation", "ScriptedStation", "distant_station", "scripted_station", "whole_way"]

P = ParamSpec("P")
T = TypeVar("T")


class _Stream:
    """What one client listens to."""

    def __init__(self, peer: bytes, listen: wire.Listen) -> None:
        self.peer = peer
        self.number = listen.request
        self.jobs = listen.jobs
        self.seq = listen.after or 0
        self.credit = listen.credit


class ScriptedStation(ScriptedMemory):
    """The station's memory, and the orders that a test gives it.

    Args:
        endpoint: Where it listens: ``ipc://`` and a path.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self.changed = self._publish
        self.endpoint = endpoint
        self.received: list[wire.Request] = []
        """Every request that was read, in order."""
        self.silent = False
        """Read everything and answer nothing."""
        self.forgetful = False
        """Treat every resume as too old, and begin with a snapshot."""
        self.refusals: deque[StationError] = deque()
        """What the next requests are refused with, one after another."""
        self._streams: dict[tuple[bytes, int], _Stream] = {}
        self._peers: dict[bytes, None] = {}
        self._socket: Socket | None = None
        self._change = anyio.Event()

    # --- orders --------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen, from now on."""
        with anyio.fail_after(60):
            while self._socket is None:
                try:
                    self._socket = bind(zmq.ROUTER, self.endpoint)
                except StationUnreachable:
                    # ZeroMQ lets go of an endpoint some time after the socket was closed.
                    await anyio.sleep(0.005)
        self._notice()

    def stop(self) -> None:
        """Drop all clients and listen no more. What is stored stays."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._streams.clear()
        self._peers.clear()

    async def serve(self) -> None:
        """Answer requests for as long as the task lives, over stops and starts."""
        while True:
            if self._socket is None:
                await self._next_change()
                continue
            try:
                peer, frame, *_ = await self._socket.receive()
            except anyio.ClosedResourceError:
                continue
            self._take(peer, frame)

    async def wait_received(self, kind: type[wire.Request], count: int = 1) -> None:
        """Wait until some requests of a kind have come, all in all."""
        while sum(isinstance(request, kind) for request in self.received) < count:
            await self._next_change()

    def report(self, job: JobId, progress: Progress | None, queue_position: int | None) -> None:
        """Tell who listens how far a job has come."""
        for stream in list(self._streams.values()):
            report = wire.ProgressReport(stream.number, job, progress, queue_position)
            self._send(stream.peer, report)

    def send_to_all(self, *frames: bytes) -> None:
        """Send frames, whatever they are, to every client."""
        for peer in self._peers:
            self._send_frames(peer, frames)

    def beat(self) -> None:
        """Tell all streams that nothing has happened."""
        for stream in list(self._streams.values()):
            self._send(stream.peer, wire.StreamBeat(stream.number))

    async def _next_change(self) -> None:
        if self._change.is_set():
            self._change = anyio.Event()
        await self._change.wait()

    def _notice(self) -> None:
        self._change.set()

    # --- how it answers ------------------------------------------------------------------

    def _take(self, peer: bytes, frame: bytes) -> None:
        self._peers[peer] = None
        try:
            request = REQUESTS.decode(frame)
        except ProtocolViolation as error:
            self._send(peer, wire.Failure(0, error.info))
            return
        self.received.append(request)
        self._notice()
        if self.silent:
            return
        try:
            if self.refusals:
                raise self.refusals.popleft()
            self._answer(peer, request)
        except StationError as error:
            self._send(peer, wire.Failure(request.request, error.info))

    def _answer(self, peer: bytes, request: wire.Request) -> None:
        match request:
            case wire.Listen():
                self._listen(peer, request)
            case wire.Grant():
                if (stream := self._streams.get((peer, request.request))) is not None:
                    stream.credit += request.credit
                    self._pump(stream)
            case wire.Unlisten():
                self._streams.pop((peer, request.request), None)
            case wire.Fetch():
                self._fetch(peer, request)
            case _:
                self._send(peer, self.reply(request))

    def _fetch(self, peer: bytes, request: wire.Fetch) -> None:
        data = self.artifacts.get(request.artifact)
        if data is None:
            raise UnknownArtifact(f"no result {request.artifact}")
        piece = data[request.offset : request.offset + wire.CHUNK_BYTES]
        ref = ArtifactRef(
            id=request.artifact, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
        )
        self._send(peer, wire.Chunk(request.request, ref, request.offset), piece)

    def _listen(self, peer: bytes, listen: wire.Listen) -> None:
        views = tuple(structs.replace(self.view(job), items=()) for job in listen.jobs or ())
        stream = self._streams[peer, listen.request] = _Stream(peer, listen)
        if listen.after is None or self.forgetful:
            stream.seq = len(self.facts)
            self._send(peer, wire.Snapshot(listen.request, stream.seq, views))
        self._pump(stream)

    def _publish(self) -> None:
        for stream in list(self._streams.values()):
            self._pump(stream)

    def _pump(self, stream: _Stream) -> None:
        events = [
            fact
            for fact in self.facts[stream.seq :]
            if stream.jobs is None or fact.job in stream.jobs
        ][: stream.credit]
        if events and not self.silent:
            stream.credit -= len(events)
            stream.seq = events[-1].entry.seq
            self._send(stream.peer, wire.Events(stream.number, tuple(events)))

    def _send(self, peer: bytes, reply: wire.Reply, *data: bytes) -> None:
        self._send_frames(peer, [REPLIES.encode(reply), *data])

    def _send_frames(self, peer: bytes, frames: Sequence[bytes]) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send_nowait([peer, *frames])
        except PeerGone:
            self._peers.pop(peer, None)


@asynccontextmanager
async def scripted_station(endpoint: str) -> AsyncGenerator[ScriptedStation]:
    """Run a scripted station for as long as the block lasts."""
    station = ScriptedStation(endpoint)
    await station.start()
    async with anyio.create_task_group() as group:
        group.start_soon(station.serve)
        try:
            yield station
        finally:
            group.cancel_scope.cancel()
            station.stop()


class DistantStation:
    """A scripted station in a thread of its own.

    Args:
        portal: To the thread.
        station: The station; looking at it is fine, orders go through `tell`.
    """

    def __init__(self, portal: BlockingPortal, station: ScriptedStation) -> None:
        self._portal = portal
        self.station = station

    def tell(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function where the station is."""
        return self._portal.call(lambda: function(*args, **kwargs))

    def start(self) -> None:
        """Let it listen again after a `stop`."""
        self._portal.call(self.station.start)

    def restart(self) -> None:
        """Drop all clients, and listen again; what is stored stays."""

        async def come_back() -> None:
            self.station.stop()
            await self.station.start()

        self._portal.call(come_back)

    def wait_received(self, kind: type[wire.Request], count: int = 1) -> None:
        """Wait until some requests of a kind have come, all in all.

        Raises:
            TimeoutError: They have not within a minute.
        """

        async def wait() -> None:
            with anyio.fail_after(60):
                await self.station.wait_received(kind, count)

        self._portal.call(wait)


@contextmanager
def distant_station(endpoint: str) -> Generator[DistantStation]:
    """Run a scripted station in a thread for as long as the block lasts."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(scripted_station(endpoint)) as station,
    ):
        yield DistantStation(portal, station)
