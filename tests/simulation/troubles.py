"""What goes wrong in runs that have some part, each from a source of chance of its own."""

from collections.abc import Callable, Mapping
from typing import Final

import anyio

from stationd.client import aio, shared
from stationd.client.connection import Connection
from stationd.proto.error import StationError
from stationd.proto.socket import Socket
from tests.simulation.lives import JOBS
from tests.simulation.parts import PARTS, Part, Parts
from tests.simulation.station import SimulatedStation


class Trouble:
    """Makes trouble for as long as it runs.

    Args:
        station: For whom.
        part: Of which part it is.
    """

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


class FullDisk(Trouble):
    """The daemon's disk has no room for a while."""

    async def strike(self) -> None:
        self.trace.fault("full disks")
        self.station.disk.full = True
        await anyio.sleep(self.chance.choice((0.05, 0.4, 2.0)))
        self.station.disk.full = False

    def calm(self) -> None:
        self.station.disk.full = False


class NewLedger(Trouble):
    """The machine of a controller comes back with an empty disk."""

    async def strike(self) -> None:
        name = self.chance.choice(list(self.station.controllers))
        self.trace.fault("lost ledgers", name)
        self.station.trouble(name)
        # With its ledger a controller has lost the newest fence. That no older daemon is left
        # then is for whoever replaces its disk to see to.
        for zombie in self.station.zombies():
            zombie.crash()
        self.station.lose_ledger(name)


class Copyist(Trouble):
    """Backs the journal up; `backup` puts it back when all else is over."""

    async def strike(self) -> None:
        self.station.disk.back_up()


class Operator(Trouble):
    """Somebody who looks at controllers in quarantine and says that they can be trusted."""

    async def strike(self) -> None:
        connection = Connection(JOBS, connect=self._connect)
        try:
            with shared.using(connection), anyio.move_on_after(1.0):
                await self._look()
        except StationError:
            return
        finally:
            with anyio.CancelScope(shield=True):
                await connection.aclose()

    def _connect(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        return self.station.network.connect(JOBS, "operator", events)

    async def _look(self) -> None:
        for view in await aio.controllers():
            if view.quarantined is not None and self.chance.random() < 0.5:
                self.trace.fault("resets", view.name)
                self.station.reset(view.name)
                await aio.reset_controller(view.name)


class Weather(Trouble):
    """What guards look at is not right for a while."""

    async def strike(self) -> None:
        self.trace.fault("bad weather")
        self.station.fair = False
        await anyio.sleep(self.chance.choice((0.02, 0.2, 1.0)))
        self.station.fair = True

    def calm(self) -> None:
        self.station.fair = True


_TROUBLES: Final[Mapping[Part, Callable[[SimulatedStation, Part], Trouble]]] = {
    "full-disk": FullDisk,
    "new-ledger": NewLedger,
    "stubborn": Operator,
    "backup": Copyist,
    "guards": Weather,
}


def troubles(station: SimulatedStation, parts: Parts) -> list[Trouble]:
    """Return those who make trouble in a run with some parts."""
    return [_TROUBLES[part](station, part) for part in PARTS if part in parts and part in _TROUBLES]
