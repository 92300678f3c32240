"""Which answers the audit log hears of, and from whom the requests came."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import zmq

from stationd.proto.audit_requests import AuditTrail
from stationd.proto.error import RequestError
from stationd.proto.jobs_protocol import Failure, Request
from stationd.runtime.api.client_text import bounded
from stationd.runtime.api.people import LOOKING, NEEDED
from stationd.runtime.audit.answered import Asked
from stationd.runtime.audit.auditor import Auditor
from stationd.runtime.security.access import means_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.proto.audit_requests import ReadAudit
    from stationd.proto.error import ErrorCode, ErrorInfo
    from stationd.runtime.api.client import Client
    from stationd.runtime.audit.trail import Trail
    from stationd.runtime.clock import Clock

CHANGING: Final[frozenset[type[Request]]] = frozenset(NEEDED.keys() - LOOKING)
"""Requests that change something, if they are carried out."""


class Auditing:
    """The part of the jobs API that is about the audit log.

    Args:
        trail: Where the lines go; None for nowhere.
        clock: Tells when.
        refused: Counts refusals by their code.
    """

    def __init__(
        self, trail: Trail | None, clock: Clock, refused: Callable[[ErrorCode], None]
    ) -> None:
        self._refused = refused
        self._auditor = None if trail is None else Auditor(trail, clock)
        self._endpoints: dict[int, str] = {}

    def followed(self, client: Client, request: Request) -> Client:
        """Return a client for a request that changes something, whose answer is audited.

        It stays that of the person who asked, whoever speaks on the same connection meanwhile.
        """
        client = client.asking_once()
        if self._auditor is not None:
            asked = self._asked(client, request)
            client.answered = partial(self._auditor.changed, asked)
        return client

    def refuse(
        self, client: Client, number: int, request: Request | None, error: ErrorInfo
    ) -> None:
        """Answer a request with an error.

        Args:
            client: Whose it is.
            number: The request's.
            request: The request; None if it could not be read.
            error: Why it is not carried out.
        """
        self._refused(error.code)
        failure = Failure(number, bounded(error))
        if self._auditor is not None and client.answered is None:
            self._auditor.refused(partial(self._asked, client, request), failure)
        client.send(failure)

    async def read(self, request: ReadAudit) -> AuditTrail:
        """Return lines of the audit log.

        Raises:
            RequestError: There is none.
        """
        if self._auditor is None:
            raise RequestError("this station keeps no audit log: set [audit] days to keep one")
        lines, more = await self._auditor.trail.read(request)
        return AuditTrail(request.request, lines, more)

    def _asked(self, client: Client, request: Request | None) -> Asked:
        person, sender = client.person, client.sender
        return Asked(
            person.name,
            person.role,
            person.means or means_of(sender) or "",
            _peer(sender),
            self._endpoint(client),
            request,
        )

    def _endpoint(self, client: Client) -> str:
        found = self._endpoints.get(id(client.socket))
        if found is None:
            found = self._endpoints[id(client.socket)] = client.socket.endpoint
        return found


def _peer(sender: zmq.Frame | None) -> str:
    """Return the address of the other end, if the network tells one."""
    if sender is None:
        return ""
    try:
        return str(sender.get("Peer-Address"))
    except zmq.ZMQError:
        return ""
