"""What a client is told of keys: ZeroMQ alone would let it wait."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
import zmq

from stationd.client.connection.connection import Connection
from stationd.client.connection.stations import Address
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.curve import Credentials, new_pair
from stationd.proto.error import Forbidden, RequestError, StationError, StationUnreachable
from stationd.proto.jobs_protocol import Ping, Pong
from stationd.proto.socket import Socket, bind
from stationd.runtime.security.access import Access
from stationd.runtime.security.gate import open_gate
from stationd.runtime.security.register import JOBS, Register

pytestmark = pytest.mark.anyio

STATION, ADA, EVE = (new_pair() for _ in range(3))


@asynccontextmanager
async def a_station() -> AsyncGenerator[tuple[str, Access]]:
    """Answer pings at an endpoint over a network, of ada alone."""
    access = Access(Register(users={ADA.public: "ada"}))
    async with open_gate(access, STATION) as gate:
        with bind(zmq.ROUTER, "tcp://127.0.0.1:*", gate.guard(JOBS)) as router:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(answer, router)
                with anyio.fail_after(60):
                    yield router.endpoint, access
                tasks.cancel_scope.cancel()


async def answer(router: Socket) -> None:
    while True:
        identity, frame = await router.receive()
        pong = Pong(REQUESTS.decode(frame).request, "lab", 1, "0")
        await router.send([identity, REPLIES.encode(pong)])


async def ping(address: Address, wait: float = 60.0) -> str:
    connection = Connection("", answer_wait=60.0, connect_wait=wait, find=partial(same, address))
    try:
        return (await connection.ask(Ping(0, "test"), Pong)).station
    finally:
        await connection.aclose()


def same(address: Address) -> Address:
    return address


async def test_a_client_with_both_keys_is_answered() -> None:
    async with a_station() as (endpoint, _):
        assert await ping(Address(endpoint, Credentials(STATION.public, ADA))) == "lab"


async def test_whoever_is_refused_is_told_at_once() -> None:
    async with a_station() as (endpoint, _):
        address = Address(endpoint, Credentials(STATION.public, EVE))
        with pytest.raises(Forbidden, match=r"refuses the key.*\[users\.NAME\] keys"):
            await ping(address)


async def test_a_key_that_is_let_in_later_is_let_in_at_the_next_call() -> None:
    async with a_station() as (endpoint, access):
        address = Address(endpoint, Credentials(STATION.public, EVE))
        with pytest.raises(Forbidden):
            await ping(address)
        access.replace(Register(users={EVE.public: "eve"}))
        assert await ping(address) == "lab"


async def test_a_station_that_is_another_is_not_taken_for_the_right_one() -> None:
    async with a_station() as (endpoint, _):
        connection = Connection(
            "",
            connect_wait=0.0,
            find=partial(same, Address(endpoint, Credentials(EVE.public, ADA))),
        )
        error: StationError | None = None
        while "another key" not in str(error):
            # Until ZeroMQ has found out: it tells nobody who does not ask.
            with pytest.raises(StationUnreachable) as caught:
                await connection.ask(Ping(0, "test"), Pong)
            error = caught.value
        await connection.aclose()


async def test_a_client_without_keys_is_told_that_it_takes_some() -> None:
    async with a_station() as (endpoint, _):
        with pytest.raises(StationUnreachable, match="something listens there, but not as"):
            await ping(Address(endpoint))


async def test_a_station_that_cannot_be_found_fails_the_call_and_not_the_next() -> None:
    def find() -> Address:
        raise RequestError("no station is called so")

    connection = Connection("", find=find)
    with anyio.fail_after(60), pytest.raises(RequestError, match="no station is called so"):
        await connection.ask(Ping(0, "test"), Pong)
    assert connection.closed
