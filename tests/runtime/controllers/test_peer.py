"""What is known of a controller: what was stored, what it offers, and what counts since Hello."""

from stationd.proto import instruments_protocol as wire
from stationd.proto.job import Fence
from stationd.proto.program import Capabilities
from stationd.runtime.controllers.peer import Peer, seen_in

HELLO = wire.Hello(
    name="a",
    driver="null",
    ledger="l",
    fence=Fence("lab", 1),
    forgotten=0,
    held=(),
    capabilities=Capabilities(null=True),
    version="1",
    pid=7,
)


def test_what_was_stored_is_nothing_new_when_it_is_said_again() -> None:
    peer = Peer("a")
    peer.recall(seen_in(HELLO, 1.0))
    assert peer.ledger == "l"
    peer.describe(HELLO)
    assert not peer.changed


def test_what_a_controller_offers_is_new_once() -> None:
    peer = Peer("a")
    peer.describe(HELLO)
    assert peer.changed
    assert peer.capabilities == HELLO.capabilities
    peer.describe(HELLO)
    assert not peer.changed


def test_a_connection_begins_with_nothing_taken() -> None:
    peer = Peer("a", given_up=True, taken=5, told=3)
    peer.connect(b"address", None, None, 2.0)
    assert (peer.given_up, peer.taken, peer.told) == (False, 0, 0)
    assert (peer.identity, peer.heard, peer.spoke) == (b"address", 2.0, 2.0)
