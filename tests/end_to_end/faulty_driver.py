"""A driver that does wrong whatever a job's name says, to see what it costs."""

import os
import time
from collections.abc import Callable
from typing import Final

from stationd.actors.driver import Driver, Execution
from stationd.proto.program import Capabilities, NullWork, Work

REFUSED, RAISING, DYING, HANGING, EXITING, FLOODING, STUBBORN, UNPREPARED = (
    0.001 * number for number in range(1, 9)
)
"""Durations of null programs, which tell the driver what to do."""


class FaultyDriver(Driver):
    """Executes null programs, and misbehaves at some durations."""

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def prepare(self, work: Work) -> None:
        if isinstance(work, NullWork) and work.duration == REFUSED:
            raise ValueError("this work is not to my liking")
        while isinstance(work, NullWork) and work.duration == UNPREPARED:
            # As an instrument that takes a connection and never answers.
            time.sleep(0.01)

    def run(self, work: Work, execution: Execution) -> None:
        misdeed = _MISDEEDS.get(work.duration) if isinstance(work, NullWork) else None
        if misdeed is not None:
            misdeed(execution)


def _raise(_execution: Execution) -> None:
    raise RuntimeError("the fridge is warm")


def _die(_execution: Execution) -> None:
    os._exit(1)


def _exit(_execution: Execution) -> None:
    raise SystemExit(1)


def _flood(execution: Execution) -> None:
    for number in range(10_000):
        execution.progress(number, 10_000, "steps")


def _hang(execution: Execution) -> None:
    while not execution.aborted:
        time.sleep(0.01)
    # It is slow to come to rest, too.
    time.sleep(0.1)


def _never_rest(_execution: Execution) -> None:
    # Whatever it is told: only the end of its process ends it.
    while True:
        time.sleep(0.01)


_MISDEEDS: Final[dict[float, Callable[[Execution], None]]] = {
    RAISING: _raise,
    DYING: _die,
    EXITING: _exit,
    FLOODING: _flood,
    HANGING: _hang,
    STUBBORN: _never_rest,
}


class NoDriver(Driver):
    """Cannot even start."""

    def describe(self) -> Capabilities:
        raise OSError("the instrument does not answer at 10.0.0.1")

    def run(self, work: Work, execution: Execution) -> None:
        raise NotImplementedError
