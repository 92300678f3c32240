"""What goes wrong in runs that have some part, each from a source of chance of its own."""

from collections.abc import Callable, Mapping
from typing import Final, Literal

import anyio
import msgspec

from stationd.client import aio
from stationd.client.connection import shared
from stationd.client.connection.connection import Connection
from stationd.proto.error import StationError
from stationd.proto.socket import Socket
from stationd.runtime.limits.bounds import Role
from tests.simulation.guests import Guest
from tests.simulation.lives import JOBS
from tests.simulation.locksmith import Locksmith
from tests.simulation.parts import PARTS, Part, Parts
from tests.simulation.quartermaster import Quartermaster
from tests.simulation.rights import key_of
from tests.simulation.station import SimulatedStation
from tests.simulation.trouble import Trouble


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
        return self.station.network.connect(JOBS, "operator", events, user=self.station.watcher)

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


class Registrar(Trouble):
    """Takes keys and roles from guests and gives them back, and says who reads whose jobs."""

    async def run(self) -> None:
        async with anyio.create_task_group() as guests:
            for name in self.station.scenario.guests:
                guests.start_soon(Guest(self.station, name, self.trace.chance(name)).run)
            await super().run()

    async def strike(self) -> None:
        settings = self.station.rights.settings
        if self.chance.random() < 0.2:
            self.trace.fault("other readers")
            by: Literal["everyone", "owners"] = self.chance.choice(("everyone", "owners"))
            api = msgspec.structs.replace(settings.api, jobs_are_read_by=by)
            self.station.configure(msgspec.structs.replace(settings, api=api))
            return
        name = self.chance.choice(self.station.scenario.guests)
        role: Role = self.chance.choice(("observer", "submitter", "submitter", "operator"))
        keys = self.chance.choice(((), (key_of(name),), (key_of(name),)))
        self.trace.fault("other roles" if keys else "revoked keys", name, role)
        user = msgspec.structs.replace(settings.users[name], role=role, keys=keys)
        users = {**settings.users, name: user}
        self.station.configure(msgspec.structs.replace(settings, users=users))


_TROUBLES: Final[Mapping[Part, Callable[[SimulatedStation, Part], Trouble]]] = {
    "full-disk": FullDisk,
    "new-ledger": NewLedger,
    "stubborn": Operator,
    "backup": Copyist,
    "guards": Weather,
    "users": Registrar,
    "limits": Quartermaster,
    "locks": Locksmith,
}


def troubles(station: SimulatedStation, parts: Parts) -> list[Trouble]:
    """Return those who make trouble in a run with some parts."""
    return [_TROUBLES[part](station, part) for part in PARTS if part in parts and part in _TROUBLES]
