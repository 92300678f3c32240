"""A station that is open to a network: what a key allows, and what becomes of a revoked one."""

# pyright: reportPrivateUsage=false

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import COMMANDS
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Events,
    Failure,
    Get,
    Job,
    Listen,
    Ping,
    Pong,
    Reply,
    Snapshot,
    Submit,
    Submitted,
)
from stationd.proto.socket import PeerGone
from tests.runtime.bench import hello, null_spec
from tests.runtime.security.open_station import (
    ADA,
    ALPHA,
    BETA,
    BOB,
    MAX,
    STRANGER,
    Folder,
    OpenStation,
    Peer,
    open_station,
)

pytestmark = pytest.mark.anyio

ONE = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")
TWO = JobId("7b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a10")


@pytest.fixture
def folder() -> Iterator[Folder]:
    made = Folder.made()
    yield made
    made.remove()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await checkpoint()


def forbidden(reply: Reply) -> str:
    assert isinstance(reply, Failure), reply
    assert reply.error.code is ErrorCode.FORBIDDEN
    return reply.error.detail


async def test_a_key_gives_a_name_and_a_role(folder: Folder) -> None:
    async with open_station(folder) as lab:
        with lab.client(ADA) as ada, lab.client(BOB) as bob, lab.client(MAX) as mx:
            pong = await ada.ask(Ping(1, "test"))
            assert isinstance(pong, Pong)
            assert (pong.user, pong.role) == ("ada", "submitter")
            told = forbidden(await bob.ask(Submit(1, ONE, null_spec("alpha"))))
            assert "bob has the role observer, and Submit takes the role submitter" in told
            assert isinstance(await ada.ask(Submit(2, ONE, null_spec("alpha"))), Submitted)
            # Everybody may look at everybody's jobs, and change their own alone.
            job = await bob.ask(Get(2, ONE))
            assert isinstance(job, Job)
            assert job.view.creator == "ada"
            assert isinstance(await mx.ask(Submit(1, TWO, null_spec("alpha"))), Submitted)
            assert "belongs to max" in forbidden(await ada.ask(Cancel(3, TWO)))
            assert isinstance(await mx.ask(Cancel(2, ONE)), CancelAnswer)


async def test_a_strangers_key_opens_no_door(folder: Folder) -> None:
    async with open_station(folder) as lab:
        for own in (STRANGER, ALPHA):
            with lab.client(own) as stranger:
                await stranger.monitor.receive()
        for own in (STRANGER, ADA):
            with lab.controller(own) as stranger:
                await stranger.monitor.receive()
        assert lab.doors.gate.refusals >= 4


async def test_a_revoked_key_ends_its_streams_and_its_connection_and_no_others(
    folder: Folder,
) -> None:
    async with open_station(folder) as lab:
        with lab.client(ADA) as ada, lab.client(BOB) as bob:
            for peer in (ada, bob):
                assert isinstance(await peer.ask(Listen(7, None, None, 100)), Snapshot)
            lab.take(folder.settings(without="ada"))
            failure = await ada.reply()
            assert "does not know the key" in forbidden(failure)
            assert failure.request == 7
            await ada.monitor.receive()  # it is cut,
            await ada.monitor.receive()  # and refused when it comes back
            with lab.client(MAX) as mx:
                assert isinstance(await mx.ask(Submit(1, ONE, null_spec("alpha"))), Submitted)
            assert isinstance(await bob.reply(), Events)


async def test_a_revoked_key_is_refused_at_the_next_message(folder: Folder) -> None:
    async with open_station(folder) as lab:
        with lab.client(ADA) as ada, lab.client(BOB) as bob:
            await ada.ask(Ping(1, "test"))
            await bob.ask(Ping(1, "test"))
            lab.take(folder.settings(without="ada"))
            assert "does not know the key" in forbidden(await ada.ask(Get(2, ONE)))
            await ada.monitor.receive()
            assert isinstance(await bob.ask(Ping(2, "test")), Pong)


