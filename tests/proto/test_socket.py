"""The socket adaptor, on every event loop, over both transports."""

import select
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import anyio
import anyio.lowlevel
import pytest
import zmq

from stationd.proto.codec import MAX_FRAME_BYTES
from stationd.proto.socket import PeerGone, Socket, bind, connect
from tests.proto.sockets import RawSocket, introduce

pytestmark = pytest.mark.anyio

MESSAGES = 10_000
SENDERS = 20


@pytest.fixture
def raw() -> Iterator[Callable[[int], RawSocket]]:
    """Sockets as ZeroMQ has them, to play peers and to be looked into."""
    context = cast("zmq.Context[RawSocket]", zmq.Context.instance())
    made: list[RawSocket] = []

    def make(kind: int) -> RawSocket:
        made.append(context.socket(kind))
        made[-1].setsockopt(zmq.LINGER, 0)
        return made[-1]

    yield make
    for each in made:
        each.close()


def signalled(socket: RawSocket) -> bool:
    """Whether ZeroMQ's descriptor is readable: an edge that nobody has seen yet."""
    readable, _, _ = select.select([socket.fileno()], [], [], 0)
    return bool(readable)


def wait_signalled(socket: RawSocket) -> None:
    """Wait for the edge without giving the event loop the chance to see it."""
    readable, _, _ = select.select([socket.fileno()], [], [], 60)
    assert readable


async def send_for_ever(socket: Socket, parts: Sequence[bytes]) -> None:
    """Send until that fails."""
    while True:
        await socket.send(parts)
        await anyio.lowlevel.checkpoint()


# --- order and completeness ------------------------------------------------------------------


