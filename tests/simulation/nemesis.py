"""What goes wrong in every run: a seeded source of crashes, partitions and jumping clocks.

What goes wrong only in runs with some part is in `troubles`.
"""

import anyio

from tests.simulation.station import SimulatedStation

_AMBUSH_SECONDS = 0.0002
_LONGEST_AMBUSH = 100
"""How often it looks whether the daemon is just writing, before it crashes it all the same."""


class Nemesis:
    """Breaks things for as long as it runs.

    Args:
        station: What it breaks.
    """

    def __init__(self, station: SimulatedStation) -> None:
        self._station = station
        self._trace = station.trace
        self._chance = station.trace.chance("nemesis")
        self._faults = (
            (self._crash_daemon, 3),
            (self._stop_daemon, 1),
            (self._haunt, 2),
            (self._crash_controller, 3),
            (self._crash_machine, 1),
            (self._cut, 6),
            (self._partition, 4),
            (self._jump, 1),
        )

    async def run(self) -> None:
        """Break something now and then."""
        pause = self._station.scenario.trouble
        if not pause:
            return
        faults, weights = zip(*self._faults, strict=True)
        while True:
            await anyio.sleep(self._chance.expovariate(1 / pause))
            (fault,) = self._chance.choices(faults, weights)
            await fault()
            for zombie in self._station.zombies():
                if self._chance.random() < 0.3:
                    zombie.crash()

    def calm(self) -> None:
        """Put an end to what goes on by itself."""
        for zombie in self._station.zombies():
            zombie.crash()
        self._station.trouble(*self._station.controllers)

    async def _crash_daemon(self) -> None:
        for _ in range(self._chance.choice((0, _LONGEST_AMBUSH))):
            if self._station.disk.dirty:
                break
            await anyio.sleep(_AMBUSH_SECONDS)
        if self._station.daemon is not None:
            self._trace.fault("daemon crashes")
            self._station.daemon.crash()

    async def _stop_daemon(self) -> None:
        if self._station.daemon is not None:
            self._trace.fault("daemon restarts")
            await self._station.daemon.stop()

    async def _haunt(self) -> None:
        if self._station.daemon is not None and self._station.daemon.running is not None:
            self._trace.fault("zombie daemons")
            self._station.trouble(*self._station.controllers)
            self._station.daemon.haunt()
            # Its controllers go over to the new daemon, and some come back.
            for seconds in (0.2, 0.5, 0.8):
                self._station.network.after(self._chance.uniform(0, seconds), self._cut_all)

    def _cut_all(self) -> None:
        for link in self._station.network.links():
            if link.name in self._station.controllers:
                link.cut()

    async def _crash_controller(self) -> None:
        name = self._chance.choice(list(self._station.controllers))
        self._trace.fault("controller crashes", name)
        self._station.trouble(name)
        self._station.controllers[name].crash()

    async def _crash_machine(self) -> None:
        name = self._chance.choice(list(self._station.controllers))
        self._trace.fault("machine crashes", name)
        self._station.trouble(name)
        disk = self._station.ledgers[name]
        self._station.controllers[name].crash()
        # The mark is in memory that the machine has lost: it is older than it should be.
        disk.boot = f"boot {anyio.current_time()}"
        disk.mark = self._chance.choice((disk.mark, 0))

    async def _cut(self) -> None:
        links = self._station.network.links()
        if links:
            link = self._chance.choice(links)
            self._trace.fault("lost connections", link.name)
            self._station.trouble(link.name)
            link.cut()

    async def _partition(self) -> None:
        links = self._station.network.links()
        if links:
            link = self._chance.choice(links)
            self._station.trouble(link.name)
            link.partition(self._chance.choice((0.05, 0.5, 1.4, 3.0)))

    async def _jump(self) -> None:
        self._trace.fault("clock jumps")
        self._station.clock.jumped += self._chance.uniform(-3600, 3600)
