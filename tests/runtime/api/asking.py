"""Requests of a client to a station on the bench, and what it is answered."""

from typing import TypeVar

from stationd.proto.jobs_protocol import Failure, Request
from tests.runtime.bench import Peer

T = TypeVar("T")


async def asked(client: Peer, request: Request, kind: type[T]) -> T:
    """Ask for something, and return the reply, which is of a kind."""
    await client.say(request)
    return await answered(client, kind)


async def answered(client: Peer, kind: type[T]) -> T:
    """Return the next reply, which is of a kind."""
    reply = await client.reply()
    assert isinstance(reply, kind), reply
    return reply


async def failed(client: Peer, request: Request) -> Failure:
    """Ask for something that is refused, and return the refusal."""
    failure = await asked(client, request, Failure)
    assert failure.request == request.request
    return failure
