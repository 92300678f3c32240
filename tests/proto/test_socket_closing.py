"""Whoever waits for a socket is told of its end, and a monitor of the end of a connection."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
import zmq

from stationd.proto.error import StationUnreachable
from stationd.proto.socket import Socket, bind, connect, connect_monitored
from tests.proto.sockets import exchange, introduce

pytestmark = pytest.mark.anyio


async def test_closing_tells_all_who_wait(address: str) -> None:
    told = 0

    async def wait(operation: Callable[[], object]) -> None:
        nonlocal told
        with pytest.raises(anyio.ClosedResourceError):
            await operation()  # type: ignore[misc]
        told += 1

    socket = bind(zmq.DEALER, address)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait, socket.receive)
            tasks.start_soon(wait, lambda: socket.send([b"nobody is there"]))
            tasks.start_soon(wait, socket.receive)
            await anyio.wait_all_tasks_blocked()
            socket.close()
    assert told == 3


async def test_a_closed_socket_says_so_at_once(address: str) -> None:
    socket = bind(zmq.ROUTER, address)
    socket.close()
    socket.close()
    with pytest.raises(anyio.ClosedResourceError):
        await socket.receive()
    with pytest.raises(anyio.ClosedResourceError):
        await socket.send([b"a", b"b"])
    with pytest.raises(anyio.ClosedResourceError):
        socket.receive_nowait()
    with pytest.raises(anyio.ClosedResourceError):
        socket.send_nowait([b"a", b"b"])


async def test_a_descriptor_that_is_given_away_again_is_not_mistaken(folder: Path) -> None:
    # Sockets are closed under a sleeper, and their numbers reused at once, again and again.
    with anyio.fail_after(60):
        for count in range(50):
            endpoint = f"ipc://{folder}/{count}.sock"
            old = bind(zmq.ROUTER, endpoint)

            async def receive(socket: Socket) -> None:
                with pytest.raises(anyio.ClosedResourceError):
                    await socket.receive()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(receive, old)
                await anyio.wait_all_tasks_blocked()
                old.close()
                await exchange(endpoint + "2")


async def test_a_monitor_tells_of_the_connection(address: str) -> None:
    with (
        bind(zmq.ROUTER, address) as router,
        connect(zmq.DEALER, router.endpoint) as dealer,
        router.monitor(zmq.EVENT_DISCONNECTED) as monitor,
    ):
        with anyio.fail_after(60):
            await introduce(router, dealer)
            dealer.close()
            event, _address = await monitor.receive()
            assert int.from_bytes(event[:2], "little") == zmq.EVENT_DISCONNECTED


async def test_a_monitor_sees_the_first_connection(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, anyio.fail_after(60):
        watched = int(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        dealer, monitor = connect_monitored(zmq.DEALER, router.endpoint, watched)
        with dealer, monitor:
            event, _address = await monitor.receive()
            assert int.from_bytes(event[:2], "little") == watched


MONITOR_CLOSED_FIRST = """
import sys, anyio, anyio.lowlevel, zmq
from stationd.proto.error import StationUnreachable
from stationd.proto.socket import bind, connect_monitored

async def bind_again(address):
    while True:
        try:
            return bind(zmq.ROUTER, address)
        except StationUnreachable:  # ZeroMQ closes in the background
            await anyio.lowlevel.checkpoint()

async def main():
    address = sys.argv[1]
    with bind(zmq.ROUTER, address) as router:
        dealer, monitor = connect_monitored(zmq.DEALER, address, int(zmq.EVENT_ALL))
        await dealer.send([b"hello"])
        await router.receive()
        monitor.close()
    with await bind_again(address) as router:
        # All the events of this are told to nobody. What left before the old connection was
        # known to be gone is lost with it.
        while router.receive_nowait() is None:
            await dealer.send([b"hello"])
            await anyio.lowlevel.checkpoint()
        dealer.close()

anyio.run(main)
"""


@pytest.mark.slow
def test_a_monitor_may_be_closed_before_what_it_watches(folder: Path) -> None:
    # ZeroMQ would hold the interpreter's lock while it blocks: only another process can tell.
    command = [sys.executable, "-c", MONITOR_CLOSED_FIRST, f"ipc://{folder}/s"]
    subprocess.run(command, check=True, timeout=120)


async def test_a_monitored_socket_of_a_malformed_endpoint_is_refused(folder: Path) -> None:
    for endpoint in ("nonsense", f"ipc://{folder}/".ljust(120, "x")):
        with pytest.raises(StationUnreachable):
            connect_monitored(zmq.DEALER, endpoint, int(zmq.EVENT_ALL))
