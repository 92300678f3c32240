"""A driver in the thread that a controller runs it in, with somebody who tells it what to do."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Final

from stationd.actors.controller.execution_thread import Broken, Closed, ExecutionThread, Ready, Word
from stationd.actors.execution.paced_word import Phase
from stationd.actors.line.facts import (
    LAST,
    BlockCame,
    Fact,
    ProgressMade,
    Release,
    RunStarted,
    SpotReached,
    Step,
    TicketFact,
)
from stationd.proto.job import JobId
from stationd.proto.program import SweepWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.actors.driver import Driver
    from stationd.proto.program import Capabilities, Work

_JOB: Final = JobId("00000000-0000-4000-8000-000000000000")
_HEAD_START: Final = 0.2
"""Seconds that a run without a sign is given before it is aborted."""
_NAMES: Final[dict[type, str]] = {BlockCame: "data", ProgressMade: "progress"}


class Hangs(Exception):
    """The driver did not answer in time; nothing more can be asked of it."""


class Told:
    """What a driver has said of one ticket.

    Args:
        number: The ticket's.
        work: What is to be done.

    Attributes:
        end: Its last fact.
        blocks: Data, in the order in which it came.
        progress: How far it said that it was.
        reached: The steps of a paced sweep that it said it had done.
        started: Whether its `run` was called.
        took: Seconds from the abort to the end; 0 if it was not aborted.
    """

    def __init__(self, number: int, work: Work) -> None:
        self.number = number
        self.end: Fact | None = None
        self.blocks: list[BlockCame] = []
        self.progress: list[ProgressMade] = []
        self.reached: list[SpotReached] = []
        self.started = False
        self.took = 0.0
        self.phases: tuple[Phase, ...] = ()
        """What the daemon's word is awaited for at every spot; nothing unless it is paced."""
        self.steps = 0
        """How many words these are."""
        if isinstance(work, SweepWork) and work.paced:
            phases: tuple[tuple[Phase, bool], ...]
            phases = ("set", bool(work.moves)), ("read", bool(work.returns))
            self.phases = tuple(phase for phase, there in phases if there)
            self.steps = work.spots * len(self.phases)

    @property
    def moves(self) -> bool:
        """Whether it gave a sign of being at work."""
        return bool(self.blocks or self.progress)


class Stand:
    """One driver, from its making to its closing.

    Args:
        make: Makes the driver.
        patience: Seconds that anything may take.
    """

    def __init__(self, make: Callable[[], Driver], patience: float) -> None:
        self._words: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self._patience = patience
        self._thread = ExecutionThread(make, _mark_nothing, self._words.put)
        self._number = 0
        self.late: list[str] = []
        """What was said of tickets that were over."""

    def open(self) -> Capabilities:
        """Make the driver and ask it what it offers.

        Raises:
            Hangs: It does not answer.
            Exception: Whatever it raised.
        """
        self._thread.start()
        match self._next(self._patience, "does not come up"):
            case Ready(capabilities=capabilities):
                return capabilities
            case Broken(error=error):
                raise error
            case other:
                raise AssertionError(other)

    def run(self, work: Work, *, abort: bool = False) -> Told:
        """Let the driver do some work.

        Args:
            work: What.
            abort: Bring it to rest as soon as it is at work.

        Raises:
            Hangs: It does not end.
        """
        self._number += 1
        told = Told(self._number, work)
        self._thread.release(Release(told.number, told.number, work, _JOB))
        stopped = 0.0
        while told.end is None:
            waits = abort and not stopped and told.started
            fact = self._fact(told.number, _HEAD_START if waits else self._patience, quiet=waits)
            if fact is not None:
                self._take(told, fact)
            if waits and (fact is None or told.moves) and told.end is None:
                stopped = time.monotonic()
                self._thread.stop(told.number)
        if stopped:
            told.took = time.monotonic() - stopped
        self._thread.forget(told.number)
        return told

    def close(self) -> None:
        """Close the driver.

        Raises:
            Hangs: It does not close.
        """
        self._thread.close()
        while not isinstance(self._next(self._patience, "does not close"), Closed):
            pass

    def _take(self, told: Told, fact: Fact) -> None:
        match fact:
            case RunStarted():
                told.started = True
                self._pace(told, 0)
            case BlockCame():
                told.blocks.append(fact)
                self._thread.stored(len(fact.data))
            case ProgressMade():
                told.progress.append(fact)
            case SpotReached():
                told.reached.append(fact)
                self._pace(told, len(told.reached))
            case _:
                told.end = fact if isinstance(fact, LAST) else None

    def _pace(self, told: Told, step: int) -> None:
        """Say the word for a step of a paced sweep, if there is one."""
        phases = told.phases
        if phases and step < told.steps:
            word = Step(told.number, step // len(phases), phases[step % len(phases)])
            self._thread.advance(word)

    def _fact(self, number: int, seconds: float, *, quiet: bool) -> Fact | None:
        """Return the next that is said of a ticket; None if nothing comes where it may be quiet."""
        while True:
            try:
                word = self._next(seconds, "hangs: nothing came of it")
            except Hangs:
                if quiet:
                    return None
                raise
            if not isinstance(word, TicketFact):
                continue
            if word.number == number:
                return word
            self.late.append(_NAMES.get(type(word), type(word).__name__))

    def _next(self, seconds: float, what: str) -> Word:
        try:
            return self._words.get(timeout=seconds)
        except queue.Empty:
            raise Hangs(f"it {what} within {seconds:g} s") from None


def _mark_nothing(_place: int) -> None:
    """Remember nothing: no ledger is here."""
