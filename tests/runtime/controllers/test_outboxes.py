"""What is said to a controller in one turn of the loop arrives in one frame, in its order."""

import tempfile
from collections.abc import Iterator

import anyio
import pytest
import zmq

from stationd.proto.codec import commands_in
from stationd.proto.instruments_protocol import Heartbeat
from stationd.proto.socket import Socket, bind, connect
from stationd.runtime.controllers.outboxes import Outboxes

pytestmark = pytest.mark.anyio


@pytest.fixture
def socket() -> Iterator[Socket]:
    with (
        tempfile.TemporaryDirectory(prefix="stationd-", dir="/tmp") as folder,
        bind(zmq.ROUTER, f"ipc://{folder}/i.sock") as bound,
    ):
        yield bound


def unexpected(identity: bytes) -> None:
    pytest.fail(f"nobody is at {identity!r}")


async def test_what_is_said_in_one_turn_is_one_frame(socket: Socket) -> None:
    outboxes = Outboxes(socket, gone=unexpected)
    with anyio.fail_after(60), connect(zmq.DEALER, socket.endpoint) as dealer:
        await dealer.send([b"here"])
        identity, _ = await socket.receive()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outboxes.run)
            outboxes.put(identity, Heartbeat(1))
            outboxes.put(identity, Heartbeat(2))
            (frame,) = await dealer.receive()
            assert commands_in(frame) == (Heartbeat(1), Heartbeat(2))
            tasks.cancel_scope.cancel()


async def test_what_is_held_leaves_when_it_is_sent(socket: Socket) -> None:
    outboxes = Outboxes(socket, gone=unexpected)
    with anyio.fail_after(60), connect(zmq.DEALER, socket.endpoint) as dealer:
        await dealer.send([b"here"])
        identity, _ = await socket.receive()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outboxes.run)
            outboxes.held = True
            outboxes.put(identity, Heartbeat(1))
            await anyio.wait_all_tasks_blocked()
            assert dealer.receive_nowait() is None
            outboxes.send()
            (frame,) = await dealer.receive()
            assert commands_in(frame) == (Heartbeat(1),)
            tasks.cancel_scope.cancel()


async def test_nobody_at_an_address_is_told_of(socket: Socket) -> None:
    gone: list[bytes] = []
    outboxes = Outboxes(socket, gone.append)
    outboxes.put(b"nobody", Heartbeat(1))
    outboxes.send()
    assert gone == [b"nobody"]
