"""What all that make trouble have in common."""

import anyio

from tests.simulation.parts import Part
from tests.simulation.station import SimulatedStation


class Trouble:
    """Makes trouble for as long as it runs.

    Args:
        station: For whom.
        part: Of which part it is.
    """

    tidies = False
    """Whether it leaves something that would hold jobs up for ever."""

    def __init__(self, station: SimulatedStation, part: Part) -> None:
        self.station = station
        self.trace = station.trace
        self.chance = station.trace.chance(f"trouble, {part}")

    async def run(self) -> None:
        """Make trouble now and then."""
        pause = self.chance.choice((0.5, 2.0, 6.0))
        while True:
            await anyio.sleep(self.chance.expovariate(1 / pause))
            await self.strike()

    async def strike(self) -> None:
        """Make trouble once."""
        raise NotImplementedError

    def calm(self) -> None:
        """Put an end to what goes on by itself."""

    async def tidy(self) -> None:
        """Clear that away, once nothing goes wrong any more."""
