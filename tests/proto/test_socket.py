"""The socket adaptor, on every event loop, over both transports."""

import os
import select
import shutil
import socket as plain_socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import anyio
import anyio.lowlevel
import pytest
import zmq

from stationd.proto.codec import MAX_FRAME_BYTES
from stationd.proto.error import StationUnreachable
from stationd.proto.socket import (
    LONGEST_IPC_PATH,
    PeerGone,
    Socket,
    bind,
    connect,
    connect_monitored,
)

pytestmark = pytest.mark.anyio

RawSocket = zmq.Socket[bytes]
MESSAGES = 10_000
SENDERS = 20


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    path = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=["ipc", "tcp"])
def address(request: pytest.FixtureRequest, folder: Path) -> str:
    """An endpoint to bind."""
    return f"ipc://{folder}/a.sock" if request.param == "ipc" else "tcp://127.0.0.1:0"


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


def signalled(socket: RawSocket) -> bool:
    """Whether ZeroMQ's descriptor is readable: an edge that nobody has seen yet."""
    readable, _, _ = select.select([socket.fileno()], [], [], 0)
    return bool(readable)


def wait_signalled(socket: RawSocket) -> None:
    """Wait for the edge without giving the event loop the chance to see it."""
    readable, _, _ = select.select([socket.fileno()], [], [], 10)
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


# --- closing ---------------------------------------------------------------------------------


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


# --- endpoints -------------------------------------------------------------------------------


async def test_a_port_is_bound_once() -> None:
    with bind(zmq.ROUTER, "tcp://127.0.0.1:0") as first:
        assert not first.endpoint.endswith(":0")
        with pytest.raises(StationUnreachable, match=f"{first.endpoint}: another process listens"):
            bind(zmq.ROUTER, first.endpoint)


async def test_a_path_is_not_taken_from_whoever_listens_there(folder: Path) -> None:
    endpoint = f"ipc://{folder}/a.sock"
    with bind(zmq.ROUTER, endpoint) as first, anyio.fail_after(60):
        with pytest.raises(StationUnreachable, match=rf"{endpoint}: another process listens"):
            bind(zmq.ROUTER, endpoint)
        with connect(zmq.DEALER, endpoint) as dealer:
            await introduce(first, dealer)


async def test_what_a_dead_process_left_is_taken_over(folder: Path) -> None:
    endpoint = f"ipc://{folder}/a.sock"
    with plain_socket.socket(plain_socket.AF_UNIX) as dead:
        dead.bind(f"{folder}/a.sock")
    with anyio.fail_after(60):
        await exchange(endpoint)


async def test_a_path_is_free_again_after_closing(folder: Path) -> None:
    endpoint = f"ipc://{folder}/a.sock"
    bind(zmq.ROUTER, endpoint).close()
    with anyio.fail_after(60):
        while True:
            try:
                bind(zmq.ROUTER, endpoint).close()
                break
            except StationUnreachable:  # ZeroMQ closes in the background
                await anyio.lowlevel.checkpoint()


async def test_a_file_that_is_no_socket_is_not_overwritten(folder: Path) -> None:
    (folder / "notes").write_text("precious")
    with pytest.raises(StationUnreachable, match="notes is not a socket: move it away"):
        bind(zmq.ROUTER, f"ipc://{folder}/notes")
    assert (folder / "notes").read_text() == "precious"


async def test_a_missing_folder_is_named(folder: Path) -> None:
    with pytest.raises(StationUnreachable, match=f"the folder {folder}/no does not exist: create"):
        bind(zmq.ROUTER, f"ipc://{folder}/no/a.sock")


@pytest.mark.parametrize("opener", [bind, connect])
async def test_a_path_that_does_not_fit_is_refused_with_its_length(
    opener: Callable[[int, str], Socket], folder: Path
) -> None:
    longest = f"ipc://{folder}/".ljust(len("ipc://") + LONGEST_IPC_PATH, "x")
    opener(zmq.DEALER, longest).close()
    with pytest.raises(StationUnreachable, match=r"is 108 bytes long, at most 107 .*: choose"):
        opener(zmq.DEALER, longest + "x")
    with pytest.raises(StationUnreachable, match="is 109 bytes long"):
        opener(zmq.DEALER, longest + "é")


@pytest.mark.parametrize("opener", [bind, connect])
@pytest.mark.parametrize("endpoint", ["", "nonsense", "tcp://", "tcp://host", "http://localhost:1"])
async def test_a_malformed_endpoint_is_refused_with_an_example(
    opener: Callable[[int, str], Socket], endpoint: str
) -> None:
    with pytest.raises(StationUnreachable, match=r"tcp://HOST:PORT or ipc:///PATH"):
        opener(zmq.DEALER, endpoint)


async def test_an_address_of_another_host_cannot_be_bound() -> None:
    with pytest.raises(StationUnreachable, match=r"192\.0\.2\.1:5555: .*[Aa]ddress"):
        bind(zmq.ROUTER, "tcp://192.0.2.1:5555")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_refused(folder: Path) -> None:
    folder.chmod(0o500)  # noqa: ASYNC240 - one local call
    with pytest.raises(StationUnreachable, match=r"a\.sock: Permission denied"):
        bind(zmq.ROUTER, f"ipc://{folder}/a.sock")
