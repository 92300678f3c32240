"""What happened in a simulation, in order: what checkers look at, and what a run's digest is of."""

import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import anyio

from stationd.proto.codec import COMMANDS, REPLIES, REPORTS, REQUESTS
from stationd.proto.error import StationError


class Trace:
    """Notes everything that counts.

    Args:
        seed: Gives every part of the simulation a source of chance of its own.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.faults: Counter[str] = Counter()
        """Injected, by kind."""
        self.violations: list[str] = []
        self.lines: list[str] = []
        """The newest thousand or so, for people."""
        self.times: dict[int, float] = {}
        """When facts came about in virtual time, by their sequence numbers."""
        self.detailed = False
        """Whether messages are written down too, for people."""
        self.on_violation: Callable[[], None] = lambda: None
        self._digest = hashlib.sha256()

    @property
    def digest(self) -> str:
        """What tells one run from another."""
        return self._digest.hexdigest()[:16]

    def chance(self, name: str) -> Random:
        """Return a source of chance, the same for the same seed and name."""
        return Random(f"{self.seed}/{name}")

    def note(self, *words: object) -> None:
        """Write down that something happened now."""
        line = f"{anyio.current_time():.6f} " + " ".join(map(str, words))
        self._digest.update(line.encode())
        self.lines.append(line)
        if len(self.lines) > 20_000:
            del self.lines[:10_000]

    def message(self, link: str, frame: bytes) -> None:
        """Write down what is sent, if that is wanted."""
        if self.detailed:
            for protocol in (COMMANDS, REPORTS, REQUESTS, REPLIES):
                with suppress(StationError):
                    self.lines.append(f"{anyio.current_time():.6f} {link} {protocol.decode(frame)}")

    def fault(self, kind: str, *words: object) -> None:
        """Count an injected fault."""
        self.faults[kind] += 1
        self.note("fault", kind, *words)

    def violation(self, *words: object) -> None:
        """Note that a promise was broken; the run ends soon."""
        text = " ".join(map(str, words))
        self.note("VIOLATION", text)
        self.violations.append(text)
        self.on_violation()
