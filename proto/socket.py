"""ZeroMQ sockets that can be awaited on asyncio (with and without uvloop) and on trio.

Rule 1. A ZeroMQ descriptor is edge-triggered, and every operation on the socket may swallow the
        edge. So nobody sleeps on the descriptor without having looked at EVENTS, and after
        every operation, a vain one too, we look at EVENTS on behalf of those who sleep.
Rule 2. One task sleeps on the descriptor at a time; the others wait for that one to wake.
Rule 3. Nothing is awaited between taking a message from the socket and returning it, or after
        giving it one, so that a cancelled `receive` loses nothing and a cancelled `send` has
        sent nothing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, Self

import anyio
import anyio.lowlevel
import zmq

from stationd.proto.descriptor import Descriptor
from stationd.proto.error import StationUnreachable
from stationd.proto.transport import Guard, configured, dial, listen, shared_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from stationd.proto.curve import Credentials

_MOST_IN_A_ROW: Final = 64
"""Messages that are received or sent at once before other tasks get their turn."""
# Plain numbers: to combine two members of an enum costs as much as a small `send`.
_NOBLOCK: Final = int(zmq.NOBLOCK)
_NOBLOCK_MORE: Final = int(zmq.NOBLOCK | zmq.SNDMORE)
_POLLIN: Final = int(zmq.POLLIN)
_POLLOUT: Final = int(zmq.POLLOUT)
_RCVMORE: Final = int(zmq.RCVMORE)
_EVENTS: Final = int(zmq.EVENTS)
_MONITORS: Final = itertools.count()


class PeerGone(Exception):
    """The addressed peer is not connected any more, or takes nothing; the message is not sent."""


class Socket:
    """One ZeroMQ socket. Any task may send; one task at a time may receive.

    Args:
        socket: A plain pyzmq socket, which this object owns from now on.
        watched: The socket whose events this one receives, if it is a monitor.
    """

    def __init__(self, socket: zmq.Socket[bytes], watched: zmq.Socket[bytes] | None = None) -> None:
        self._socket = socket
        self._watched = watched
        self._descriptor = Descriptor(int(socket.getsockopt(zmq.FD)))
        # What the task waits for that sleeps on the descriptor, and what those do that wait for it.
        self._slept_for = 0
        self._waiting: dict[anyio.Event, int] = {}
        self._in_a_row = 0
        self._closed = False
        # A ROUTER has a queue for each peer, and ZeroMQ does not say which has room again.
        self._can_wait_for_room = socket.getsockopt(zmq.TYPE) != zmq.ROUTER

    sender: zmq.Frame | None = None
    """The first frame of the message that was received last, which knows where it came from;
    None unless `remember_senders` was called."""
    _remembers: bool = False

    emptied: Callable[[], None] | None = None
    """Called when all that has come has been received, before more is waited for."""

    def bind_also(self, endpoint: str, guard: Guard | None = None) -> None:
        """Listen at a further endpoint, as `bind` does.

        Raises:
            StationUnreachable: The endpoint cannot be bound; the message says why.
        """
        listen(self._socket, endpoint, guard)

    def connect(self, endpoint: str, credentials: Credentials | None = None) -> None:
        """Connect, again and again, without waiting for anybody to be there.

        Raises:
            StationUnreachable: The endpoint is malformed.
        """
        dial(self._socket, endpoint, credentials)

    def remember_senders(self) -> None:
        """Let `sender` be known from now on; it costs a microsecond for each message."""
        self._remembers = True

    def __enter__(self) -> Self:
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
            await self._take_turns()
            parts = self.receive_nowait()
            if parts is not None:
                return parts
            if self.emptied is not None:
                self.emptied()
            await self._wait(_POLLIN)

    def receive_nowait(self) -> list[bytes] | None:
        """Return the frames of a message that is there already, or None.

        Raises:
            anyio.ClosedResourceError: The socket has been closed.
        """
        if self._closed:
            raise anyio.ClosedResourceError
        try:
            parts = [self._first_frame()]
            while self._socket.getsockopt(_RCVMORE):
                # ZeroMQ hands over whole messages: the other frames are there.
                parts.append(self._socket.recv(_NOBLOCK))
        except zmq.Again:
            return None
        finally:
            self._wake_ready()
        return parts

    def _first_frame(self) -> bytes:
        if not self._remembers:
            return self._socket.recv(_NOBLOCK)
        self.sender = self._socket.recv(_NOBLOCK, copy=False)
        return self.sender.bytes

    async def send(self, parts: Sequence[bytes]) -> None:
        """Send a message, waiting while its queue is full or, if bound, nobody is connected.

        A socket that connects queues messages from the start, for the peer to come. A ROUTER
        waits for nobody: see `send_nowait`.

        Raises:
            PeerGone: The addressed peer of a ROUTER is not connected, or its queue is full.
            anyio.ClosedResourceError: The socket has been closed.
        """
        await self._take_turns()
        while not self._try_send(parts):
            if not self._can_wait_for_room:
                raise PeerGone
            await self._wait(_POLLOUT)

    def send_nowait(self, parts: Sequence[bytes]) -> None:
        """Send a message at once.

        Raises:
            PeerGone: The peer is not connected, or its queue is full.
            anyio.ClosedResourceError: The socket has been closed.
        """
        if not self._try_send(parts):
            raise PeerGone

    def monitor(self, events: int) -> Socket:
        """Return a socket that receives this one's connection events (``zmq.EVENT_...``).

        Close it before this one.
        """
        # An address of our own: pyzmq's is made of a descriptor, which is soon used again.
        address = f"inproc://stationd-monitor-{next(_MONITORS)}"
        return Socket(self._socket.get_monitor_socket(events, address), self._socket)

    def close(self) -> None:
        """Close the socket; what has not left yet is dropped. Waiting tasks are told."""
        if self._closed:
            return
        self._closed = True
        for event in self._waiting:
            event.set()
        if not self._slept_for:
            self._let_go()
        else:
            # The loop watches the descriptor until the sleeper has left. Were it closed before,
            # its number could be given to another socket, and the sleeper would end that watch.
            self._descriptor.wake()

    def _let_go(self) -> None:
        # ZeroMQ blocks for ever when it has an event to tell and the monitor is gone: so it is
        # told to stop watching first, whichever of the two is closed first.
        self._descriptor.forget()
        watched = self._socket if self._watched is None else self._watched
        if not watched.closed:
            watched.disable_monitor()
        self._socket.close(linger=0)

    def _try_send(self, parts: Sequence[bytes]) -> bool:
        if self._closed:
            raise anyio.ClosedResourceError
        last = len(parts) - 1
        try:
            for index, part in enumerate(parts):
                # Once a first frame is accepted, ZeroMQ accepts the others of its message.
                self._socket.send(part, _NOBLOCK_MORE if index < last else _NOBLOCK)
        except zmq.Again:
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            raise PeerGone from error
        finally:
            self._wake_ready()
        return True

    async def _take_turns(self) -> None:
        self._in_a_row += 1
        if self._in_a_row > _MOST_IN_A_ROW:
            self._in_a_row = 0
            await anyio.lowlevel.checkpoint()

    def _events(self) -> int:
        return int(self._socket.getsockopt(_EVENTS))

    async def _wait(self, mask: int) -> None:
        while True:
            if self._closed:
                raise anyio.ClosedResourceError
            events = self._events()
            self._wake_ready()
            if events & mask:
                return
            if self._slept_for:
                await self._wait_for_sleeper(mask)
            else:
                await self._sleep(mask)
            self._in_a_row = 0

    async def _wait_for_sleeper(self, mask: int) -> None:
        event = anyio.Event()
        self._waiting[event] = mask
        try:
            await event.wait()
        finally:
            del self._waiting[event]

    async def _sleep(self, mask: int) -> None:
        self._slept_for = mask
        try:
            await self._descriptor.readable()
        finally:
            # Whoever sleeps wakes all others: they look for themselves, and one sleeps next.
            self._slept_for = 0
            for event in self._waiting:
                event.set()
            if self._closed:
                self._let_go()

    def _wake_ready(self) -> None:
        if not self._slept_for:
            return
        awaited = self._slept_for
        for mask in self._waiting.values():
            awaited |= mask
        if self._events() & awaited:
            self._descriptor.wake()


def bind(kind: int, endpoint: str, guard: Guard | None = None) -> Socket:
    """Return a socket of a kind (``zmq.ROUTER``, ...) bound to an endpoint.

    Args:
        kind: ZeroMQ's number of the kind.
        endpoint: Where to listen.
        guard: Who may connect; None for whoever can, which is for tests and within a process.

    ZeroMQ itself takes an ``ipc://`` path away from whoever listens there, and overwrites any
    file. We take over only what a dead process has left. Two processes that bind at the very
    same moment may still both succeed: hold a lock where that can happen.

    Raises:
        StationUnreachable: The endpoint cannot be bound; the message says why.
    """
    socket = configured(kind, guard.context if guard else shared_context())
    try:
        listen(socket, endpoint, guard)
    except StationUnreachable:
        socket.close(linger=0)
        raise
    return Socket(socket)


def connect(kind: int, endpoint: str, credentials: Credentials | None = None) -> Socket:
    """Return a socket of a kind (``zmq.DEALER``, ...) that connects, again and again, by itself.

    Raises:
        StationUnreachable: The endpoint is malformed.
    """
    socket = unconnected(kind)
    try:
        socket.connect(endpoint, credentials)
    except StationUnreachable:
        socket.close()
        raise
    return socket


def unconnected(kind: int) -> Socket:
    """Return a socket that is to be connected; what it is given before waits for that."""
    return Socket(configured(kind, shared_context()))


def connect_monitored(
    kind: int, endpoint: str, events: int, credentials: Credentials | None = None
) -> tuple[Socket, Socket]:
    """Return a socket as `connect` does, and one that receives its events (``zmq.EVENT_...``).

    Close the second before the first.

    Raises:
        StationUnreachable: The endpoint is malformed.
    """
    socket = unconnected(kind)
    # Watched before it connects, or the first connection may go unseen.
    monitor = socket.monitor(events)
    try:
        socket.connect(endpoint, credentials)
    except StationUnreachable:
        monitor.close()
        socket.close()
        raise
    return socket, monitor