async def test_nothing_is_lost_or_overtaken_with_many_senders_on_both_sides(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        routing_id = await introduce(router, dealer)

        async def send(socket: Socket, prefix: Sequence[bytes], sender: int) -> None:
            for count in range(MESSAGES // SENDERS):
                await socket.send([*prefix, b"%d" % sender, b"%d" % count])
                if count % 10 == sender % 10:
                    await anyio.lowlevel.checkpoint()

        async def receive(socket: Socket) -> None:
            seen = dict.fromkeys(range(SENDERS), 0)
            for _ in range(MESSAGES):
                *_prefix, sender, count = map(bytes, await socket.receive())
                assert int(count) == seen[int(sender)]
                seen[int(sender)] += 1

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(receive, router)
                tasks.start_soon(receive, dealer)
                for sender in range(SENDERS):
                    tasks.start_soon(send, dealer, (), sender)
                    tasks.start_soon(send, router, (routing_id,), sender)


async def test_a_cancelled_receive_loses_nothing(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        await introduce(router, dealer)
        received: list[bytes] = []

        async def send() -> None:
            for count in range(500):
                await dealer.send([b"%d" % count])
                await anyio.lowlevel.checkpoint()

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(send)
                while len(received) < 500:
                    with anyio.move_on_after(0):
                        received.append((await router.receive())[1])
                    await anyio.lowlevel.checkpoint()
        assert received == [b"%d" % count for count in range(500)]


async def test_a_cancelled_receive_wakes_the_next_one(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        await introduce(router, dealer)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks, anyio.create_task_group() as first:
                first.start_soon(router.receive)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(router.receive)
                await anyio.wait_all_tasks_blocked()
                first.cancel_scope.cancel()
                await dealer.send([b"for the one that is left"])


async def test_messages_of_many_frames_stay_whole(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        parts = [b"", b"x" * 100_000, b"", b"y"]
        await dealer.send(parts)
        with anyio.fail_after(60):
            assert (await router.receive())[1:] == parts


async def test_whoever_sends_or_receives_in_a_loop_lets_others_run(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        turns = 0

        async def count_turns() -> None:
            nonlocal turns
            while True:
                turns += 1
                await anyio.lowlevel.checkpoint()

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(count_turns)
                for _ in range(1000):
                    await dealer.send([b""])
                assert turns > 5
                turns = 0
                for _ in range(1000):
                    await router.receive()
                assert turns > 5
                tasks.cancel_scope.cancel()


# --- the edge-triggered descriptor -----------------------------------------------------------


async def test_a_send_does_not_swallow_the_wake_up_of_a_receiver(
    address: str, raw: Callable[[int], RawSocket]
) -> None:
    inner, peer = raw(zmq.DEALER), raw(zmq.DEALER)
    inner.bind(address)
    peer.connect(inner.getsockopt_string(zmq.LAST_ENDPOINT))
    received: list[list[bytes]] = []
    with Socket(inner) as socket, anyio.fail_after(60):
        await socket.send([b"connected"])

        async def receive() -> None:
            received.append(await socket.receive())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(receive)
            await anyio.wait_all_tasks_blocked()
            peer.send(b"wake up")
            wait_signalled(inner)
            while signalled(inner):
                socket.send_nowait([b"by the way"])
    assert received == [[b"wake up"]]


async def test_a_vain_receive_does_not_swallow_the_wake_up_of_a_sender(
    address: str, raw: Callable[[int], RawSocket]
) -> None:
    inner, peer = raw(zmq.DEALER), raw(zmq.DEALER)
    inner.bind(address)
    with Socket(inner) as socket, anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(socket.send, [b"at last"])
            await anyio.wait_all_tasks_blocked()
            peer.connect(socket.endpoint)
            while not int(inner.getsockopt(zmq.EVENTS)) & zmq.POLLOUT:
                wait_signalled(inner)
            assert socket.receive_nowait() is None


async def test_all_who_wait_are_served_when_a_peer_comes(address: str) -> None:
    with bind(zmq.DEALER, address) as bound, anyio.fail_after(60):
        got: list[list[bytes]] = []

        async def receive() -> None:
            got.append(await bound.receive())

        async with anyio.create_task_group() as tasks:
            for count in range(3):
                tasks.start_soon(bound.send, [b"%d" % count])
                tasks.start_soon(receive)
            await anyio.wait_all_tasks_blocked()
            with connect(zmq.DEALER, bound.endpoint) as peer:
                assert sorted([(await peer.receive())[0] for _ in range(3)]) == [b"0", b"1", b"2"]
                for _ in range(3):
                    await peer.send([b"answer"])
                while len(got) < 3:
                    await anyio.lowlevel.checkpoint()
        assert got == [[b"answer"]] * 3


async def test_a_bound_socket_sends_when_somebody_connects(address: str) -> None:
    with bind(zmq.DEALER, address) as bound, anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(bound.send, [b"early"])
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(PeerGone):
                bound.send_nowait([b"too early"])
            with connect(zmq.DEALER, bound.endpoint) as peer:
                assert await peer.receive() == [b"early"]


async def test_a_connecting_socket_queues_for_a_peer_to_come(folder: Path) -> None:
    endpoint = f"ipc://{folder}/late.sock"
    with connect(zmq.DEALER, endpoint) as dealer, anyio.fail_after(60):
        await dealer.send([b"early"])
        with bind(zmq.ROUTER, endpoint) as router:
            assert (await router.receive())[1] == b"early"


# --- peers that are gone ---------------------------------------------------------------------


async def test_sending_to_an_unknown_peer_raises(address: str) -> None:
    with bind(zmq.ROUTER, address) as router:
        with pytest.raises(PeerGone):
            router.send_nowait([b"nobody", b"hello"])
        with pytest.raises(PeerGone):
            await router.send([b"nobody", b"hello"])


async def test_sending_to_a_vanished_peer_raises(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, anyio.fail_after(60):
        with connect(zmq.DEALER, router.endpoint) as dealer:
            routing_id = await introduce(router, dealer)
            router.send_nowait([routing_id, b"still there"])
        with pytest.raises(PeerGone):
            await send_for_ever(router, [routing_id, b"still there?"])


async def test_a_router_waits_for_no_slow_peer_while_others_have_room(
    address: str, raw: Callable[[int], RawSocket]
) -> None:
    inner = raw(zmq.ROUTER)
    inner.setsockopt(zmq.ROUTER_MANDATORY, 1)
    inner.setsockopt(zmq.SNDHWM, 2)
    inner.bind(address)
    slow = raw(zmq.DEALER)
    slow.setsockopt(zmq.RCVHWM, 2)
    with Socket(inner) as router, connect(zmq.DEALER, router.endpoint) as quick:
        slow.connect(router.endpoint)
        slow.send(b"hello")
        with anyio.fail_after(60):
            routing_id, _ = await router.receive()
            other_id = await introduce(router, quick)
            with pytest.raises(PeerGone):
                await send_for_ever(router, [routing_id, bytes(1_000_000)])
            await router.send([other_id, b"you are well"])
            assert await quick.receive() == [b"you are well"]


async def test_a_frame_above_the_bound_costs_its_sender_the_connection(
    address: str, raw: Callable[[int], RawSocket]
) -> None:
    with bind(zmq.ROUTER, address) as router, anyio.fail_after(60):
        hog = raw(zmq.DEALER)
        hog.setsockopt(zmq.RECONNECT_IVL, -1)
        hog.connect(router.endpoint)
        hog.send(b"hello")
        routing_id, _ = await router.receive()
        hog.send(bytes(MAX_FRAME_BYTES + 1))
        with pytest.raises(PeerGone):
            await send_for_ever(router, [routing_id, b"still there?"])
        with connect(zmq.DEALER, router.endpoint) as dealer:
            await introduce(router, dealer)


async def test_the_largest_frame_arrives(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        with anyio.fail_after(60):
            await dealer.send([bytes(MAX_FRAME_BYTES)])
            assert len((await router.receive())[1]) == MAX_FRAME_BYTES


async def test_somebody_is_told_when_all_that_has_come_was_received(address: str) -> None:
    with bind(zmq.ROUTER, address) as router, connect(zmq.DEALER, router.endpoint) as dealer:
        routing_id = await introduce(router, dealer)
        received: list[bytes] = []
        told_after: list[int] = []
        dealer.emptied = lambda: told_after.append(len(received))
        for number in range(3):
            await router.send([routing_id, b"%d" % number])
        with anyio.fail_after(60):
            while len(received) < 3:
                received += await dealer.receive()
            with anyio.move_on_after(0.01):
                await dealer.receive()
    assert received == [b"0", b"1", b"2"]
    assert told_after[-1] == 3
