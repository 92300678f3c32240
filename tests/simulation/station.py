"""A whole station in one process, and what is known of it that no part of it knows."""

from dataclasses import dataclass
from typing import cast

import anyio
from anyio.abc import TaskGroup

from stationd.actors.line.facts import Outcome
from stationd.actors.line.held import TicketCommand
from stationd.actors.line.line import Line
from stationd.proto.instruments_protocol import Arm, Command
from stationd.proto.job import Fence, Ticket
from stationd.runtime.journal.contents import Contents
from stationd.runtime.settings import Settings
from stationd.runtime.station import Station
from tests.simulation.disk import Disk, SimulatedJournal
from tests.simulation.instrument import Act
from tests.simulation.intake import Intake
from tests.simulation.ledger import LedgerDisk
from tests.simulation.lives import ControllerLife, DaemonLife, SimulatedClock
from tests.simulation.manners import Manners
from tests.simulation.network import Network
from tests.simulation.overhearing import Overhearing
from tests.simulation.promises import Promises
from tests.simulation.rights import WATCHER, Rights
from tests.simulation.scenario import Scenario
from tests.simulation.trace import Trace


@dataclass
class Quarantined:
    """A controller that a daemon does not trust any more."""

    controller: str
    ticket: Ticket
    since: float
    daemon: Station
    """Which does not."""
    until: float | None = None
    """When an operator has said that it can be trusted."""


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
        self.rights = Rights(scenario.settings)
        self.network.overhear = Overhearing(self.rights, trace).take
        self.intake = Intake(self)
        self.disk = disk
        self.ledgers = {
            name: LedgerDisk(f"ledger of {name}") for name in scenario.settings.controllers
        }
        self._lost_ledgers: list[LedgerDisk] = []
        self.manners = Manners(scenario, trace)
        self.fair = True
        """Whether what guards look at is right."""
        self.failed: set[int] = set()
        """Tickets of which a driver has failed."""
        self.quarantined: list[Quarantined] = []
        self.given_up: list[tuple[float, str]] = []
        """When the daemon gave a controller up for having stayed away, and which."""
        self._sent: set[tuple[str, int]] = set()
        self.is_put_back = False
        """The journal is an older copy of what it was: what was heard of it does not hold."""
        self.acts: list[Act] = []
        self.promises = Promises()
        self.daemons: list[DaemonLife] = []
        self.starts: list[float] = []
        """When daemons started."""
        self.controllers: dict[str, ControllerLife] = {}
        self.troubles: list[tuple[float, str]] = []
        """When a controller died, or its link did, or a daemon haunted it."""
        self._chance = trace.chance("station")
        self._fences: dict[str, list[tuple[float, Fence]]] = {}
        """When each controller obeyed a newer fence than ever before, and which."""

    async def run(self, tasks: TaskGroup) -> None:
        """Start everything, and start it again whenever it dies."""
        tasks.start_soon(self.network.run)
        tasks.start_soon(self._keep_daemon, tasks)
        for name in self.scenario.settings.controllers:
            tasks.start_soon(self._keep_controller, name)

    def close(self) -> None:
        """Let go of the controllers' disks."""
        for ledger in (*self.ledgers.values(), *self._lost_ledgers):
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

    @property
    def watcher(self) -> str:
        """The user who may do everything; empty where there are no users."""
        return WATCHER if self.rights.settings.users else ""

    def configure(self, settings: Settings) -> None:
        """Write another configuration, and let the daemon read it."""
        self.rights.change(settings)
        if self.daemon is not None:
            self.daemon.reload()

    def zombies(self) -> list[DaemonLife]:
        """Return daemons that have lost their disk and do not know."""
        return [life for life in self.daemons if life.zombie and not life.died]

    async def _keep_daemon(self, tasks: TaskGroup) -> None:
        while True:
            life = DaemonLife(self, len(self.daemons))
            self.promises.check(life.journal.contents, self.trace)
            self.promises.closures.check_journal(life.journal.contents, self.clock, self.trace)
            self.daemons.append(life)
            self.starts.append(anyio.current_time())
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

    def lose_ledger(self, controller: str) -> None:
        """Let the machine of a controller come back without what was on its disk."""
        self.controllers[controller].crash()
        self._lost_ledgers.append(self.ledgers[controller])
        number = len(self._lost_ledgers)
        self.ledgers[controller] = LedgerDisk(f"ledger {number} of {controller}")
        self._fences.pop(controller, None)

    # --- checks at the moment ----------------------------------------------------------------

    def watch_fences(self, name: str, line: Line) -> None:
        """Check that a controller obeys no fence but the newest that it was shown.

        One that it saw and had not yet on its disk when it died, it need not know any more: all
        that it did under that fence is forgotten as well.
        """
        obey = line.command
        on_disk = self.ledgers[name].holds_before
        seen = [(when, fence) for when, fence in self._fences.get(name, []) if when < on_disk]
        self._fences[name] = seen

        def command(command: TicketCommand, now_unix_s: float, outcome: Outcome) -> None:
            newest = seen[-1][1] if seen else command.fence
            before = (len(outcome.records), len(outcome.orders))
            obey(command, now_unix_s, outcome)
            if command.fence.epoch < newest.epoch:
                self.trace.faults["stale commands"] += 1
                if before != (len(outcome.records), len(outcome.orders)):
                    self.trace.violation(name, "obeyed", type(command).__name__, "of a stale fence")
            elif command.fence.epoch > newest.epoch or not seen:
                seen.append((anyio.current_time(), command.fence))

        vars(line)["command"] = command

    def watch_quarantine(self, running: Station) -> None:
        """Note who is given up or put in quarantine, and check that no work is sent there."""
        quarantine, send = running.instruments.quarantine, running.bus.send
        put = quarantine.put

        def put_and_note(controller: str, ticket: Ticket) -> None:
            self.trace.fault("quarantines", controller, ticket.number)
            now = anyio.current_time()
            one = Quarantined(controller, ticket, now, running)
            self.quarantined.append(one)
            put(controller, ticket)

        def send_and_check(controller: str, command: Command) -> None:
            if isinstance(command, Arm) and (controller, command.ticket.number) not in self._sent:
                self._sent.add((controller, command.ticket.number))
                self._check_claim(running, controller, command.ticket.number)
            send(controller, command)

        absent = running.instruments.absent

        def give_up(controller: str) -> None:
            # What a zombie thinks of controllers ends no job.
            if self.daemon is not None and self.daemon.running is running:
                self.trace.note("gives up", controller)
                self.given_up.append((anyio.current_time(), controller))
            absent(controller)

        vars(running.instruments)["absent"] = give_up
        vars(quarantine)["put"] = put_and_note
        vars(running.bus)["send"] = send_and_check

    def _check_claim(self, daemon: Station, controller: str, number: int) -> None:
        at_work = {
            act.ticket for act in self.acts if act.controller == controller and act.ended is None
        }
        for one in self.quarantined:
            if (
                one.controller != controller
                or one.until is not None
                or one.ticket.number not in at_work
            ):
                continue
            if not self._is_still_ending(one, daemon):
                quarantine = f"{controller} in quarantine of {one.ticket.number}"
                self.trace.violation("ticket", number, "was sent to", quarantine)

    def _is_still_ending(self, one: Quarantined, daemon: Station) -> bool:
        """Whether a daemon gives the controller its own time to come to rest.

        One that died before the end of the job was on disk had no quarantine for those to come.
        """
        if one.daemon is daemon:
            return False
        contents = cast("SimulatedJournal", daemon.journal).contents
        number = contents.numbers.get(one.ticket.job)
        return number is not None and not any(
            entry.status.is_terminal and entry.attempt == one.ticket.attempt
            for entry in contents.job(number).timeline
        )

    def reset(self, controller: str) -> None:
        """Note that an operator wants a controller to be trusted again."""
        for one in self.quarantined:
            if one.controller == controller and one.until is None:
                one.until = anyio.current_time()
