"""The connection to a station's daemon: many requests and streams over one socket.

Rule 1. One task receives; whoever waits is told through an event of its own.
Rule 2. Every request may be sent again, and is when a lost connection is there again. Each
        sending has a new number, so an answer to any of them ends the request.
Rule 3. Every wait is bounded. A failure of the connection says nothing about any job.
Rule 4. Who asks too often waits as long as the station says and asks again, unless that takes
        longer than an answer may.
Rule 5. What cannot be read is counted and dropped; it never stops the receiving task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import msgspec
import zmq
from anyio import to_thread

from stationd.client.connection.background import start_in_background
from stationd.client.connection.stations import Address
from stationd.client.connection.stream import SILENCE, Stream
from stationd.client.connection.turn import Turn
from stationd.proto.arriving import reply_in
from stationd.proto.codec import REQUESTS, request_number
from stationd.proto.error import (
    ErrorCode,
    Forbidden,
    ProtocolViolation,
    StationError,
    StationUnreachable,
    TooManyRequests,
    UnsupportedVersion,
    error_from_info,
)
from stationd.proto.handshake import FAILED, FINAL, REFUSED, SUCCEEDED, event_in, reason
from stationd.proto.jobs_protocol import (
    PROTOCOL,
    Events,
    Failure,
    ProgressReport,
    Reply,
    Request,
    Snapshot,
    StreamBeat,
    Unlisten,
)
from stationd.proto.socket import PeerGone, Socket, connect_monitored, unconnected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stationd.client.connection.line import Awaiting
    from stationd.proto.job import JobId

ANSWER_WAIT: Final = 10.0
"""Seconds that a request waits for its answer, from its last sending."""
CONNECT_WAIT: Final = 5.0
"""The same as long as the daemon has never been there."""
MOST_SENDINGS: Final = 5
_EVENTS: Final = SUCCEEDED | FAILED

R = TypeVar("R", bound=Reply)


class Asked:
    """A request that waits for its answer."""

    def __init__(self, connection: Connection, message: Request) -> None:
        self._connection = connection
        self._message = message
        self.over = anyio.Event()
        self.reply: Reply | None = None
        self.frames: Sequence[bytes] = ()
        self.error: StationError | None = None
        self.sendings = 1
        self.numbers = [connection.begin(message, self)]

    def take(self, reply: Reply, frames: Sequence[bytes]) -> None:
        """Take the answer."""
        self.reply, self.frames = reply, frames
        self.over.set()

    def fail(self, error: StationError) -> None:
        """Take the refusal."""
        self.error = error
        self.over.set()

    def send_again(self) -> None:
        """Send the request under a further number."""
        if self.sendings < MOST_SENDINGS and not self.over.is_set():
            self.sendings += 1
            self.numbers.append(self._connection.begin(self._message, self))


class Connection:
    """A connection that comes back by itself. It belongs to the event loop it is opened in.

    Args:
        endpoint: Where the daemon's jobs socket is, if that is known.
        answer_wait: Seconds that a request waits for its answer, from its last sending.
        connect_wait: The same as long as the daemon has never been there.
        silence: Seconds without a frame after which a stream is asked for again.
        connect: Makes the socket and its monitor.
        find: Finds out where the socket is and with which keys, in a thread; then the endpoint is
            not asked for.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        answer_wait: float = ANSWER_WAIT,
        connect_wait: float = CONNECT_WAIT,
        silence: float = SILENCE,
        connect: Callable[[int, str, int], tuple[Socket, Socket]] = connect_monitored,
        find: Callable[[], Address] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.dropped = 0
        """Frames that could not be read, or that nobody waited for."""
        self.handshakes = 0
        """How often the connection was made."""
        self._answer_wait = answer_wait
        self._connect_wait = connect_wait
        self._silence = silence
        self._awaiting: dict[int, Awaiting] = {}
        self._number = 0
        self._closed = anyio.Event()
        self._scope = anyio.CancelScope()
        self._find = find
        self._trouble = ""
        """Why the newest handshake came to nothing, if it did."""
        self._end: StationError | None = None
        """Why the connection ends, if that is for good."""
        self._early: list[bytes] | None = None
        """What is sent before it is known where to; None from then on."""
        if find is None:
            self._socket, self._monitor = connect(zmq.DEALER, endpoint, _EVENTS)
        else:
            self._early = []
            self._socket = unconnected(zmq.DEALER)
            self._monitor = self._socket.monitor(_EVENTS)
        start_in_background(self._run)

    @property
    def closed(self) -> bool:
        """Whether the connection is of no use any more."""
        return self._closed.is_set()

    @property
    def first_wait(self) -> float:
        """How long to wait for an answer, in seconds."""
        return self._answer_wait if self.handshakes else self._connect_wait

    async def ask(self, message: Request, answer: type[R], *, patience: float = 0.0) -> R:
        """Send a request and wait for its answer.

        Args:
            message: The request; its number is chosen here.
            answer: The type of reply that answers it.
            patience: Seconds that a station that is there may take, if that is longer than usual.

        Raises:
            StationUnreachable: Nobody answered. Whether the request was carried out is unknown.
            MessageTooLarge: Nothing has been sent.
            StationError: The station's refusal.
        """
        reply, _ = await self.ask_for_data(message, answer, patience=patience)
        return reply

    async def ask_for_data(
        self, message: Request, answer: type[R], *, patience: float = 0.0
    ) -> tuple[R, Sequence[bytes]]:
        """Send a request and wait for its answer and the bulk data that comes with it.

        Args:
            message: As in `ask`.
            answer: As in `ask`.
            patience: As in `ask`.

        Raises:
            ProtocolViolation: The reply is of another type.
            StationError: As `ask`.
        """
        asked = await self._answered(message, patience)
        turn = Turn(max(self.first_wait, patience))
        while isinstance(asked.error, TooManyRequests) and turn.comes(asked.error):
            await anyio.sleep(turn.wait)
            asked = await self._answered(message, patience)
        if asked.error is not None:
            raise asked.error
        if not isinstance(asked.reply, answer):
            raise ProtocolViolation(
                f"the station answered {type(message).__name__} with {type(asked.reply).__name__}"
            )
        return asked.reply, asked.frames

    async def _answered(self, message: Request, patience: float) -> Asked:
        asked = Asked(self, message)
        try:
            await self._wait(asked, patience)
        finally:
            for number in asked.numbers:
                self.forget(number)
        return asked

    def listen(self, jobs: tuple[JobId, ...] | None, after: int | None = None) -> Stream:
        """Start a stream of facts about some jobs (None: all), which the caller closes."""
        return Stream(self, jobs, after, silence=self._silence)

    async def aclose(self) -> None:
        """Close the socket. Requests that wait fail; streams end."""
        self._scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._closed.wait()

    def begin(self, message: Request, awaiting: Awaiting) -> int:
        """Send a request under a new number and return the number."""
        self._number += 1
        self._awaiting[self._number] = awaiting
        try:
            self.mention(msgspec.structs.replace(message, request=self._number))
        except StationError:
            del self._awaiting[self._number]
            raise
        return self._number

    def mention(self, message: Request) -> None:
        """Send a message that is not answered."""
        frame = REQUESTS.encode(message)
        if self._early is not None:
            self._early.append(frame)
            return
        self._send(frame)

    def _send(self, frame: bytes) -> None:
        try:
            self._socket.send_nowait([frame])
        except (PeerGone, anyio.ClosedResourceError):
            # Nobody takes it: whoever waits sends again after a reconnect, or gives up in time.
            return

    def forget(self, number: int) -> None:
        """Take no more replies of this number."""
        self._awaiting.pop(number, None)

    async def unreachable(self) -> StationUnreachable:
        """Return the error that says that nobody answers, and what to look at."""
        if self._trouble:
            return StationUnreachable(f"no answer from {self.endpoint}: {self._trouble}")
        scheme, _, path = self.endpoint.partition("://")
        hint = "is stationd running?"
        if scheme == "ipc" and not await anyio.Path(path).exists():
            hint = f"there is no socket {path}: {hint}"
        return StationUnreachable(
            f"no answer from the station at {self.endpoint}: {hint} (systemctl status stationd;"
            " choose another station with STATIOND_ENDPOINT or --station)"
        )

    async def _wait(self, asked: Asked, patience: float) -> None:
        while not asked.over.is_set():
            sendings, handshakes = asked.sendings, self.handshakes
            wait = max(self.first_wait, patience) if handshakes else self.first_wait
            with anyio.move_on_after(wait):
                await asked.over.wait()
                return
            if (sendings, handshakes) == (asked.sendings, self.handshakes):
                raise await self.unreachable()

    async def _run(self) -> None:
        error: StationError = StationUnreachable(f"the connection to {self.endpoint} is closed")
        try:
            with self._scope:
                await self._connect()
                async with anyio.create_task_group() as group:
                    group.start_soon(self._receive)
                    group.start_soon(self._watch)
            error = self._end or error
        except StationError as wrong:
            error = wrong
        except Exception as bug:  # noqa: BLE001 - nobody awaits this task: those who wait are told
            error = StationUnreachable(f"the connection to {self.endpoint} broke: {bug!r}")
        finally:
            self._monitor.close()
            self._socket.close()
            self._closed.set()
            self._fail_all(error)

    async def _connect(self) -> None:
        """Find out where to, and send what has waited for that."""
        if self._find is None:
            return
        address = await to_thread.run_sync(self._find)
        self.endpoint = address.endpoint
        self._socket.connect(address.endpoint, address.credentials)
        early, self._early = self._early or [], None
        for frame in early:
            self._send(frame)

    async def _receive(self) -> None:
        while True:
            frame, *data = await self._socket.receive()
            try:
                reply = reply_in(frame)
            except UnsupportedVersion as error:
                self._fail_all(error)
            except ProtocolViolation as error:
                self._drop(frame, error)
            else:
                self._hand_over(reply, data)

    async def _watch(self) -> None:
        while True:
            event = event_in(await self._monitor.receive())
            self._trouble = reason(event, self.endpoint, "user")
            if event & FINAL:
                kind = Forbidden if event == REFUSED else StationUnreachable
                self._end = kind(self._trouble)
                self._scope.cancel()
            if event != SUCCEEDED:
                continue
            self.handshakes += 1
            if self.handshakes > 1:
                for awaiting in dict.fromkeys(self._awaiting.values()):
                    awaiting.send_again()

    def _hand_over(self, reply: Reply, data: Sequence[bytes]) -> None:
        awaiting = self._awaiting.get(reply.request)
        if isinstance(reply, Failure):
            error = error_from_info(reply.error)
            if awaiting is not None:
                awaiting.fail(error)
            elif reply.error.code is ErrorCode.UNSUPPORTED_VERSION:
                self._fail_all(error)
            return
        if awaiting is not None:
            awaiting.take(reply, data)
            return
        self.dropped += 1
        if isinstance(reply, Snapshot | Events | ProgressReport | StreamBeat):
            # A stream that we have given up: the daemon has not heard of it yet.
            self.mention(Unlisten(reply.request))

    def _drop(self, frame: bytes, error: ProtocolViolation) -> None:
        self.dropped += 1
        number = request_number(frame) if frame.startswith(PROTOCOL) else 0
        if (awaiting := self._awaiting.get(number)) is not None:
            awaiting.fail(error)

    def _fail_all(self, error: StationError) -> None:
        for awaiting in dict.fromkeys(self._awaiting.values()):
            awaiting.fail(error)
