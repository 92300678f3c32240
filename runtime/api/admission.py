"""Finding out who asks, by every single message, and parting from those who are not known any more.

Rule 1. A connection outlives the key that it was made with. So a message of it is refused as soon
        as the key is revoked, its streams end, and then it is cut.
Rule 2. An address on the socket tells nothing: whoever takes that of somebody who is gone has none
        of their streams.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.error import Forbidden

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from stationd.proto.error import ErrorInfo
    from stationd.proto.jobs_protocol import Request
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.people import People
    from stationd.runtime.api.streams_api import StreamsApi
    from stationd.runtime.security.access import Access

_LAST_WORD_SECONDS: Final = 0.2
"""What a client gets to be told why its connection is ended."""


class Admission:
    """The part of the jobs API that is about who asks.

    Args:
        people: Know whom a message is from.
        access: Knows whose keys there are.
        streams: Those that clients have.
        tasks: Runs what takes time.
        carry_out: Called with requests of those who are known.
        refuse: Called with the others': who, the request's number, the request and the error.
    """

    def __init__(
        self,
        people: People,
        access: Access,
        streams: StreamsApi,
        tasks: TaskGroup,
        *,
        carry_out: Callable[[Client, Request], None],
        refuse: Callable[[Client, int, Request | None, ErrorInfo], None],
    ) -> None:
        self._people = people
        self._access = access
        self._streams = streams
        self._tasks = tasks
        self._carry_out = carry_out
        self._refuse = refuse
        access.watch(self._part_from_revoked)

    def take(self, client: Client, request: Request) -> None:
        """Go on with a request when it is known who asks."""
        try:
            person = self._people.known(client.sender)
        except Forbidden as error:
            self._refuse(client, request.request, request, error.info)
            self._tasks.start_soon(self._cut, client)
            return
        if person is None:
            self._tasks.start_soon(self._introduce, client, request)
            return
        if client.streams and client.person.means != person.means:
            self._streams.end(client)
        client.person = person
        self._carry_out(client, request)

    def renew(self) -> None:
        """Let streams tell what their listeners may read from now on."""
        for client in self._streams.clients:
            with suppress(Forbidden):  # they are parted from by themselves
                person = self._people.known(client.sender)
                if person is not None:
                    self._streams.narrow(client, person)

    async def _introduce(self, client: Client, request: Request) -> None:
        with suppress(Forbidden):
            # If nobody is there to be introduced, they are turned away.
            await self._people.introduce(client.sender)
        self.take(client, request)

    def _part_from_revoked(self) -> None:
        for client in self._streams.clients:
            try:
                self._people.known(client.sender)
            except Forbidden as error:
                self._streams.end(client, error.info)
                self._tasks.start_soon(self._cut, client)

    async def _cut(self, client: Client) -> None:
        # The last word should arrive first, if anybody is there to take it.
        await anyio.sleep(_LAST_WORD_SECONDS)
        self._access.cut(client.sender)
