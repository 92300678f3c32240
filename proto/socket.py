"""ZeroMQ sockets that can be awaited on asyncio (with and without uvloop) and on trio.

Rule 1. A ZeroMQ descriptor is edge-triggered, and every operation on the socket may swallow the
        edge. So nobody sleeps on the descriptor without having looked at EVENTS, and after
        every operation somebody looks at EVENTS on behalf of those who sleep.
Rule 2. One task sleeps on the descriptor at a time; the others wait for that one to wake.
Rule 3. Nothing is awaited between taking a message from the socket and returning it, so that
        a cancelled `receive` loses nothing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import zmq

from stationd.proto.codec import MAX_FRAME_BYTES
from stationd.proto.error import StationUnreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

MOST_QUEUED_MESSAGES: Final = 100_000
"""High-water mark per peer and direction; what exceeds it is refused, never silently dropped."""
_DRAIN_LIMIT: Final = 64
"""Messages that `receive` hands out in a row before other tasks get their turn."""
_HEARTBEAT_MS: Final = 1_000
_HANDSHAKE_MS: Final = 2_000
_MONITORS: Final = itertools.count()


class PeerGone(Exception):
    """The addressed peer is not connected any more, or takes nothing; the message is not sent."""


class Socket:
    """One ZeroMQ socket. Any task may send; one task at a time may receive.

    Args:
        socket: A plain pyzmq socket, which this object owns from now on.
    """

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        self._fd = int(socket.getsockopt(zmq.FD))
        self._sleeper: anyio.CancelScope | None = None
        self._waiting: dict[anyio.Event, int] = {}
        self._drained = 0
        self._closed = False

    def __enter__(self) -> Socket:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def endpoint(self) -> str:
        """The endpoint that was bound or connected last, with the port that was chosen."""
        return self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    async def receive(self) -> list[bytes]:
        """Wait for a message and return its frames.

        Raises:
            anyio.ClosedResourceError: The socket has been closed.
        """
        while True:
            if self._drained >= _DRAIN_LIMIT:
                self._drained = 0
                await anyio.lowlevel.checkpoint()
            parts = self.receive_nowait()
            if parts is not None:
                self._drained += 1
                return parts
            self._drained = 0
            await self._wait(zmq.POLLIN)

    def receive_nowait(self) -> list[bytes] | None:
        """Return the frames of a message that is there already, or None."""
        if self._closed:
            raise anyio.ClosedResourceError
        try:
            first = self._socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return None
        parts = [first]
        while self._socket.getsockopt(zmq.RCVMORE):
            parts.append(self._socket.recv(zmq.NOBLOCK))
        self._wake_ready()
        return parts

    async def send(self, parts: Sequence[bytes]) -> None:
        """Send a message, waiting while the peer's queue is full or nobody is connected.

        Raises:
            anyio.ClosedResourceError: The socket has been closed.
        """
        while not self._try_send(parts):
            await self._wait(zmq.POLLOUT)

    def send_nowait(self, parts: Sequence[bytes]) -> None:
        """Send a message at once.

        Raises:
            PeerGone: The peer is not connected, or its queue is full.
            anyio.ClosedResourceError: The socket has been closed.
        """
        try:
            sent = self._try_send(parts)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            raise PeerGone from error
        if not sent:
            raise PeerGone

    def monitor(self, events: int) -> Socket:
        """Return a socket that receives this one's connection events (``zmq.EVENT_...``).

        Close it before this one.
        """
        # An address of our own: pyzmq's is made of a descriptor, which is soon used again.
        address = f"inproc://stationd-monitor-{next(_MONITORS)}"
        return Socket(self._socket.get_monitor_socket(events, address))

    def close(self) -> None:
        """Close the socket; what has not left yet is dropped. Waiting tasks are told."""
        if self._closed:
            return
        self._closed = True
        if self._sleeper is not None:
            self._sleeper.cancel()
        for event in self._waiting:
            event.set()
        self._socket.disable_monitor()
        self._socket.close(linger=0)

    def _try_send(self, parts: Sequence[bytes]) -> bool:
        if self._closed:
            raise anyio.ClosedResourceError
        last = len(parts) - 1
        try:
            for index, part in enumerate(parts):
                # Once a first frame is accepted, ZeroMQ accepts the others of its message.
                self._socket.send(part, zmq.NOBLOCK | (zmq.SNDMORE if index < last else 0))
        except zmq.Again:
            return False
        finally:
            self._wake_ready()
        return True

    def _events(self) -> int:
        return int(self._socket.getsockopt(zmq.EVENTS))

    async def _wait(self, mask: int) -> None:
        while True:
            if self._closed:
                raise anyio.ClosedResourceError
            if self._events() & mask:
                return
            event = anyio.Event()
            self._waiting[event] = mask
            try:
                if self._sleeper is None:
                    await self._sleep()
                else:
                    await event.wait()
            finally:
                del self._waiting[event]

    async def _sleep(self) -> None:
        try:
            with anyio.CancelScope() as self._sleeper:
                await anyio.wait_readable(self._fd)
        finally:
            # Whoever sleeps wakes all others: they look for themselves, and one sleeps next.
            self._sleeper = None
            for event in self._waiting:
                event.set()

    def _wake_ready(self) -> None:
        if self._sleeper is None:
            return
        awaited = 0
        for mask in self._waiting.values():
            awaited |= mask
        if self._events() & awaited:
            self._sleeper.cancel()


def bind(kind: int, endpoint: str) -> Socket:
    """Return a socket of a kind (``zmq.ROUTER``, ...) bound to an endpoint.

    Raises:
        StationUnreachable: The endpoint cannot be bound; the message says why.
    """
    socket = _configured(kind, endpoint)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise StationUnreachable(f"cannot bind {endpoint}: {error.strerror}") from error
    return Socket(socket)


def connect(kind: int, endpoint: str) -> Socket:
    """Return a socket of a kind (``zmq.DEALER``, ...) that connects, again and again, by itself.

    Raises:
        StationUnreachable: The endpoint is malformed.
    """
    socket = _configured(kind, endpoint)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise StationUnreachable(f"cannot connect to {endpoint}: {error.strerror}") from error
    return Socket(socket)


def _configured(kind: int, endpoint: str) -> zmq.Socket[bytes]:
    socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
    socket.setsockopt(zmq.SNDHWM, MOST_QUEUED_MESSAGES)
    socket.setsockopt(zmq.RCVHWM, MOST_QUEUED_MESSAGES)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 2_000)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    if endpoint.startswith("tcp://"):
        socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3 * _HEARTBEAT_MS)
        socket.setsockopt(zmq.HEARTBEAT_TTL, 3 * _HEARTBEAT_MS)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    return socket
