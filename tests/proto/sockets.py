"""Sockets that talk to each other, for tests of the adaptor."""

import zmq

from stationd.proto.socket import Socket, bind, connect

RawSocket = zmq.Socket[bytes]


async def introduce(router: Socket, dealer: Socket) -> bytes:
    """Let a router know a dealer; return the dealer's routing id."""
    await dealer.send([b"hello"])
    routing_id, greeting = await router.receive()
    assert greeting == b"hello"
    return routing_id


async def exchange(address: str) -> None:
    """Send a message through an endpoint."""
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        await introduce(router, dealer)
