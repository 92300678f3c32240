"""An attacker on the network, or in the group, against a real station that goes on serving."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import zmq

from stationd.proto.codec import MAX_FRAME_BYTES, REPLIES, REQUESTS
from stationd.proto.curve import new_pair
from stationd.proto.job import JobId, JobSpec
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Failure,
    Get,
    Job,
    Ping,
    Pong,
    Submit,
    Submitted,
)
from stationd.proto.program import Circuits, NullProgram
from tests.attacks.open_station import ADA, EVE, STRANGER, OpenStation, asked, opened
from tests.attacks.zmtp import LONG, MORE, connected, frame, greeting, handshake, shaken
from tests.end_to_end.station import GATED, until

UNANSWERED = 3.0
"""Seconds in which a station that answers at all would have."""
MIB = 2**20
HELD = JobSpec(work=Circuits(programs=(NullProgram(duration=1.0),), n_shots=(1,), target="null"))


@pytest.fixture(scope="module")
def open_station() -> Iterator[OpenStation]:
    with opened(GATED) as station:
        yield station


@pytest.fixture(autouse=True)
def still_serves(open_station: OpenStation) -> Iterator[None]:
    """Fail a test after which the daemon that was started does not answer everywhere."""
    pid = open_station.station.pid
    yield
    assert open_station.station.pid == pid
    open_station.still_serves()


# --- who gets in -----------------------------------------------------------------------------


def test_a_key_that_nobody_knows_gets_no_answer(open_station: OpenStation) -> None:
    assert open_station.ask(STRANGER, Ping(1, "x"), UNANSWERED) is None


def test_a_client_without_security_gets_no_answer(open_station: OpenStation) -> None:
    assert open_station.ask(None, Ping(1, "x"), UNANSWERED) is None


def test_a_client_that_expects_another_station_tells_it_nothing(open_station: OpenStation) -> None:
    with open_station.connected(None) as plain:
        plain.disconnect(open_station.network)
        plain.curve_publickey, plain.curve_secretkey = ADA.public.encode(), ADA.secret.encode()
        plain.curve_serverkey = new_pair().public.encode()
        plain.connect(open_station.network)
        assert asked(plain, Ping(1, "x"), UNANSWERED) is None


def test_who_is_refused_stands_in_the_audit_log(open_station: OpenStation) -> None:
    open_station.ask(STRANGER, Ping(1, "x"), UNANSWERED)
    folder = open_station.station.folder / "state" / "audit"

    def told() -> bool:
        text = "".join(path.read_text() for path in folder.glob("*.jsonl"))
        return STRANGER.public in text.replace("\\\\", "\\")

    until(told, "the audit log names the key that was refused")


def test_the_address_of_another_brings_neither_rights_nor_answers(
    open_station: OpenStation,
) -> None:
    job = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a77")
    with open_station.connected(ADA, identity=b"ada") as ada:
        assert isinstance(asked(ada, Submit(1, job, HELD)), Submitted)
        with open_station.connected(EVE, identity=b"ada") as eve:
            reply = asked(eve, Cancel(2, job), UNANSWERED)
            assert reply is None or (
                isinstance(reply, Failure) and reply.error.code.value == "forbidden"
            )
        with open_station.connected(EVE) as eve:
            assert isinstance(asked(eve, Cancel(3, job)), Failure)
        pong = asked(ada, Ping(4, "x"))
        assert isinstance(pong, Pong)
        assert pong.user == "ada"
        answer = asked(ada, Cancel(5, job))
        assert isinstance(answer, CancelAnswer)
    open_station.station.let_go(1.0)


# --- what fills memory -----------------------------------------------------------------------


def pour(plain: socket.socket, part: bytes, total: int) -> int:
    """Send a piece again and again; return how many bytes were taken."""
    sent = 0
    with suppress(OSError), plain:
        plain.settimeout(2.0)
        while sent < total:
            plain.sendall(part)
            sent += len(part)
    return sent


def test_an_endless_message_over_the_network_takes_no_memory(open_station: OpenStation) -> None:
    before = open_station.rss
    part = frame(b"x" * 60_000, MORE) * 16
    for start in (handshake(), greeting("CURVE"), greeting("CURVE") + handshake()):
        plain = connected(open_station.network)
        plain.sendall(start)
        pour(plain, part, 256 * MIB)
    assert open_station.rss - before < 48 * MIB


def test_what_an_endless_message_of_the_group_has_taken_is_used_again(
    open_station: OpenStation,
) -> None:
    # Nobody but the daemon's group gets here, and a bound of the unit's memory stands behind it.
    part = frame(b"x" * 60_000, MORE) * 16
    assert pour(shaken(open_station.local), part, 128 * MIB) >= 128 * MIB
    open_station.still_serves()
    before = open_station.rss
    for _ in range(3):
        pour(shaken(open_station.local), part, 128 * MIB)
        open_station.still_serves()
    assert open_station.rss - before < 96 * MIB


def test_a_frame_that_is_too_large_ends_its_connection_and_takes_no_memory(
    open_station: OpenStation,
) -> None:
    before = open_station.rss
    huge = bytes([LONG]) + (2**62).to_bytes(8, "big")
    over = bytes([LONG]) + (MAX_FRAME_BYTES + 1).to_bytes(8, "big")
    for head in (huge, over):
        plain = shaken(open_station.local)
        plain.sendall(head)
        assert pour(plain, b"x" * MIB, 64 * MIB) < 16 * MIB
    assert open_station.rss - before < 48 * MIB


def test_subscriptions_are_nothing_to_a_station(open_station: OpenStation) -> None:
    before = open_station.rss
    with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
        subscriber.setsockopt(zmq.LINGER, 0)
        subscriber.connect(open_station.local)
        for number in range(50_000):
            subscriber.subscribe(number.to_bytes(4, "big") * 50)
    topics = b"".join(frame(b"\1" + number.to_bytes(4, "big") * 50) for number in range(50_000))
    with connected(open_station.local) as plain, suppress(OSError):
        plain.sendall(handshake("SUB"))
        pour(plain, topics, len(topics))
    pour(shaken(open_station.local), topics, len(topics))
    assert open_station.rss - before < 48 * MIB


# --- what fills tables -----------------------------------------------------------------------


def test_silent_connections_keep_nobody_out_for_longer_than_a_handshake(
    open_station: OpenStation,
) -> None:
    pid = open_station.station.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    there = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (there + 60, hard))
    try:
        with ExitStack() as silent:
            for _ in range(400):
                plain = silent.enter_context(socket.socket())
                plain.setblocking(False)  # noqa: FBT003 - the socket's own word
                address = open_station.network.removeprefix("tcp://").split(":")
                plain.connect_ex((address[0], int(address[1])))
            # After some rounds of two seconds, in which handshakes that do not come are given up.
            assert isinstance(open_station.ask(ADA, Ping(1, "x")), Pong)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


# --- what is sent again ----------------------------------------------------------------------


def test_bytes_that_were_captured_are_worth_nothing_on_another_connection(
    open_station: OpenStation,
) -> None:
    job = JobId("6b5f1f0e-6f5f-4f0a-9f57-0b6f2e6f7a78")
    with zmq.Context() as context, context.socket(zmq.DEALER) as plain:
        plain.setsockopt(zmq.LINGER, 0)
        # Without CURVE's keys the frames of a session that was heard are noise.
        plain.connect(open_station.network)
        plain.send(REQUESTS.encode(Submit(1, job, HELD)))
        assert not plain.poll(int(UNANSWERED * 1000))
    replies = [
        REPLIES.decode(open_station.station.exchange([REQUESTS.encode(Submit(1, job, HELD))])[0])
        for _ in range(2)
    ]
    assert [reply.created for reply in replies if isinstance(reply, Submitted)] == [True, False]
    view = open_station.station.ask(Get(2, job), Job).view
    assert view.attempt == 1
    open_station.station.let_go(1.0)
