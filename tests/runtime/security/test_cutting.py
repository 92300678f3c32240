"""A connection is ended, and no other."""

import anyio
import pytest
import zmq

from stationd.proto.curve import Credentials, new_pair
from stationd.proto.socket import bind, connect_monitored
from stationd.runtime.security.access import Access
from stationd.runtime.security.cutting import cut
from stationd.runtime.security.gate import open_gate
from stationd.runtime.security.register import JOBS, Register

pytestmark = pytest.mark.anyio

STATION, ADA = new_pair(), new_pair()


async def test_the_connection_of_a_message_is_ended_if_it_came_over_a_network() -> None:
    access = Access(Register(users={ADA.public: "ada"}))
    credentials, lost = Credentials(STATION.public, ADA), int(zmq.EVENT_DISCONNECTED)
    async with open_gate(access, STATION) as gate:
        with (
            bind(zmq.ROUTER, "tcp://127.0.0.1:*", gate.guard(JOBS)) as router,
            anyio.fail_after(60),
        ):
            router.remember_senders()
            port = int(router.endpoint.rpartition(":")[2])
            socket, monitor = connect_monitored(zmq.DEALER, router.endpoint, lost, credentials)
            with socket, monitor:
                await socket.send([b"hello"])
                await router.receive()
                assert not cut(router.sender, [port + 1])
                assert cut(router.sender, [port])
                await monitor.receive()


def test_where_nothing_tells_which_connection_it_was_none_is_ended() -> None:
    assert not cut(None, [1])
    assert not cut(zmq.Frame(b"made here"), [1])
