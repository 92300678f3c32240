"""A controller's connection to its daemon: whether it is there, and what may be sent.

Rule 1. Hello goes first on every connection, and again with every beat until Welcome comes.
Rule 2. Nothing is sent while there is no connection: what a daemon must know when there is one
        again is in Hello, and the rest it collects.
Rule 3. To a daemon that is connected and silent only Hello is sent, so that reports do not pile
        up in front of it; its next word is answered by a new Hello, and everything goes on.
Rule 4. Data is sent as it comes for as long as the daemon keeps up with it. Of a ticket of which
        some was not sent no more is: it is in the spool, and the daemon collects it in the end.
Rule 5. Reports wait for `flush`, so that those of one turn travel in one frame, in their order.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio
import zmq

from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPORTS
from stationd.proto.handshake import FAILED, FINAL, SUCCEEDED, event_in, reason
from stationd.proto.socket import PeerGone, Socket, connect_monitored

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.proto.curve import Credentials

_log = logging.getLogger(__name__)

_SILENT_BEATS: Final = 3
_CONNECTION_EVENTS: Final = SUCCEEDED | FAILED | int(zmq.EVENT_DISCONNECTED)
_REDIAL_SECONDS: Final = 2.0


def dial(endpoint: str, credentials: Credentials | None = None) -> tuple[Socket, Socket]:
    """Return a socket that connects to the daemon, and one that receives its events.

    Raises:
        StationUnreachable: The endpoint is malformed.
    """
    return connect_monitored(zmq.DEALER, endpoint, _CONNECTION_EVENTS, credentials)


class DaemonLink:
    """What a controller knows of its connection.

    Args:
        socket: As `dial` returns it.
        monitor: As `dial` returns it.
        endpoint: What people are told of where the daemon is.
        redial: Dials again, after ZeroMQ has given up because the daemon refused the key.
        beat_interval: Seconds.
        monotonic: Returns seconds that never go back.
        say_hello: Called when it is time for a Hello, which goes out through `report` once what
            it tells is on disk.
    """

    def __init__(
        self,
        socket: Socket,
        monitor: Socket,
        *,
        endpoint: str = "",
        redial: Callable[[], tuple[Socket, Socket]] | None = None,
        beat_interval: float,
        monotonic: Callable[[], float],
        say_hello: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._monitor = monitor
        self._beat_interval = beat_interval
        self._monotonic = monotonic
        self._say_hello = say_hello
        self._silence = _SILENT_BEATS * beat_interval
        self._last_heard = 0.0
        # There is a connection; Hello has left on it; the daemon has answered; the daemon was
        # there and is silent now.
        self._connected = False
        self._greeted = False
        self._welcomed = False
        self._silent = False
        self._outbox: list[bytes] = []
        # Bulk data since Hello; whether the daemon says what it has taken of it, and how much.
        self._sent_bytes = 0
        self._taken_bytes = 0
        self._is_told = False
        self._behind: set[int] = set()
        """Tickets of which the daemon must collect the rest."""
        self._endpoint = endpoint
        self._redial = redial
        self._trouble = ""

    def is_greeted(self) -> bool:
        """Return whether there is a daemon that knows us: reports make sense to it."""
        return self._greeted

    async def receive(self) -> list[bytes]:
        """Wait for a message of the daemon."""
        while True:
            socket = self._socket
            try:
                parts = await socket.receive()
            except anyio.ClosedResourceError:
                if socket is self._socket:
                    raise
            else:
                break
        self._last_heard = self._monotonic()
        return parts

    def receive_nowait(self) -> list[bytes] | None:
        """Return a message that is there already, or None."""
        return self._socket.receive_nowait()

    def welcome(self, welcome: wire.Welcome) -> bool:
        """Take in that the daemon is there.

        Returns:
            Whether it must be greeted anew, since reports were held back.
        """
        fence = welcome.fence
        if not self._welcomed:
            _log.info("connected to station %s, epoch %d", fence.station, fence.epoch)
        self._welcomed = True
        self._silence = _SILENT_BEATS * max(welcome.beat_interval, self._beat_interval)
        held_back, self._silent = self._silent, False
        return held_back

    def report(self, report: wire.OneReport) -> None:
        """Send a report with the next `flush`, if it makes sense to the daemon now."""
        if isinstance(report, wire.Hello):
            # Held back are the reports that follow, not this.
            self._greeted = self._connected
            self._sent_bytes = self._taken_bytes = 0
            self.send([REPORTS.encode(report)])
            self._greeted = self._greeted and not self._silent
        elif self._greeted:
            self._outbox.append(REPORTS.encode(report))

    def send(self, parts: list[bytes]) -> None:
        """Send a report that is encoded already, with bulk data, at once."""
        self.flush()
        if self._greeted:
            self._sent_bytes += sum(map(len, parts[1:]))
            self._try_send(parts)

    def send_data(self, header: wire.Data, content: bytes) -> None:
        """Send a block as it comes, unless the daemon does not keep up."""
        number = header.ticket.number
        untaken = self._sent_bytes - self._taken_bytes
        if self._is_told and untaken >= wire.MOST_UNTAKEN_BYTES:
            self._behind.add(number)
        if number not in self._behind:
            self.send([REPORTS.encode(header), content])

    def take(self, heartbeat: wire.Heartbeat) -> None:
        """Take in how much the daemon has taken."""
        if heartbeat.taken >= 0:
            self._is_told = True
            # What was said before Hello may still have been on its way.
            self._taken_bytes = min(heartbeat.taken, self._sent_bytes)

    def forget(self, number: int) -> None:
        """Let go of a ticket that is over."""
        self._behind.discard(number)

    def flush(self) -> None:
        """Send the reports that wait."""
        outbox, self._outbox = self._outbox, []
        if self._greeted:
            for frame in REPORTS.joined(outbox, wire.REPORTS_TAG):
                self._try_send([frame])

    def _try_send(self, parts: list[bytes]) -> None:
        try:
            self._socket.send_nowait(parts)
        except PeerGone:
            self._greeted = self._welcomed = False

    async def watch(self) -> None:
        """Greet the daemon on every connection."""
        while True:
            event = event_in(await self._monitor.receive())
            if event & FAILED:
                self._tell_trouble(reason(event, self._endpoint, "controller"))
                if event & FINAL:
                    await anyio.sleep(_REDIAL_SECONDS)
                    self._begin_anew()
                continue
            lost, self._connected = self._connected, event == SUCCEEDED
            self._greeted = self._welcomed = self._silent = False
            if self._connected:
                self._trouble = ""
                self._say_hello()
            elif lost:
                _log.info("the connection to the daemon is lost")

    def _begin_anew(self) -> None:
        # Not the same socket: it takes an endpoint that it has given up for one that it has, and
        # crashes when it is told to disconnect from it.
        if self._redial is None:
            return
        self.close()
        self._socket, self._monitor = self._redial()

    def close(self) -> None:
        """Close the sockets that are in use now."""
        self._monitor.close()
        self._socket.close()

    def _tell_trouble(self, trouble: str) -> None:
        # ZeroMQ tries again and again: the log needs to hear of it once.
        if trouble != self._trouble:
            _log.error("no connection to the daemon: %s", trouble)
        self._trouble = trouble

    async def beat(self) -> None:
        """Say that the controller is there, again and again."""
        while True:
            await anyio.sleep(self._beat_interval)
            if self._welcomed and self._monotonic() - self._last_heard > self._silence:
                _log.info("nothing was heard from the daemon for %g s", self._silence)
                self._welcomed = self._greeted = False
                self._silent = True
            if self._welcomed:
                self.report(wire.Beat())
                self.flush()
            elif self._connected:
                self._say_hello()
