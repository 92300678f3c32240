"""What clients ask for, on its way from the socket to who answers it.

Rule 1. Who asks is found out first, then whether they may; each at every single message.
Rule 2. Requests about stored jobs are answered by the journal's reader, in tasks of their own;
        nothing that a client asks for stops the loop.
Rule 3. A request that cannot be carried out gets a Failure that says what to do; a frame that
        makes no sense gets one too, if it can be told which request it was.
Rule 4. What is answered, and how, is nothing that stands here: see `answers`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from stationd.proto.codec import REQUESTS, request_number
from stationd.proto.error import ErrorCode, ErrorInfo, JournalClosed, PeerError, StationError
from stationd.proto.jobs_protocol import Grant, Request, Unlisten
from stationd.runtime.api.admission import Admission
from stationd.runtime.api.answers import quick_answers, slow_answers
from stationd.runtime.api.auditing import CHANGING
from stationd.runtime.api.parts import Parts, Reach

if TYPE_CHECKING:
    from stationd.proto.socket import Socket
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.people import Person
    from stationd.runtime.settings import Settings

log = logging.getLogger(__name__)

_UNANSWERED: Final = (Grant, Unlisten)
"""These cost next to nothing; and a client could not be told to send them again."""


class JobsApi:
    """The daemon's end of the jobs protocol.

    Args:
        reach: What of the station clients reach.
    """

    def __init__(self, reach: Reach) -> None:
        self._journal = reach.journal
        self._holdings = reach.dispatch.holdings
        self._metrics = reach.metrics
        self._clock = reach.clock
        self._tasks = reach.tasks
        self.parts = parts = Parts(reach, answer_later=self._answer_later, fail=self._fail)
        """Who answer."""
        self._auditing = parts.auditing
        self._limits = parts.limits
        self._privacy = parts.privacy
        self._streams = parts.streams
        self._admission = Admission(
            parts.people,
            reach.access,
            parts.streams,
            reach.tasks,
            carry_out=self._carry_out,
            refuse=parts.auditing.refuse,
        )
        self._quick = quick_answers(parts)
        self._slow = slow_answers(parts)
        self._weigh()

    @property
    def stopping(self) -> bool:
        """Whether new jobs are refused, because the station is about to end."""
        return self.parts.intake.stopping

    @stopping.setter
    def stopping(self, stopping: bool) -> None:
        self.parts.intake.stopping = stopping

    def reload(self, settings: Settings) -> None:
        """Go by another configuration from now on: its users, their keys, roles and limits."""
        self.parts.reload(settings)
        self._admission.renew()
        self._weigh()

    def _weigh(self) -> None:
        if self._limits.weighed and not self._holdings.weighs:
            self._holdings.weighs = True
            self._tasks.start_soon(self._holdings.weigh, self._journal)

    async def serve(self, socket: Socket) -> None:
        """Answer requests on a bound ROUTER for ever."""
        await self.parts.people.prepare()
        socket.remember_senders()
        socket.emptied = self._journal.send_now
        while True:
            identity, *frames = await socket.receive()
            client = self._streams.client(socket, identity)
            client.sender = socket.sender
            self.take(client, frames)

    async def beat(self) -> None:
        """Tell listeners for ever that their streams are alive."""
        await self._streams.beat()

    def take(self, client: Client, frames: list[bytes]) -> None:
        """Carry out one request, or begin to."""
        try:
            request = REQUESTS.decode(frames[0])
        except IndexError:
            self._metrics.bad_frame("jobs")
            return
        except PeerError as error:
            self._metrics.bad_frame("jobs")
            self._auditing.refuse(client, request_number(frames[0]), None, error.info)
            return
        self._admission.take(client, request)

    def _carry_out(self, client: Client, request: Request) -> None:
        kind = type(request)
        quick = self._quick.get(kind)
        if kind in CHANGING:
            client = self._auditing.followed(client, request)
        try:
            if self._limits.paced and kind not in _UNANSWERED:
                self._check_pace(client.person)
            if quick is None:
                self._answer_later(client, request)
                return
            client.person.check(request)
            quick(client, request)
        except JournalClosed:
            return
        except Exception as error:  # noqa: BLE001 - one request's failure is its own
            self._fail(client, request, error)

    def _check_pace(self, person: Person) -> None:
        self._limits.check_pace(person.name, person.role, self._clock.monotonic())

    def _answer_later(self, client: Client, request: Request) -> None:
        self._tasks.start_soon(self._answer, client, request)

    async def _answer(self, client: Client, request: Request) -> None:
        try:
            client.person.check(request)
            turned_away = await self._privacy.turn_away(client.person, request)
            if turned_away is not None:
                client.send(turned_away)
                return
            await self._slow[type(request)](client, request)
        except JournalClosed:
            # This daemon is ending. An answer would end the waiting of whoever asked; without
            # one the request is sent again, to the next daemon.
            return
        except Exception as error:  # noqa: BLE001 - one request's failure is its own
            self._fail(client, request, error)

    def _fail(self, client: Client, request: Request, error: Exception) -> None:
        self._auditing.refuse(client, request.request, request, _info_of(error, request))


def _info_of(error: Exception, request: Request) -> ErrorInfo:
    if isinstance(error, StationError):
        return error.info
    log.error("request %s failed", type(request).__name__, exc_info=error)
    return ErrorInfo(
        ErrorCode.INTERNAL_ERROR,
        f"the station could not answer ({type(error).__name__}: {error}): please report it",
    )
