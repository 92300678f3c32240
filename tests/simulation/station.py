"""A whole station in one process: the daemon and its controllers, which die and come back."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeVar, cast

import anyio
import zmq
from anyio.abc import TaskGroup

from stationd.actors.controller import Controller, ControllerSettings
from stationd.actors.facts import Outcome
from stationd.actors.held import TicketCommand
from stationd.actors.line import Line
from stationd.proto import instruments_protocol as wire
from stationd.proto import jobs_protocol
from stationd.proto.codec import COMMANDS, REQUESTS
from stationd.proto.job import Fence, JobId
from stationd.runtime.clock import Clock
from stationd.runtime.daemon import Ports, Station, assemble, finish
from stationd.runtime.journal.contents import Contents
from stationd.runtime.metrics import Metrics
from stationd.runtime.work.workers import Workers
from tests.simulation.disk import Disk, SimulatedJournal
from tests.simulation.instrument import Act, LedgerDisk, SimulatedHost, SimulatedLedger
from tests.simulation.network import Dealer, Network, Router
from tests.simulation.scenario import CAPABILITIES, Scenario
from tests.simulation.trace import Trace

T = TypeVar("T")
Request = TypeVar("Request")

JOBS = "jobs"
INSTRUMENTS = "instruments"
_EPOCH_UNIX_S = 1_700_000_000.0
_EVENTS = int(zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)


class SimulatedClock(Clock):
    """The virtual time, and a wall clock that may jump."""

    def __init__(self) -> None:
        self.jumped = 0.0

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
    return not isinstance(COMMANDS.decode(frame), wire.Welcome | wire.Shutdown)


def repeatable_request(frame: bytes) -> bool:
    """Whether a client's request may arrive twice."""
    request = REQUESTS.decode(frame)
    return isinstance(request, jobs_protocol.Submit | jobs_protocol.Cancel | jobs_protocol.Get)


@dataclass
class Promises:
    """What clients were told, and what must hold whatever happens from then on."""

    submitted: dict[JobId, int]
    """Acknowledged jobs, and their numbers."""
    cancels: set[JobId]
    """Cancels that were accepted."""
    asked_to_cancel: set[JobId]


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
        self.running: Station | None = None
        network = station.network
        self.api = network.bind(JOBS)
        self.instruments = network.bind(INSTRUMENTS, repeatable_command)
        self.journal = SimulatedJournal(station.disk, station.trace, self._chance)

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
        )
        settings = self._station.scenario.settings
        metrics = Metrics(list(settings.controllers))
        self.running = await assemble(settings, ports, metrics, tasks)
        await anyio.sleep_forever()

    def crash(self) -> None:
        """End at once."""
        if not self.died:
            self.died = True
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


class SimulatedStation:
    """The daemon and its controllers.

    Args:
        scenario: What it is like.
        trace: Where all that happens is noted.
        disk: The daemon's.
    """

    def __init__(self, scenario: Scenario, trace: Trace, disk: Disk) -> None:
        self.scenario = scenario
        self.trace = trace
        self.clock = SimulatedClock()
        self.network = Network(trace, duplicated=scenario.duplicated, delayed=scenario.delayed)
        self.disk = disk
        self.ledgers = {
            name: LedgerDisk(f"ledger of {name}") for name in scenario.settings.controllers
        }
        self.acts: list[Act] = []
        self.promises = Promises({}, set(), set())
        self.daemons: list[DaemonLife] = []
        self.controllers: dict[str, ControllerLife] = {}
        self.troubles: list[tuple[float, str]] = []
        """When a controller died, or its link did, or a daemon haunted it."""
        self._chance = trace.chance("station")
        self._fences: dict[str, Fence] = {}

    async def run(self, tasks: TaskGroup) -> None:
        """Start everything, and start it again whenever it dies."""
        tasks.start_soon(self.network.run)
        tasks.start_soon(self._keep_daemon, tasks)
        for name in self.scenario.settings.controllers:
            tasks.start_soon(self._keep_controller, name)

    def close(self) -> None:
        """Let go of the controllers' disks."""
        for ledger in self.ledgers.values():
            ledger.database.close()

    @property
    def daemon(self) -> DaemonLife | None:
        """The daemon that has the disk; None while there is none."""
        newest = self.daemons[-1] if self.daemons else None
        return None if newest is None or newest.left.is_set() else newest

    @property
    def contents(self) -> Contents | None:
        """What the journal of the daemon holds; None while there is none."""
        return None if self.daemon is None else self.daemon.journal.contents

    def zombies(self) -> list[DaemonLife]:
        """Return daemons that have lost their disk and do not know."""
        return [life for life in self.daemons if life.zombie and not life.died]

    async def _keep_daemon(self, tasks: TaskGroup) -> None:
        while True:
            life = DaemonLife(self, len(self.daemons))
            self.check_promises(life.journal.contents)
            self.daemons.append(life)
            tasks.start_soon(life.run)
            await life.left.wait()
            await anyio.sleep(self._chance.choice((0.0, 0.05, 0.5)))

    async def _keep_controller(self, name: str) -> None:
        number = 0
        while True:
            life = self.controllers[name] = ControllerLife(self, name, number)
            await life.run()
            number += 1
            await anyio.sleep(self._chance.choice((0.0, 0.05, 0.5, 3.0)))

    def trouble(self, *controllers: str) -> None:
        """Note that something is done to controllers, of which their jobs may fail."""
        self.troubles += [(anyio.current_time(), name) for name in controllers]

    # --- checks at the moment ----------------------------------------------------------------

    def check_promises(self, contents: Contents) -> None:
        """Compare what was promised with what a journal holds."""
        for job, number in self.promises.submitted.items():
            if contents.numbers.get(job) != number:
                self.trace.violation("acknowledged job", job, number, "is not in the journal")
        for job in self.promises.cancels:
            number = contents.numbers.get(job, 0)
            stored = contents.jobs.get(number)
            if stored is None or not any(
                entry.cancelling or entry.status.is_terminal for entry in stored.timeline
            ):
                self.trace.violation("accepted cancel of", job, "is not in the journal")

    def watch_fences(self, name: str, line: Line) -> None:
        """Check that a controller obeys no fence but the newest that it was shown."""
        obey = line.command

        def command(command: TicketCommand, now_unix_s: float, outcome: Outcome) -> None:
            newest = self._fences.get(name, command.fence)
            before = (len(outcome.records), len(outcome.orders))
            obey(command, now_unix_s, outcome)
            if command.fence.epoch < newest.epoch:
                self.trace.faults["stale commands"] += 1
                if before != (len(outcome.records), len(outcome.orders)):
                    self.trace.violation(name, "obeyed", type(command).__name__, "of a stale fence")
            elif command.fence.epoch > newest.epoch or name not in self._fences:
                self._fences[name] = command.fence

        vars(line)["command"] = command


def first(error: BaseException) -> BaseException:
    """Return what is at the bottom of groups of exceptions."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return first(group.exceptions[0])
    return error
