"""Data goes out for as long as the daemon keeps up with it; the rest it collects."""

from collections.abc import Iterator
from typing import cast

import pytest
import zmq

from stationd.actors.controller.daemon_link import DaemonLink
from stationd.proto import instruments_protocol as wire
from stationd.proto.program import Capabilities
from stationd.proto.socket import Socket
from tests.actors.daemon_by_hand import ticket

BLOCK = bytes(1024 * 1024)
MOST = wire.MOST_UNTAKEN_BYTES // len(BLOCK)


class Wire(Socket):
    """A socket that notes what is sent."""

    def __init__(self) -> None:
        context = cast("zmq.Context[zmq.Socket[bytes]]", zmq.Context.instance())
        super().__init__(context.socket(zmq.DEALER))
        self.blocks: list[bytes] = []

    def send_nowait(self, parts: object) -> None:
        assert isinstance(parts, list)
        self.blocks += parts[1:]


class Controller:
    """A link that is connected, and what is sent through it."""

    def __init__(self, wire_: Wire) -> None:
        self._wire = wire_
        self.link = DaemonLink(
            wire_, wire_, beat_interval=1.0, monotonic=lambda: 0.0, say_hello=lambda: None
        )
        self.link._connected = True  # pyright: ignore[reportPrivateUsage]
        self.greet()

    def greet(self) -> None:
        self.link.report(
            wire.Hello("a", "null", "ledger", None, 0, (), Capabilities(), version="0", pid=1)
        )

    def send(self, number: int, count: int = 1) -> int:
        """Hand over blocks of a ticket; return how many of them were sent."""
        before = len(self._wire.blocks)
        for index in range(count):
            header = wire.Data(ticket(number), index, "y", 0, 0, "|u1", (len(BLOCK),))
            self.link.send_data(header, BLOCK)
        return len(self._wire.blocks) - before


@pytest.fixture
def controller() -> Iterator[Controller]:
    with Wire() as socket:
        yield Controller(socket)


def test_no_more_is_sent_than_the_daemon_keeps_up_with(controller: Controller) -> None:
    controller.link.take(wire.Heartbeat(0))
    assert controller.send(1, 3 * MOST) == MOST


def test_of_a_ticket_of_which_some_is_missing_no_more_is_sent(controller: Controller) -> None:
    controller.link.take(wire.Heartbeat(0))
    controller.send(1, 2 * MOST)
    controller.link.take(wire.Heartbeat(MOST * len(BLOCK)))
    assert controller.send(1) == 0
    assert controller.send(2, 2 * MOST) == MOST
    controller.link.forget(1)
    controller.link.take(wire.Heartbeat(2 * MOST * len(BLOCK)))
    assert controller.send(1) == 1


def test_a_daemon_that_keeps_up_is_sent_all(controller: Controller) -> None:
    controller.link.take(wire.Heartbeat(0))
    for count in range(1, 4 * MOST):
        assert controller.send(1) == 1
        controller.link.take(wire.Heartbeat(count * len(BLOCK)))


def test_a_daemon_that_does_not_count_is_sent_all(controller: Controller) -> None:
    controller.link.take(wire.Heartbeat())
    assert controller.send(1, 3 * MOST) == 3 * MOST


def test_both_sides_begin_anew_with_hello(controller: Controller) -> None:
    controller.link.take(wire.Heartbeat(0))
    controller.send(1, 2 * MOST)
    controller.greet()
    # It was on its way before the daemon had heard Hello.
    controller.link.take(wire.Heartbeat(1_000 * len(BLOCK)))
    assert controller.send(2, 2 * MOST) == MOST
