"""Connections over a network: with which key somebody is let in, and as whom."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import zmq

from stationd.proto.curve import Credentials, KeyPair, new_pair
from stationd.proto.error import StationUnreachable
from stationd.proto.socket import Socket, bind, connect, connect_monitored
from stationd.proto.transport import Guard
from stationd.runtime.security.access import Access, means_of
from stationd.runtime.security.gate import MOST_STRANGERS, Gate, knock_in, open_gate
from stationd.runtime.security.register import JOBS, Knock, Refusal, Register

pytestmark = pytest.mark.anyio

STATION, ADA, EVE, OTHER_STATION = (new_pair() for _ in range(4))
FAILED = int(
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
)
ANYWHERE = "tcp://127.0.0.1:*"


@asynccontextmanager
async def a_gate(
    refused: list[Refusal] | None = None, station: KeyPair | None = STATION
) -> AsyncGenerator[Gate]:
    access = Access(Register(users={ADA.public: "ada"}))
    note = None if refused is None else refused.append
    with anyio.fail_after(60):
        async with open_gate(access, station, note) as gate:
            yield gate


async def test_whoever_has_a_key_is_known_by_it_at_every_message() -> None:
    async with a_gate() as gate:
        with (
            bind(zmq.ROUTER, ANYWHERE, gate.guard(JOBS)) as router,
            connect(zmq.DEALER, router.endpoint, Credentials(STATION.public, ADA)) as dealer,
        ):
            router.remember_senders()
            for word in (b"one", b"two"):
                await dealer.send([word])
                assert (await router.receive())[1] == word
                assert means_of(router.sender) == f"curve:{ADA.public}"


async def test_one_socket_listens_on_a_path_and_to_a_network(folder: Path) -> None:
    path = folder / "s"
    async with a_gate() as gate:
        with bind(zmq.ROUTER, ANYWHERE, gate.guard(JOBS)) as router:
            network = router.endpoint
            router.remember_senders()
            router.bind_also(f"ipc://{path}", gate.guard(JOBS))
            assert path.stat().st_mode & 0o777 == 0o660
            with connect(zmq.DEALER, f"ipc://{path}") as local:
                await local.send([b"hello"])
                await router.receive()
                assert (means_of(router.sender) or "").startswith("unix:")
            with connect(zmq.DEALER, network, Credentials(STATION.public, ADA)) as far:
                await far.send([b"hello"])
                await router.receive()
                assert means_of(router.sender) == f"curve:{ADA.public}"


@pytest.mark.parametrize(
    "credentials",
    [Credentials(STATION.public, EVE), Credentials(OTHER_STATION.public, ADA), None],
    ids=["a stranger's key", "another station's key", "no key"],
)
async def test_nobody_else_gets_a_word_through(credentials: Credentials | None) -> None:
    async with a_gate() as gate:
        with bind(zmq.ROUTER, ANYWHERE, gate.guard(JOBS)) as router:
            socket, monitor = connect_monitored(zmq.DEALER, router.endpoint, FAILED, credentials)
            with socket, monitor:
                await socket.send([b"hello"])
                await monitor.receive()
                assert router.receive_nowait() is None


async def test_while_nobody_answers_nobody_gets_in() -> None:
    # A guard of a context in which there is no gate.
    guard = Guard(zmq.Context(), JOBS, STATION)
    with bind(zmq.ROUTER, ANYWHERE, guard) as router:
        credentials = Credentials(STATION.public, ADA)
        socket, monitor = connect_monitored(zmq.DEALER, router.endpoint, FAILED, credentials)
        with socket, monitor, anyio.fail_after(60):
            await socket.send([b"hello"])
            await monitor.receive()
            assert router.receive_nowait() is None
    guard.context.term()


async def test_without_a_key_of_its_own_a_station_listens_to_no_network() -> None:
    async with a_gate(station=None) as gate:
        with pytest.raises(StationUnreachable, match="this one has none"):
            bind(zmq.ROUTER, ANYWHERE, gate.guard(JOBS))


async def knock(router: Socket, pair: KeyPair) -> None:
    """Be refused."""
    credentials = Credentials(STATION.public, pair)
    socket, monitor = connect_monitored(zmq.DEALER, router.endpoint, FAILED, credentials)
    with socket, monitor:
        await monitor.receive()


async def test_who_is_refused_is_told_to_whoever_wants_to_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    refused: list[Refusal] = []
    async with a_gate(refused) as gate:
        with bind(zmq.ROUTER, ANYWHERE, gate.guard(JOBS)) as router:
            await knock(router, EVE)
            await knock(router, EVE)
    assert gate.refusals >= 2
    assert refused[0].address == "127.0.0.1"
    assert refused[0].means == f"curve:{EVE.public}"
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "refused a connection to the jobs socket from 127.0.0.1"
    ]


async def test_the_log_names_a_bounded_number_of_strangers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_gate() as gate:
        for number in range(MOST_STRANGERS + 10):
            gate.answer(frames(address=f"10.0.0.{number}".encode()))
        assert gate.refusals == MOST_STRANGERS + 10
        assert len(caplog.records) == MOST_STRANGERS


def frames(
    version: bytes = b"1.0",
    address: bytes = b"10.0.0.7",
    mechanism: bytes = b"CURVE",
    credentials: tuple[bytes, ...] = (b"k" * 32,),
) -> list[bytes]:
    return [version, b"1", b"jobs", address, b"", mechanism, *credentials]


@pytest.mark.parametrize(
    "question",
    [
        [],
        [b"1.0"],
        frames(version=b"2.0"),
        frames(mechanism=b"PLAIN"),
        frames(credentials=()),
        frames(credentials=(b"short",)),
        frames(credentials=(b"k" * 32, b"more")),
    ],
)
async def test_a_question_that_makes_no_sense_lets_nobody_in(question: list[bytes]) -> None:
    assert knock_in(question) is None
    async with a_gate() as gate:
        assert gate.answer(question)[2] == b"500"


def test_questions_are_read() -> None:
    # A key of 32 bytes as text of 40 characters; RFC 32's own example has 8 bytes of it.
    key = bytes.fromhex("864fd26fb559f75b") * 4
    assert knock_in(frames(credentials=(key,))) == Knock(JOBS, "10.0.0.7", "HelloWorld" * 4)
    assert knock_in(frames(mechanism=b"NULL", credentials=())) == Knock(JOBS, "10.0.0.7")


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield path
    shutil.rmtree(path)
