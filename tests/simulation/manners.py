"""Instruments with bad manners: some hang, and some do not stop when they are told to."""

from dataclasses import dataclass
from random import Random

import anyio

from tests.simulation.scenario import Scenario
from tests.simulation.trace import Trace

_LONGEST_HANG = 6.0
"""Seconds, where nobody minds the silence."""
_LONGEST_RESISTANCE = 15.0


@dataclass(frozen=True)
class Manner:
    """How an instrument behaves while it is at work on one ticket."""

    hangs: bool = False
    resists: float = 0.0
    """Seconds that it goes on when it is stopped."""


class Manners:
    """How the instruments of a station behave.

    Args:
        scenario: How often they misbehave.
        trace: Counts it.
    """

    def __init__(self, scenario: Scenario, trace: Trace) -> None:
        self._scenario = scenario
        self._trace = trace
        self._chance = trace.chance("manners")
        self._silence = {name: one.silence for name, one in scenario.settings.controllers.items()}
        self._calm = anyio.Event()

    def calm(self) -> None:
        """Let instruments stop from now on when they are told to."""
        self._calm.set()

    def answers(self, chance: Random) -> bool:
        """Decide whether an instrument answers when it is asked for a reading."""
        missed = chance.random() < self._scenario.refuses
        # A guard that was violated goes on holding until every reading has come for a while.
        return not missed or self._calm.is_set()

    def draw(self, controller: str) -> Manner:
        """Decide how an instrument will behave."""
        scenario = self._scenario
        if not scenario.hangs and not scenario.stubborn:
            return Manner()
        hangs = self._chance.random() < scenario.hangs
        resists = self._chance.choice((0.5, 2.0, _LONGEST_RESISTANCE))
        stubborn = self._chance.random() < scenario.stubborn
        if self._calm.is_set():
            # Only what the daemon can still put an end to.
            hangs = hangs and self._silence[controller] > 0
            stubborn = stubborn and controller in scenario.children
        return Manner(hangs, resists if stubborn else 0.0)

    async def hang(self, controller: str, stop: anyio.Event) -> None:
        """Make no progress. Where silence is not allowed, only a stop ends it."""
        self._trace.fault("hanging instruments", controller)
        with anyio.move_on_after(None if self._silence[controller] else _LONGEST_HANG):
            await stop.wait()

    async def resist(self, controller: str, manner: Manner) -> None:
        """Go on although there was a stop; where the daemon can end the process, for ever."""
        if not manner.resists:
            return
        self._trace.fault("stubborn instruments", controller)
        if controller in self._scenario.children:
            await anyio.sleep_forever()
        with anyio.move_on_after(manner.resists):
            await self._calm.wait()
