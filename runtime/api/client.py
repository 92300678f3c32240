"""One client of the jobs API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.codec import REPLIES
from stationd.proto.error import StationError
from stationd.proto.jobs_protocol import Failure, Reply
from stationd.proto.socket import PeerGone, Socket
from stationd.runtime.api.people import Person

if TYPE_CHECKING:
    from zmq import Frame

    from stationd.runtime.feed import Stream

NOBODY: Final = Person("", "observer")


class Client:
    """One client's connection, as far as the daemon knows it."""

    __slots__ = ("identity", "person", "sender", "socket", "streams")

    def __init__(self, socket: Socket, identity: bytes) -> None:
        self.socket = socket
        self.identity = identity
        self.streams: dict[int, Stream] = {}
        self.sender: Frame | None = None
        """The first frame of its newest message, which knows where it came from."""
        self.person = NOBODY
        """Whom it was taken for at its newest request for which that matters."""

    def send(self, reply: Reply, *bulk: bytes) -> bool:
        """Send a reply; return False if the client is gone."""
        try:
            self.socket.send_nowait([self.identity, REPLIES.encode(reply), *bulk])
        except (PeerGone, anyio.ClosedResourceError):
            return False
        except StationError as error:
            failure = Failure(reply.request, error.info)
            return self.send(failure) if not isinstance(reply, Failure) else False
        return True