async def test_another_role_holds_at_once_and_a_key_that_is_given_back_lets_in(
    folder: Folder,
) -> None:
    async with open_station(folder) as lab:
        with lab.client(BOB) as bob:
            forbidden(await bob.ask(Submit(1, ONE, null_spec("alpha"))))
            lab.take(folder.settings(roles={"bob": "submitter"}, without="ada"))
            assert isinstance(await bob.ask(Submit(2, ONE, null_spec("alpha"))), Submitted)
        lab.take(folder.settings())
        with lab.client(ADA) as ada:
            assert isinstance(await ada.ask(Ping(1, "test")), Pong)


# --- controllers -----------------------------------------------------------------------------


async def joined(lab: OpenStation, peer: Peer, name: str) -> bytes:
    """Let a controller say hello, and return its address on the daemon's socket."""
    await peer.report(hello(name))
    await heard(peer, wire.Welcome)
    identity = lab.station.bus.peers[name].identity
    assert identity is not None
    return identity


async def heard(peer: Peer, kind: type[wire.Command]) -> None:
    while not isinstance(COMMANDS.decode((await peer.socket.receive())[0]), kind):
        pass


async def test_a_controller_says_hello_under_its_own_name_alone(folder: Folder) -> None:
    async with open_station(folder) as lab:
        with lab.controller(BETA) as beta:
            await beta.report(hello("alpha"))
            await joined(lab, beta, "beta")
            assert lab.station.bus.connected() == ["beta"]


async def test_who_claims_the_address_of_one_who_is_connected_is_not_heard(
    folder: Folder,
) -> None:
    async with open_station(folder) as lab:
        with lab.controller(ALPHA) as alpha:
            identity = await joined(lab, alpha, "alpha")
            with lab.controller(BETA, identity) as thief, lab.controller(BETA) as beta:
                await thief.report(hello("beta"))
                await joined(lab, beta, "beta")
                lab.station.bus.send("alpha", wire.Heartbeat())
                await heard(alpha, wire.Heartbeat)
                assert thief.socket.receive_nowait() is None
                assert lab.station.bus.peers["alpha"].identity == identity


async def test_who_takes_the_address_of_one_who_is_gone_is_not_taken_for_them(
    folder: Folder,
) -> None:
    async with open_station(folder) as lab:
        bus = lab.station.bus
        with lab.controller(ALPHA) as alpha:
            identity = await joined(lab, alpha, "alpha")

        def is_gone() -> bool:
            try:
                lab.doors.instruments.send_nowait([identity, b""])
            except PeerGone:
                return True
            return False

        await until(is_gone)
        last_heard = bus.peers["alpha"].heard
        with lab.controller(BETA, identity) as thief:
            await thief.report(wire.Beat())
            await joined(lab, thief, "beta")
            assert bus.peers["alpha"].heard == last_heard


async def test_who_takes_the_address_of_a_listener_who_is_gone_has_none_of_their_streams(
    folder: Folder,
) -> None:
    async with open_station(folder) as lab:
        with lab.client(ADA) as ada:
            await ada.ask(Listen(7, None, None, 100))
            ((_, identity),) = lab.station.api.parts.streams._clients

        def is_gone() -> bool:
            with suppress(PeerGone):
                lab.doors.api[0].send_nowait([identity, b""])
                return False
            return True

        await until(is_gone)
        with lab.client(BOB, identity) as thief, lab.client(MAX) as mx:
            assert isinstance(await thief.ask(Ping(1, "test")), Pong)
            assert isinstance(await mx.ask(Submit(1, ONE, null_spec("alpha"))), Submitted)
            assert isinstance(await thief.ask(Ping(2, "test")), Pong)
            assert lab.station.api.parts.streams.clients == []


async def test_a_revoked_controller_is_parted_from(folder: Folder) -> None:
    async with open_station(folder) as lab:
        with lab.controller(ALPHA) as alpha, lab.controller(BETA) as beta:
            await joined(lab, alpha, "alpha")
            await joined(lab, beta, "beta")
            lab.take(folder.settings(without="alpha"))
            assert lab.station.bus.connected() == ["beta"]
            await alpha.monitor.receive()
            lab.station.bus.send("beta", wire.Heartbeat())
            await heard(beta, wire.Heartbeat)
        lab.take(folder.settings())
        with lab.controller(ALPHA) as alpha:
            await joined(lab, alpha, "alpha")
