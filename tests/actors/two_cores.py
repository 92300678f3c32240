"""The daemon's and the controllers' pure machines, talking to each other in memory.

Connections break and lose what was on the way, controllers and the daemon die and come back,
the instruments take their time: all of it when the test says so. What has really happened at
the instruments is written down, to be compared with what the job was told.
"""

from collections import deque
from dataclasses import dataclass, field

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.paced_word import READ, SET, Phase
from stationd.actors.execution.part import Output, Returned, Send, Tell
from stationd.actors.execution.start_order import Rank
from stationd.actors.job import Job, step
from stationd.actors.ladder import CancelAccepted, DataKept, Effect, Event, LeftQueue
from stationd.actors.line import facts
from stationd.actors.line.facts import HeldRow, Memory, Outcome, SpooledBlocks
from stationd.actors.line.held import TicketCommand
from stationd.actors.line.line import Line
from stationd.actors.stages.stretches import Covered
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPORTS
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import Move, NullWork, SweepWork, Work
from stationd.proto.status import JobExecutorStatus as S

JOB = JobId("00000000-0000-0000-0000-000000000001")
TICKET = Ticket(7, JOB, 1)
PLAIN_BLOCKS = 2
RANKS: dict[str, Rank] = {"stage": (False, 1), "master": (True, 0), "trigger": (True, 0)}
"""In which order the controllers of `group` and `pair` start; all others before these."""

Act = tuple[str, str, int]
"""What an instrument really did: its controller, ``start``, ``set``, ``read`` or ``end``, where."""


@dataclass
class Commander:
    """Who commands."""

    fence: Fence


@dataclass
class Run:
    """An execution at the simulated instrument."""

    work: Work
    done: int = 0
    words: deque[facts.Step] = field(default_factory=deque[facts.Step])
    last: int = -1
    aborted: bool = False


