"""The processes of a station: the daemon and its controllers, which die and come back."""

import math
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TypeVar, cast

import anyio
import zmq
from anyio.abc import TaskGroup

from stationd.actors.controller.controller import Controller
from stationd.actors.controller.settings import ControllerSettings
from stationd.actors.line.line import Line
from stationd.proto import instruments_protocol as wire
from stationd.proto import jobs_protocol
from stationd.proto.codec import REQUESTS, commands_in
from stationd.runtime.assembly import assemble
from stationd.runtime.clock import Clock
from stationd.runtime.controllers.children import Child
from stationd.runtime.metrics import Metrics
from stationd.runtime.security.register import register_of
from stationd.runtime.service.reloading import applied
from stationd.runtime.station import Ports, Station, finish
from stationd.runtime.work.workers import Workers
from tests.simulation.closures import watch
from tests.simulation.disk import SimulatedJournal
from tests.simulation.instrument import SimulatedHost
from tests.simulation.ledger import SimulatedLedger
from tests.simulation.network import Dealer, Router
from tests.simulation.rights import SimulatedAccess
from tests.simulation.scenario import CAPABILITIES

if TYPE_CHECKING:
    from tests.simulation.station import SimulatedStation

T = TypeVar("T")
Request = TypeVar("Request")

JOBS = "jobs"
INSTRUMENTS = "instruments"
_EPOCH_UNIX_S = 1_700_000_000.0
_EVENTS = int(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)


class SimulatedClock(Clock):
    """The virtual time, and a wall clock that may jump."""

    def __init__(self) -> None:
        self._jumped = 0.0
        self._peak = 0.0

    @property
    def jumped(self) -> float:
        """Seconds by which the clock on the wall is wrong."""
        return self._jumped

    @jumped.setter
    def jumped(self, seconds: float) -> None:
        self._peak = self.peak()
        self._jumped = seconds

    def peak(self) -> float:
        """Return the latest time that the clock on the wall has ever shown."""
        return max(self._peak, self.time())

    def monotonic_at(self, wall: float) -> float:
        """Return the virtual time at which a clock that never jumped shows a time."""
        return wall - _EPOCH_UNIX_S

    def time(self) -> float:
        return _EPOCH_UNIX_S + self.jumped + anyio.current_time()

    def monotonic(self) -> float:
        return anyio.current_time()


class SimulatedWorkers(Workers):
    """Does in the loop, after a while, what workers would do."""

    def __init__(self, chance: Random) -> None:
        super().__init__(1)
        self._chance = chance

    async def call(
        self, function: Callable[[Request], T], request: Request, seconds: float = math.inf
    ) -> T:
        await anyio.sleep(self._chance.uniform(0, 0.02))
        return function(request)


def repeatable_command(frame: bytes) -> bool:
    """Whether a command to a controller may arrive twice: all may but the first."""
    once = wire.Welcome | wire.Shutdown
    return not any(isinstance(command, once) for command in commands_in(frame))


def repeatable_request(frame: bytes) -> bool:
    """Whether a client's request may arrive twice."""
    request = REQUESTS.decode(frame)
    return isinstance(request, jobs_protocol.Submit | jobs_protocol.Cancel | jobs_protocol.Get)


class SimulatedChild(Child):
    """A controller that the daemon can end."""

    def __init__(self, station: "SimulatedStation", name: str, chance: Random) -> None:
        super().__init__(name, Path("/nonexistent"), Path("/nonexistent"))
        self._station = station
        self._chance = chance

    async def keep(self) -> None:
        await anyio.sleep_forever()

    async def restart(self) -> None:
        # The process that is there now, not one that has taken its place meanwhile.
        life = self._station.controllers[self.name]
        await anyio.sleep(self._chance.uniform(0, 0.3))
        if not life.died:
            self._station.trace.fault("escalations", self.name)
            self._station.trouble(self.name)
            life.crash()


