"""One client of the jobs API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from stationd.proto.codec import REPLIES
from stationd.proto.error import StationError
from stationd.proto.jobs_protocol import Failure, Reply
from stationd.proto.socket import PeerGone, Socket

if TYPE_CHECKING:
    from stationd.runtime.feed import Stream


class Client:
    """One client's connection, as far as the daemon knows it."""

    __slots__ = ("identity", "socket", "streams")

    def __init__(self, socket: Socket, identity: bytes) -> None:
        self.socket = socket
        self.identity = identity
        self.streams: dict[int, Stream] = {}

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
