"""One ticket in the instrument's thread: what a driver's `run` is given."""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Final

from stationd.actors.about import About
from stationd.actors.controller.data import split
from stationd.actors.line.facts import BlockCame, Fact, ProgressMade, Release, SpotReached, Step
from stationd.actors.stages.snapshot import SNAPSHOT, encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike

    from stationd.actors.controller.backlog import Backlog
    from stationd.actors.execution.paced_word import Phase
    from stationd.actors.stages.snapshot import Standing
    from stationd.proto.program import SweepWork

_log = logging.getLogger(__name__)

_PROGRESS_SECONDS: Final = 0.05
"""Progress is reported at most this often."""


class TicketExecution:
    """The `Execution` of one ticket.

    Args:
        release: The ticket's number, place and work.
        tell: Takes facts, from any thread.
        backlog: Holds data back that the disk cannot take yet.
    """

    __slots__ = (
        "_backlog",
        "_last_progress",
        "_tell",
        "_words",
        "aborted",
        "about",
        "place",
        "prepared",
        "refusal",
        "taken",
        "ticket",
        "withdrawn",
        "work",
    )

    def __init__(self, release: Release, tell: Callable[[Fact], None], backlog: Backlog) -> None:
        self.ticket = release.number
        self.about = About(job=release.job, attempt=release.attempt, ticket=release.number)
        self.place = release.place
        self.work = release.work
        self.aborted = False
        self.taken = False
        self.withdrawn = False
        self.prepared: threading.Event | None = None
        self.refusal: BaseException | None = None
        self._tell = tell
        self._backlog = backlog
        self._last_progress = 0.0
        # Words of the daemon for a paced sweep; None ends it.
        self._words: queue.SimpleQueue[Step | None] = queue.SimpleQueue()

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None:
        """See `Execution.data`."""
        for first, dtype, shape, content in split(values, offset):
            self._backlog.take(len(content), lambda: self.aborted)
            self._tell(BlockCame(self.ticket, name, item, first, dtype, shape, content))

    def snapshot(self, standing: Standing) -> None:
        """See `Execution.snapshot`."""
        try:
            self.data(SNAPSHOT, encoded(standing), offset=0)
        except (TypeError, ValueError) as error:
            # Whoever measures wants the data, with or without it.
            _log.warning("how the instrument stands is left out of the result: %s", error)

    def progress(self, done: int, total: int, unit: str) -> None:
        """See `Execution.progress`."""
        now = time.monotonic()
        if now - self._last_progress >= _PROGRESS_SECONDS or done >= total:
            self._last_progress = now
            self._tell(ProgressMade(self.ticket, done, total, unit))

    def steps(self, work: SweepWork) -> Iterator[tuple[int, Phase]]:
        """See `Execution.steps`."""
        phases: list[Phase] = []
        # In a paced sweep the others wait at the first spot until the settings are applied.
        if work.moves or (work.paced and work.settings and work.returns):
            phases.append("set")
        if work.returns:
            phases.append("read")
        if work.paced:
            yield from self._paced(work, phases)
            return
        for spot in range(work.first, work.spots):
            for phase in phases:
                if self.aborted:
                    return
                yield spot, phase

    def _paced(self, work: SweepWork, phases: list[Phase]) -> Iterator[tuple[int, Phase]]:
        last, final = work.first * len(phases) - 1, work.spots * len(phases) - 1
        while last < final:
            word = self._words.get()
            if word is None or self.aborted:
                return
            if word.phase not in phases:
                raise ValueError(f"this part of the sweep has nothing to {word.phase}")
            first = end = word.spot * len(phases) + phases.index(word.phase)
            if word.through is not None:
                end = (word.through + 1) * len(phases) - 1
            # A word that comes twice is answered twice and acted on once.
            for number in range(max(first, last + 1), end + 1):
                if self.aborted:
                    return
                yield number // len(phases), phases[number % len(phases)]
                last = number
            self._tell(SpotReached(self.ticket, end // len(phases), phases[end % len(phases)]))

    def advance(self, word: Step) -> None:
        """Pass on the daemon's word."""
        self._words.put(word)

    def ask_to_stop(self) -> None:
        """Let loops and waits of this execution end."""
        self.aborted = True
        self._words.put(None)