class Controller:
    """A controller: the real line, a simulated ledger and a simulated instrument."""

    def __init__(self, name: str, acts: list[Act], *, fails: bool = False) -> None:
        self.name = name
        self.fails = fails
        self.connected = False
        self.ledger = "ledger"
        self.commands: deque[wire.Command] = deque()
        self.reports: deque[wire.Report] = deque()
        self._acts = acts
        self._rows: dict[int, HeldRow] = {}
        self._spool: dict[int, list[wire.Data]] = {}
        self._over: set[int] = set()
        self._fence: Fence | None = None
        self._last_started = 0
        self._released: deque[facts.Release] = deque()
        self._run: Run | None = None
        self._number = 0
        self._begin()

    def _begin(self) -> None:
        rows = tuple(sorted(self._rows.values(), key=lambda row: row.place))
        memory = Memory(
            self.ledger, self._fence, 0, frozenset(self._over), rows, self._last_started
        )
        self.line = Line(memory, spool_limit=1 << 30)
        self._follow(self.line.recover(memory))

    # --- what the test does to it ------------------------------------------------------------

    def die(self, *, forget: bool = False) -> None:
        """Lose everything that is not on disk; and that too, if it is to forget."""
        self.disconnect()
        self._released.clear()
        self._run = None
        if forget:
            self.ledger += "'"
            self._rows, self._spool, self._over = {}, {}, set()
            self._fence, self._last_started = None, 0
        self._begin()

    def disconnect(self) -> None:
        self.connected = False
        self.commands.clear()
        self.reports.clear()

    @property
    def busy(self) -> bool:
        return self._run is not None or bool(self._released)

    def take_command(self) -> None:
        command = self.commands.popleft()
        outcome = Outcome()
        assert isinstance(command, TicketCommand)
        self.line.command(command, 1.0, outcome)
        self._follow(outcome)

    # --- the instrument ----------------------------------------------------------------------

    def work(self) -> None:
        """Do one step of what is being executed, or begin."""
        run = self._run
        if run is None:
            if self._released:
                self._start(self._released.popleft())
        elif run.aborted:
            self._end(facts.RunStopped(self._number, 3.0))
        elif self.fails and run.done:
            self._end(facts.RunRaised(self._number, "broken", 3.0))
        elif isinstance(run.work, SweepWork) and run.work.paced:
            self._pace(run, run.work)
        elif run.done < PLAIN_BLOCKS:
            self._block(run.done)
            run.done += 1
        else:
            self._end(facts.RunEnded(self._number, 3.0))

    def _start(self, release: facts.Release) -> None:
        self._number = release.number
        self._run = Run(release.work)
        self._last_started = release.place
        self._acts.append((self.name, "start", 0))
        self._fact(facts.RunStarted(self._number, 2.0))

    def _pace(self, run: Run, work: SweepWork) -> None:
        phases: list[Phase] = [SET] if work.moves else []
        if work.returns:
            phases.append(READ)
        if run.last == work.spots * len(phases) - 1:
            self._end(facts.RunEnded(self._number, 3.0))
        elif run.words:
            word = run.words[0]
            place = end = word.spot * len(phases) + phases.index(word.phase)
            if word.through is not None:
                end = (word.through + 1) * len(phases) - 1
            if end > run.last:
                run.last = max(place, run.last + 1)
                self._go_to(run, run.last // len(phases), phases[run.last % len(phases)])
            if end <= run.last:
                run.words.popleft()
                spot, phase = end // len(phases), phases[end % len(phases)]
                self._fact(facts.SpotReached(self._number, spot, phase))

    def _go_to(self, run: Run, spot: int, phase: Phase) -> None:
        self._acts.append((self.name, phase, spot))
        if phase == "read":
            self._block(spot)
        run.done += 1

    def _block(self, offset: int) -> None:
        self._fact(facts.BlockCame(self._number, "y", 0, offset, "<f8", (1,), b"12345678"))

    def _end(self, fact: facts.Fact) -> None:
        self._run = None
        self._acts.append((self.name, "end", 0))
        self._fact(fact)

    # --- what follows ------------------------------------------------------------------------

    def _fact(self, fact: facts.Fact) -> None:
        outcome = Outcome()
        self.line.fact(fact, 2.0, outcome)
        self._follow(outcome)

    def _follow(self, outcome: Outcome) -> None:
        for record in outcome.records:
            self._store(record)
        for report in [*outcome.live, *outcome.reports]:
            self._report(report)
        for order in outcome.orders:
            self._obey(order)
        for cleared in outcome.cleared:
            self._fact(cleared)

    def _report(self, report: wire.Report | SpooledBlocks | tuple[wire.Data, bytes]) -> None:
        if not self.connected:
            return
        if isinstance(report, SpooledBlocks):
            self.reports.extend(self._spool.get(report.number, [])[report.first :])
        else:
            self.reports.append(report[0] if isinstance(report, tuple) else report)

    def _obey(self, order: facts.Order) -> None:
        if isinstance(order, facts.Release):
            self._released.append(order)
            return
        waiting = [release for release in self._released if release.number == order.number]
        if isinstance(order, facts.Step):
            if self._run is not None:
                self._run.words.append(order)
        elif waiting:
            self._released.remove(waiting[0])
            self._fact(facts.Withdrawn(order.number))
        elif isinstance(order, facts.Withdraw):
            self._fact(facts.NotWithdrawn(order.number))
        elif self._run is not None:
            self._run.aborted = True

    def _store(self, record: facts.Record) -> None:
        match record:
            case facts.TicketArmed(ticket=ticket, place=place, work=work, cleared=cleared):
                self._rows[ticket.number] = HeldRow(ticket, place, work, cleared, None, 0, 0)
            case facts.TicketCleared(number=number):
                self._change(number, cleared=True)
            case facts.TicketRevoked(number=number):
                del self._rows[number]
            case facts.TicketEnded(ticket=ticket, end=end):
                none = HeldRow(ticket, 0, b"", cleared=False, end=None, blocks=0, size_bytes=0)
                self._rows.setdefault(ticket.number, none)
                self._change(ticket.number, end=end)
            case facts.TicketOver(number=number):
                self._over.add(number)
                self._rows.pop(number, None)
            case facts.BlockSpooled(number=number, header=header):
                data = REPORTS.decode(header)
                assert isinstance(data, wire.Data)
                self._spool.setdefault(number, []).append(data)
                self._change(number, blocks=self._rows[number].blocks + 1)
            case facts.FenceSeen(fence=fence):
                self._fence = fence
            case _:
                pass

    def _change(
        self,
        number: int,
        *,
        cleared: bool | None = None,
        end: bytes | None = None,
        blocks: int | None = None,
    ) -> None:
        row = self._rows[number]
        self._rows[number] = HeldRow(
            row.ticket,
            row.place,
            row.work,
            row.cleared if cleared is None else cleared,
            row.end if end is None else end,
            row.blocks if blocks is None else blocks,
            0,
        )


class Daemon:
    """The daemon's side of one job: the real execution and the real ladder."""

    def __init__(
        self, controllers: dict[str, Controller], works: dict[str, Work], executed: list[Act]
    ) -> None:
        self.controllers = controllers
        self.executed = executed
        """What the instruments have done; the daemon itself does not look."""
        self.works = works
        self.epoch = 1
        self.told: list[Event] = []
        self.job = Job(id=JOB, number=1, kind="sweep", status=S.PENDING_EXECUTION, ordinal=10)
        self.waiting = True
        """In the queue."""
        self._ledgers = dict.fromkeys(controllers, "ledger")
        self._stored = dict.fromkeys(controllers, 0)
        self._unheard: set[str] = set()
        """Controllers that may hold the ticket from before this daemon's start."""
        self.execution = self._new()

    @property
    def over(self) -> bool:
        """Whether nothing more can come of the ticket."""
        return self.job.status.is_terminal or self.job.status is S.EXECUTION_ENDED

    def _new(self) -> Execution:
        began = self.job.status is not S.PENDING_EXECUTION
        authority = Commander(Fence("lab", self.epoch))
        return Execution(TICKET, authority, self.works, RANKS, began=began)

    # --- what the test makes it do -----------------------------------------------------------

    def arm(self) -> None:
        """Send the ticket out, as the queue does when all controllers are there."""
        if self.waiting and not self.over and all(c.connected for c in self.controllers.values()):
            self.waiting = False
            self.execution = self._new()
            self._act(self.execution.arm())

    def cancel(self) -> None:
        self.tell(CancelAccepted())

    def revoke(self) -> None:
        """Take the ticket back for a while."""
        if not self.waiting and not self.over and not self.execution.began:
            self._act(self.execution.revoke())

    def die(self) -> None:
        """Start anew from what is on disk."""
        for controller in self.controllers.values():
            controller.disconnect()
        self.epoch += 1
        if self.over:
            return
        self.execution = self._new()
        self.waiting = self.job.status is S.PENDING_EXECUTION
        self._unheard = set(self.controllers)
        if not self.waiting:
            self.execution.recover(self._stored, self._covered())
            if self.job.cancelling:
                self._act(self.execution.abort())
        elif self.job.cancelling:
            self._leave_queue()

    def hello(self, name: str) -> None:
        """Connect a controller."""
        controller = self.controllers[name]
        controller.disconnect()
        controller.connected = True
        same_ledger = controller.ledger == self._ledgers[name]
        self._ledgers[name] = controller.ledger
        self._unheard.discard(name)
        held = next((held for held in controller.line.held() if held.ticket == TICKET), None)
        if self.over:
            self._clean(name, held)
            return
        if self.waiting:
            if held is None:
                return
            self.waiting = False
            self.execution = self._new()
            self.execution.recover(self._stored, self._covered())
            self._settle_others(name)
        self._act(self.execution.reconnected(name, held, same_ledger=same_ledger))

    def _covered(self) -> Covered:
        """Return which spots are stored: each block holds one."""
        return {
            f"{name}.{readout}": [(0, self._stored[name])]
            for name, work in self.execution.works.items()
            if isinstance(work, SweepWork)
            for readout in work.returns
        }

    def _settle_others(self, name: str) -> None:
        for other, controller in self.controllers.items():
            if other != name and controller.connected:
                self._act(self.execution.reconnected(other, None, same_ledger=True))

    def _clean(self, name: str, held: wire.HeldTicket | None) -> None:
        fence = Fence("lab", self.epoch)
        if held is not None and held.state == "armed":
            self._send(name, wire.Revoke(fence, TICKET))
        elif held is not None and held.state == "running":
            self._send(name, wire.Abort(fence, TICKET))
        elif held is not None:
            self._send(name, wire.Acknowledge(fence, TICKET))

    def absent(self, name: str) -> None:
        """Give up a controller that has been away for too long."""
        if not self.waiting and not self.over:
            self._act(self.execution.absent(name))

    def take_report(self, name: str) -> None:
        report = self.controllers[name].reports.popleft()
        if self.over or self.waiting:
            if isinstance(report, wire.Finished | wire.Failed | wire.AtRest | wire.Lost):
                assert self.over, "the end of a ticket came while its job waited in the queue"
                self._send(name, wire.Acknowledge(Fence("lab", self.epoch), TICKET))
        elif isinstance(report, wire.Data):
            if self.execution.is_next_block(name, report.index):
                self._stored[name] += 1
                self._act(self.execution.block_arrived(name))
        elif not isinstance(report, wire.Hello | wire.Beat):
            self._act(self.execution.report(name, report))

    # --- what follows ------------------------------------------------------------------------

    def _act(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(controller=name, command=command):
                    self._send(name, command)
                case Tell(event=event):
                    self.tell(event)
                case Returned():
                    self.waiting = True

    def _send(self, name: str, command: wire.Command) -> None:
        if self.controllers[name].connected:
            self.controllers[name].commands.append(command)

    def tell(self, event: Event) -> None:
        self.told.append(event)
        self.job, effects = step(self.job, event)
        for effect in effects:
            self._perform(effect)

    def _leave_queue(self) -> None:
        self.waiting = False
        if not self._unheard:
            self.tell(LeftQueue())
            return
        self.execution = self._new()
        self.execution.recover(self._stored, self._covered())
        self._act(self.execution.leave())
        self._settle_others("")

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Effect.LEAVE_QUEUE if self.waiting:
                self._leave_queue()
            case Effect.LEAVE_QUEUE:
                self._act(self.execution.leave())
            case Effect.ABORT_TICKET:
                self._act(self.execution.abort())
            case Effect.KEEP_DATA:
                self.tell(DataKept())
            case Effect.END:
                for name in self.controllers:
                    self._send(name, wire.Acknowledge(Fence("lab", self.epoch), TICKET))
            case _:
                pass


def settle(daemon: Daemon) -> None:
    """Let everybody come back and everything come to its end."""
    controllers = daemon.controllers
    for name, controller in controllers.items():
        if not controller.connected:
            daemon.hello(name)
    for _ in range(400):
        daemon.arm()
        for name, controller in controllers.items():
            while controller.commands:
                controller.take_command()
            controller.work()
            while controller.reports:
                daemon.take_report(name)
        quiet = not any(c.commands or c.reports or c.busy for c in controllers.values())
        if daemon.over and quiet:
            return


def single() -> dict[str, Work]:
    """Return a null program for one controller."""
    return {"null": NullWork()}


def group() -> dict[str, Work]:
    """Return a paced sweep of four controllers, the trigger master last."""
    move = Move("x", 0, (1.0, 2.0, 3.0))
    return {
        "source": SweepWork(shape=(3,), settings=(("level", 1.0),)),
        "stage": SweepWork(shape=(3,), moves=(move,), paced=True),
        "meter": SweepWork(shape=(3,), returns=("y",), paced=True),
        "trigger": SweepWork(shape=(3,), moves=(move,), returns=("z",), paced=True),
    }


def pair() -> dict[str, Work]:
    """Return work for two controllers that wait for nobody."""
    return {"follower": NullWork(), "master": NullWork()}