class DaemonLife:
    """One process of the daemon."""

    def __init__(self, station: "SimulatedStation", number: int) -> None:
        self._station = station
        self._chance = station.trace.chance(f"daemon {number}")
        self._scope = anyio.CancelScope()
        self.left = anyio.Event()
        """Another daemon may start."""
        self.died = False
        self.zombie = False
        self.haunted_since = math.inf
        self.haunted_until = math.inf
        self.running: Station | None = None
        network = station.network
        self.access = SimulatedAccess(register_of(station.rights.settings))
        self.api = network.bind(JOBS, admits=self.access.admits)
        self.instruments = network.bind(INSTRUMENTS, repeatable_command)
        self.journal = SimulatedJournal(station.disk, station.trace, self._chance)
        station.intake.watch(self)

    async def run(self) -> None:
        """Live until the daemon crashes."""
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self.journal.run)
                    await self._serve(tasks)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            if not self.died:
                self._station.trace.violation("the daemon ended by itself:", repr(first(error)))
        self.died = True
        self._close()
        if not self.zombie:
            self._station.disk.crash()
        self.left.set()

    async def _serve(self, tasks: TaskGroup) -> None:
        ports = Ports(
            journal=self.journal,
            instruments=self.instruments,
            api=[self.api],
            clock=self._station.clock,
            workers=SimulatedWorkers(self._chance),
            children=self._children(),
            access=self.access,
        )
        settings = self._station.rights.settings
        metrics = Metrics(list(settings.controllers))
        self.running = await assemble(settings, ports, metrics, tasks)
        self._station.watch_quarantine(self.running)
        closures = self._station.promises.closures
        closures.check_gates(
            self.running.instruments.queue.gates, self._station.clock, self._station.trace
        )
        watch(self, self._station)
        # What was written into the configuration meanwhile.
        self.reload()
        await anyio.sleep_forever()

    def reload(self) -> None:
        """Go by the newest configuration, as on SIGHUP."""
        if self.running is not None and not self.died and not self.zombie:
            running, new = self.running, self._station.rights.settings
            running.settings = applied(running.settings, new, running.reloads).settings

    def _children(self) -> list[SimulatedChild]:
        station, children = self._station, sorted(self._station.scenario.children)
        chance = station.trace.chance("children")
        return [SimulatedChild(station, name, chance) for name in children]

    def crash(self) -> None:
        """End at once."""
        if not self.died:
            self.died = True
            self.haunted_until = anyio.current_time()
            self._close()
            self._scope.cancel()

    async def stop(self) -> None:
        """End in order, as on SIGTERM."""
        try:
            if self.running is not None and not self.died:
                await finish(self.running)
        finally:
            self.crash()

    def haunt(self) -> None:
        """Go on talking to controllers while another daemon takes over disk and clients."""
        if self.running is None or self.died:
            return
        self.zombie = True
        self.haunted_since = anyio.current_time()
        self.journal.hangs = True
        self._station.disk.crash()
        self.api.unbind()
        self.left.set()

    def _close(self) -> None:
        self.api.close()
        self.instruments.close()


class ControllerLife:
    """One process of a controller."""

    def __init__(self, station: "SimulatedStation", name: str, number: int) -> None:
        self._station = station
        self._name = name
        self._chance = station.trace.chance(f"controller {name} {number}")
        self._scope = anyio.CancelScope()
        self.died = False
        self.sockets: list[Dealer | Router] = []
        self.line: Line | None = None

    async def run(self) -> None:
        """Live until the controller crashes."""
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    await self._serve(tasks)
                    tasks.cancel_scope.cancel()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            if not self.died:
                self._station.trace.violation(
                    f"controller {self._name} ended by itself:", repr(first(error))
                )
        self.crash()

    async def _serve(self, tasks: TaskGroup) -> None:
        station = self._station
        host = SimulatedHost(
            name=self._name,
            capabilities=CAPABILITIES[self._name],
            acts=station.acts,
            trace=station.trace,
            chance=self._chance,
            tasks=tasks,
            wall=station.clock.time,
            refuses=station.scenario.refuses,
            manners=station.manners,
            failed=station.failed,
            fair=lambda: station.fair,
        )
        ledger = SimulatedLedger(station.ledgers[self._name], station.trace, self._chance)
        tasks.start_soon(ledger.run)
        dealer, monitor = station.network.connect(INSTRUMENTS, self._name, _EVENTS)
        self.sockets = [dealer]
        settings = ControllerSettings(
            name=self._name,
            driver="simulated",
            endpoint="tcp://simulated:1",
            state="/nonexistent",
            beat_interval=station.scenario.settings.instruments.beat_interval,
        )
        controller = Controller(settings, ledger, dealer, monitor, release="0", host=host)
        line: Line = vars(controller)["_line"]
        station.watch_fences(self._name, line)
        self.line = line
        await controller.run()

    def crash(self) -> None:
        """End at once."""
        self.died = True
        for socket in self.sockets:
            socket.close()
        self._scope.cancel()


def first(error: BaseException) -> BaseException:
    """Return what is at the bottom of groups of exceptions."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return first(group.exceptions[0])
    return error
