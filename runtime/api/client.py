"""One client of the jobs API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.codec import REPLIES
from stationd.proto.error import StationError
from stationd.proto.jobs_protocol import Failure, Reply
from stationd.proto.socket import PeerGone, Socket
from stationd.runtime.api.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from zmq import Frame

    from stationd.runtime.stream import Stream

NOBODY: Final = Person("", "observer")


class Client:
    """One client's connection, as far as the daemon knows it."""

    __slots__ = ("answered", "identity", "person", "sender", "socket", "streams")

    def __init__(self, socket: Socket, identity: bytes) -> None:
        self.socket = socket
        self.identity = identity
        self.streams: dict[int, Stream] = {}
        self.sender: Frame | None = None
        """The first frame of its newest message, which knows where it came from."""
        self.person = NOBODY
        """Whom it was taken for at its newest request for which that matters."""
        self.answered: Callable[[Reply, Callable[[], object]], None] | None = None
        """Called with the next reply and what sends it, instead of sending it."""

    def asking_once(self) -> Client:
        """Return this client for a single request, of which `answered` will be."""
        if not self.streams:
            # Nobody else has it.
            return self
        one = Client(self.socket, self.identity)
        one.sender, one.person = self.sender, self.person
        return one

    def send(self, reply: Reply, *bulk: bytes) -> bool:
        """Send a reply; return False if the client is gone."""
        if self.answered is not None:
            answered, self.answered = self.answered, None
            answered(reply, partial(self._send, reply, *bulk))
            return True
        return self._send(reply, *bulk)

    def _send(self, reply: Reply, *bulk: bytes) -> bool:
        try:
            self.socket.send_nowait([self.identity, REPLIES.encode(reply), *bulk])
        except (PeerGone, anyio.ClosedResourceError):
            return False
        except StationError as error:
            failure = Failure(reply.request, error.info)
            return self._send(failure) if not isinstance(reply, Failure) else False
        return True
