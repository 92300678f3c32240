"""What the daemon knows of one configured controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationd.runtime.journal.records import ControllerSeen

if TYPE_CHECKING:
    import zmq

    from stationd.proto.instruments_protocol import Hello
    from stationd.proto.program import Capabilities


@dataclass(slots=True)
class Peer:
    """What the daemon knows of one configured controller."""

    name: str
    capabilities: Capabilities | None = None
    """None until it has connected for the first time in the station's life."""
    driver: str = ""
    ledger: str = ""
    changed: bool = False
    """Its newest Hello says something that is not stored yet."""
    identity: bytes | None = None
    """Its address on the socket while it is connected."""
    means: str | None = None
    """How whoever speaks for it is known; None in a simulation."""
    sender: zmq.Frame | None = None
    """The first frame of its newest Hello, which knows where it came from."""
    heard: float = 0.0
    """When its silence began, monotonic seconds: the time that we have slept does not count."""
    spoke: float | None = None
    """When it last said something, monotonic seconds; None if it has not since we started."""
    given_up: bool = False
    """It has been away for longer than the grace time, and its tickets were told."""
    taken: int = 0
    """Bytes of bulk data that have come since its newest Hello."""
    told: int = 0
    """How many of them it has been told of."""

    def recall(self, seen: ControllerSeen) -> None:
        """Take over what was stored of it."""
        self.capabilities = seen.capabilities
        self.driver = seen.driver
        self.ledger = seen.ledger

    def connect(
        self, identity: bytes, means: str | None, sender: zmq.Frame | None, now: float
    ) -> None:
        """Begin anew with what counts from its newest Hello on.

        Args:
            identity: Its address on the socket.
            means: How whoever speaks for it is known.
            sender: The first frame of the Hello.
            now: Monotonic seconds.
        """
        self.identity = identity
        self.means, self.sender = means, sender
        self.heard = self.spoke = now
        self.given_up = False
        self.taken = self.told = 0

    def describe(self, hello: Hello) -> None:
        """Take in what it offers, and whether that is new."""
        self.changed = self.capabilities != hello.capabilities or self.driver != hello.driver
        self.capabilities = hello.capabilities
        self.driver = hello.driver


def seen_in(hello: Hello, now_unix_s: float) -> ControllerSeen:
    """Return what is stored of a controller that has said Hello."""
    return ControllerSeen(
        hello.name, hello.driver, hello.ledger, hello.version, now_unix_s, hello.capabilities
    )
