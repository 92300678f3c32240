"""Tickets on their way: from the queue through the controllers' lines to the end.

The queue decides who goes, an `Execution` per ticket decides what its controllers are told,
and the bus carries it. This module brings the three together and tells the jobs.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import anyio
import msgspec

from stationd.actors.execution import Execution, Output, Returned, Send, Tell
from stationd.actors.ladder import Course, Event, ExecutionBegan, ExecutionFailed, LeftQueue
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.instruments_protocol import (
    Abort,
    Acknowledge,
    Armed,
    AtRest,
    Command,
    Data,
    Failed,
    Finished,
    Forget,
    HeldTicket,
    Hello,
    Lost,
    Progressed,
    Reached,
    Refused,
    Report,
    Revoke,
    Revoked,
    Started,
    TooLate,
)
from stationd.proto.job import JobId, Progress, Ticket
from stationd.runtime.controllers.leftovers import Leftovers
from stationd.runtime.journal.records import BlockStored
from stationd.runtime.live import WORK_DECODER, LiveJob
from stationd.runtime.queue import Queue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anyio.abc import TaskGroup

    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.quarantine import Quarantine
    from stationd.runtime.controllers.silence import Silence
    from stationd.runtime.feed import Feed
    from stationd.runtime.journal.interface import Journal, Outline

log = logging.getLogger(__name__)

LINE_SECONDS: Final = 0.005
"""A line should hold this much work, so that the next job begins while the daemon still hears
of the last one."""
MOST_IN_LINE: Final = 64
"""The most tickets sent ahead, however short the jobs are."""
SMALL_BYTES: Final = 64 * 1024
"""Raw data and work up to this size is kept in memory as well as in the journal."""
_SMOOTHING: Final = 0.2
"""Weight of the newest duration in the average."""
_FORGET_EVERY: Final = 256
"""Tickets between two watermarks."""

TicketReport = (
    Armed | Started | Progressed | Finished | Failed | AtRest | Revoked | TooLate | Reached | Lost
)


class Lines(Protocol):
    """The controllers that are connected, and a way to talk to them."""

    def send(self, controller: str, command: Command) -> None:
        """Send a command; it is lost if the controller is not connected."""
        ...

    def connected(self) -> Sequence[str]:
        """Return the names of the controllers that are connected."""
        ...


class Jobs(Protocol):
    """The jobs that are under way, and a way to tell them what has happened."""

    def get(self, job: JobId) -> LiveJob | None:
        """Return a job that is under way."""
        ...

    async def find(self, job: JobId) -> LiveJob | None:
        """Return a job that is under way, and take it up if it has not been yet."""
        ...

    def awaits(self, job: JobId) -> bool:
        """Return whether a job of an earlier daemon has not been taken up yet."""
        ...

    def deliver(self, live: LiveJob, event: Event) -> None:
        """Take an event to its job, and do what follows."""
        ...


class _Expected(NamedTuple):
    """A job in the queue that has not been taken up yet."""

    number: int
    job: JobId


class Instruments:
    """All tickets that are out, and the queue of those that wait.

    Args:
        jobs: Where the jobs are told.
        journal: Where raw data goes.
        feed: Where progress goes.
        tasks: Runs what has to ask the journal first.
        authority: What this daemon may command with.
        prefetch: Tickets sent ahead at least, by controller.
        quarantine: Keeps work from controllers that do not come to rest.
        silence: Ends jobs whose controllers do nothing.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        journal: Journal,
        feed: Feed,
        tasks: TaskGroup,
        authority: Authority,
        prefetch: Mapping[str, int],
        quarantine: Quarantine,
        silence: Silence,
    ) -> None:
        self.queue = Queue()
        self.leftovers = Leftovers(journal, authority, self._send, self._connected)
        self.quarantine = quarantine
        self._silence = silence
        self._jobs = jobs
        self._journal = journal
        self._feed = feed
        self._tasks = tasks
        self._authority = authority
        self._prefetch = prefetch
        self._lines: Lines | None = None
        self._waiting: dict[int, LiveJob] = {}
        # Those in the queue that have not been taken up yet, by their numbers.
        self._expected: dict[int, _Expected] = {}
        self._granted: deque[LiveJob | _Expected] = deque()
        self._fetching = False
        self._executions: dict[JobId, Execution] = {}
        self._tickets: dict[int, LiveJob] = {}
        # Tickets of an earlier daemon, which may be out although their jobs wait in the queue;
        # and the controllers that have said since what they hold.
        self._inherited: set[int] = set()
        self._heard: set[str] = set()
        # The controller whose Hello is being taken in, and jobs of its that are to leave then.
        self._greeting: str | None = None
        self._leaving: list[LiveJob] = []
        # Jobs that are being taken back: a Hello waits, for it is about them too.
        self._taking_back = 0
        self._taken_back = anyio.Event()
        self._given_up: set[str] = set()
        self._began: dict[tuple[JobId, str], float] = {}
        self._seconds: dict[str, float] = {}
        self._ended = 0
        self._idle = anyio.Event()
        self.paused = False
        """No ticket leaves the queue; for an orderly stop."""

    def attach(self, lines: Lines) -> None:
        """Say who carries commands; once, before any job comes in."""
        self._lines = lines

    @property
    def out(self) -> int:
        """How many tickets are at controllers."""
        return len(self._executions)

    def running(self, controller: str) -> JobId | None:
        """Return the job that a controller is at work on."""
        for job, execution in self._executions.items():
            if execution.began and controller in execution.parts:
                return job
        return None

    # --- what jobs ask for -------------------------------------------------------------------

    def enqueue(self, live: LiveJob) -> None:
        """Let a job wait for its controllers; its ticket is on disk."""
        if live.ticket is None:
            return
        self._tickets[live.ticket.number] = live
        self._wait(live)

    def expect(self, outline: Outline, claims: tuple[str, ...]) -> None:
        """Let a job wait that is not taken up yet: an earlier daemon left it in the queue."""
        self._expected[outline.number] = _Expected(outline.number, outline.job)
        self.queue.add(outline.number, outline.priority, claims)

    def resume(self, live: LiveJob) -> None:
        """Take up a job that an earlier daemon left in the queue.

        A cancel that was under way goes on. Nothing is granted yet.
        """
        if live.ticket is None:
            return
        self._tickets[live.ticket.number] = live
        self._inherited.add(live.ticket.number)
        number = live.job.number
        if self._expected.pop(number, None) is None or number in self.queue:
            self._waiting[number] = live
            self.queue.add(number, live.spec.priority, live.claims)
        if live.job.course is Course.CANCELLING:
            self.leave(live)

    async def reconcile(self, live: LiveJob) -> None:
        """Take up a job that an earlier daemon left at its controllers.

        A cancel that was under way goes on.
        """
        if live.ticket is None:
            return
        self._tickets[live.ticket.number] = live
        await self._load(live)
        await self._take_up(live, began=True)
        if live.job.course is Course.CANCELLING:
            self.abort(live)

    def leave(self, live: LiveJob) -> None:
        """Take a job out of the queue, or its ticket back from its controllers."""
        execution = self._executions.get(live.job.id)
        if execution is not None:
            self._leave(live, execution)
            return
        if live.job.number not in self._waiting:
            # Its work is being fetched from the journal: it finds out when it has been.
            return
        if self._greeting in live.claims:
            self._leaving.append(live)
            return
        self._forget_waiting(live)
        if self._may_be_out(live):
            self._taking_back += 1
            self._tasks.start_soon(self._leave_controllers, live)
        else:
            self._act(live, None, [Tell(LeftQueue())])

    def _leave(self, live: LiveJob, execution: Execution) -> None:
        self._act(live, execution, execution.leave())
        for controller in self._given_up.intersection(execution.parts):
            # It will not answer, and a cancel is bounded.
            self._act(live, execution, execution.absent(controller))

    def abort(self, live: LiveJob) -> None:
        """Bring a job's controllers to rest."""
        execution = self._executions.get(live.job.id)
        if execution is not None:
            self._act(live, execution, execution.abort())

    def end(self, live: LiveJob, ticket: Ticket | None) -> None:
        """Let go of an attempt's ticket: all that is worth keeping is on disk."""
        if ticket is None:
            return
        self._forget_waiting(live)
        execution = self._drop(live)
        self._tickets.pop(ticket.number, None)
        self._inherited.discard(ticket.number)
        self.queue.release(live.job.number)
        if execution is not None:
            self.quarantine.settled(live.job.id)
            self._silence.ended(live.job.id, execution.parts)
            for controller in execution.parts:
                self._began.pop((live.job.id, controller), None)
                self._send(controller, Acknowledge(self._authority.fence, ticket))
        self._ended += 1
        if self._ended % _FORGET_EVERY == 0:
            self.forget()
        self.grant()

    async def drain(self) -> None:
        """Take back what has not begun, and wait until nothing runs any more."""
        self.paused = True
        for job, execution in list(self._executions.items()):
            live = self._jobs.get(job)
            if live is not None and not execution.began:
                self._act(live, execution, execution.revoke())
        while self._executions:
            await self._idle.wait()

    def forget(self) -> None:
        """Tell the controllers which tickets are over for ever, once all others are known."""
        if self._expected:
            return
        oldest = min(chain(self._tickets, self.leftovers.numbers()), default=None)
        if oldest is None or self._lines is None:
            return
        for controller in self._lines.connected():
            self._send(controller, Forget(self._authority.fence, oldest))

    # --- the queue ---------------------------------------------------------------------------

    def grant(self) -> None:
        """Send out what can go now."""
        # What could not be written down is better not begun: running tickets go on, no others.
        if self.paused or self._lines is None or self._journal.trouble is not None:
            return
        depths = {
            name: self._depth(name)
            for name in self._lines.connected()
            # One that is just saying what it holds may hold those that wait.
            if name != self._greeting and name not in self.quarantine
        }
        for number in self.queue.grants(depths):
            waiting = self._waiting.pop(number) if number in self._waiting else None
            self._granted.append(waiting or self._expected[number])
        # In the order of the grants, though the work of some has to be fetched first.
        while self._granted and not self._fetching:
            first = self._granted[0]
            if isinstance(first, _Expected) or first.work is None:
                self._fetching = True
                self._tasks.start_soon(self._fetch_granted)
            else:
                self._granted.popleft()
                self._go(first)

    def _depth(self, controller: str) -> int:
        seconds = self._seconds.get(controller)
        ahead = self._prefetch.get(controller, 0)
        if seconds is not None and ahead:
            short = MOST_IN_LINE if seconds <= 0 else math.ceil(LINE_SECONDS / seconds)
            ahead = max(ahead, min(short, MOST_IN_LINE))
        return 1 + ahead

    def _wait(self, live: LiveJob) -> None:
        self._waiting[live.job.number] = live
        self.queue.add(live.job.number, live.spec.priority, live.claims)
        self.grant()

    def _forget_waiting(self, live: LiveJob) -> None:
        if self._waiting.pop(live.job.number, None) is not None:
            self.queue.remove(live.job.number)

    async def _load(self, live: LiveJob) -> None:
        if live.work is None:
            try:
                data = await self._journal.work(live.job.number)
                live.work = None if data is None else WORK_DECODER.decode(data)
            except Exception:
                # The job fails for want of its work; the others go on.
                log.exception("job %s: its compiled work could not be read", live.job.id)

    def _may_be_out(self, live: LiveJob) -> bool:
        """Whether a controller may hold the ticket of a job that waits, from an earlier daemon."""
        inherited = live.ticket is not None and live.ticket.number in self._inherited
        return inherited and not self._heard.issuperset(live.claims)

    async def _leave_controllers(self, live: LiveJob) -> None:
        """Take back a ticket that may be out, as soon as its controllers have said Hello."""
        try:
            await self._load(live)
            await self._take_up(live, began=False)
            self._settle_others(live, "")
        finally:
            self._taking_back -= 1
            self._taken_back.set()
            self._taken_back = anyio.Event()

    async def _fetch_granted(self) -> None:
        fetched = tuple(self._granted)
        async with anyio.create_task_group() as tasks:
            for one in fetched:
                tasks.start_soon(self._fetch, one)
        for one in fetched:
            self._granted.popleft()
            live = self._jobs.get(one.job) if isinstance(one, _Expected) else one
            if live is None:
                log.error("job %s could not be taken up: please report this bug", one.job)
            else:
                self._go(live)
        self._fetching = False
        self.grant()

    async def _fetch(self, one: LiveJob | _Expected) -> None:
        if isinstance(one, LiveJob):
            await self._load(one)
            return
        live = await self._jobs.find(one.job)
        if live is not None:
            await self._load(live)

    def _go(self, live: LiveJob) -> None:
        """Send a job's ticket, unless something came between the grant and now."""
        if live.job.course is not Course.CLIMBING:
            self.queue.release(live.job.number)
            self._act(live, None, [Tell(LeftQueue())])
        elif self.paused:
            self.queue.release(live.job.number)
            self._wait(live)
        else:
            self._arm(live)

    def _arm(self, live: LiveJob) -> None:
        execution = self._execution(live, began=False)
        if execution is not None:
            self._act(live, execution, execution.arm())

    def _execution(self, live: LiveJob, *, began: bool) -> Execution | None:
        if live.work is None or live.ticket is None:
            error = ErrorInfo(ErrorCode.INTERNAL_ERROR, "the compiled work is not in the journal")
            self._act(live, None, [Tell(ExecutionFailed(error))])
            return None
        execution = Execution(live.ticket, self._authority, live.works(), began=began)
        self._executions[live.job.id] = execution
        return execution

    async def _take_up(self, live: LiveJob, *, began: bool) -> None:
        blocks = await self._journal.blocks(live.job.number, live.job.attempt)
        execution = self._execution(live, began=began)
        if execution is None:
            return
        received = dict.fromkeys(execution.parts, 0)
        for block in blocks:
            received[block.controller] = received.get(block.controller, 0) + 1
        execution.recover(received)
        self.queue.add(live.job.number, live.spec.priority, live.claims)
        self.queue.send_out(live.job.number)

    # --- what controllers report -------------------------------------------------------------

    async def hello(self, controller: str, hello: Hello, *, same_ledger: bool) -> None:
        """Settle how things stand with a controller that has connected."""
        self._greeting = controller
        while self._taking_back:
            await self._taken_back.wait()
        self._given_up.discard(controller)
        self.leftovers.greeted(controller)
        held = {ticket.ticket.number: ticket for ticket in hello.held}
        self._reconsider(controller, held)
        try:
            for ticket in hello.held:
                await self._found(controller, ticket)
        finally:
            self._heard.add(controller)
            self._greeting = None
        leaving, self._leaving = self._leaving, []
        for one in leaving:
            self.leave(one)
        # What is taken back first, lest it begins when what runs before it is aborted.
        executions = sorted(self._executions.items(), key=lambda item: not item[1].leaving)
        for job, execution in executions:
            live = self._jobs.get(job)
            if live is None or controller not in execution.parts:
                continue
            at_controller = held.get(execution.ticket.number)
            self._act(
                live,
                execution,
                execution.reconnected(controller, at_controller, same_ledger=same_ledger),
            )
        self.leftovers.settled(controller)
        self.grant()

    def reset(self, controller: str) -> None:
        """Trust a controller in quarantine again: an operator says so."""
        self.quarantine.reset(controller)
        self.grant()

    def _reconsider(self, controller: str, held: Mapping[int, HeldTicket]) -> None:
        """Lift a quarantine if the controller is not at work on that ticket any more."""
        job = self.quarantine.job(controller)
        at_work = {one.ticket.job for one in held.values() if one.state == "running"}
        if job is not None and job not in at_work:
            self.quarantine.reset(controller)

    async def _found(self, controller: str, held: HeldTicket) -> None:
        """Take up a ticket that a controller holds and this daemon has not sent."""
        if held.ticket.number not in self._tickets:
            await self._jobs.find(held.ticket.job)
        live = self._tickets.get(held.ticket.number)
        if live is None:
            await self._over(controller, held)
        elif live.job.id not in self._executions and live.job.number in self._waiting:
            self._forget_waiting(live)
            await self._load(live)
            await self._take_up(live, began=False)
            self._settle_others(live, controller)

    def _settle_others(self, live: LiveJob, controller: str) -> None:
        """Go on with an execution that was taken up on one controller's word."""
        execution = self._executions.get(live.job.id)
        if execution is None or self._lines is None:
            return
        if live.job.course is not Course.CLIMBING:
            # The cancel, or a deadline, came while its work was being fetched.
            self._leave(live, execution)
        for other in self._lines.connected():
            if other != controller and other in self._heard and other in execution.parts:
                # It has said Hello already, and it did not hold the ticket.
                self._act(live, execution, execution.reconnected(other, None, same_ledger=True))

    async def _over(self, controller: str, held: HeldTicket) -> None:
        if held.state == "armed":
            self._send(controller, Revoke(self._authority.fence, held.ticket))
        elif held.state == "running":
            self.quarantine.bound(
                held.ticket.job, partial(self.quarantine.put, controller, held.ticket)
            )
            self.leftovers.runs(controller, held.ticket)
            self._send(controller, Abort(self._authority.fence, held.ticket))
        elif held.state != "finished" or not await self.leftovers.keep(controller, held.ticket):
            self._send(controller, Acknowledge(self._authority.fence, held.ticket))

    def absent(self, controller: str) -> None:
        """Give up a controller that has stayed away for too long."""
        self._given_up.add(controller)
        for job, execution in list(self._executions.items()):
            live = self._jobs.get(job)
            if live is not None and controller in execution.parts:
                self._act(live, execution, execution.absent(controller))

    def report(self, controller: str, report: TicketReport) -> None:
        """Take a controller's word about a ticket."""
        live = self._tickets.get(report.ticket.number)
        execution = None if live is None else self._executions.get(live.job.id)
        ended = isinstance(report, Finished | Failed | AtRest | Lost)
        if ended and controller in self.quarantine:
            self.quarantine.lift(controller, report.ticket.number)
            self.grant()
        if live is None or execution is None or controller not in execution.parts:
            if isinstance(report, Finished | Failed | AtRest | Lost):
                self.quarantine.settled(report.ticket.job)
                if self.leftovers.ended(controller, report) or self._jobs.awaits(report.ticket.job):
                    return
                self._send(controller, Acknowledge(self._authority.fence, report.ticket))
            return
        self._silence.sign(live.job.id, controller)
        if isinstance(report, Progressed):
            live.progress = Progress(done=report.done, total=report.total, unit=report.unit)
            self._feed.progress(live.job.id, live.progress)
            return
        if isinstance(report, Failed) and report.code is ErrorCode.SPOOL_FULL:
            self.leftovers.make_room(controller)
        self._measure(live, controller, report)
        self._act(live, execution, execution.report(controller, report))

    def refused(self, controller: str, refused: Refused) -> None:
        """Take note that a controller did not do what it was told."""
        log.warning("controller %s refused: %s", controller, refused.detail)
        live = None if refused.ticket is None else self._tickets.get(refused.ticket.number)
        execution = None if live is None else self._executions.get(live.job.id)
        if live is not None and execution is not None and controller in execution.parts:
            self._act(live, execution, execution.report(controller, refused))

    def data(self, controller: str, header: Data, payload: bytes) -> None:
        """Store a block of raw data."""
        live = self._tickets.get(header.ticket.number)
        execution = None if live is None else self._executions.get(live.job.id)
        if live is None or execution is None or controller not in execution.parts:
            self.leftovers.data(controller, header, payload)
            return
        self._silence.sign(live.job.id, controller)
        if not execution.is_next_block(controller, header.index):
            return
        encoded = msgspec.msgpack.encode(header)
        job = live.job
        attempt = header.ticket.attempt
        block = BlockStored(job.number, attempt, controller, header.index, encoded, payload)
        self._journal.write([block], lambda _commit: None)
        live.blocks_bytes += len(payload)
        if live.blocks is not None:
            if live.blocks_bytes <= SMALL_BYTES:
                live.blocks.append((controller, header, payload))
            else:
                live.blocks = None
        self._act(live, execution, execution.block_arrived(controller))

    def _measure(self, live: LiveJob, controller: str, report: Report) -> None:
        """Learn how long a controller takes for a job, to know how far to send ahead."""
        key = (live.job.id, controller)
        if isinstance(report, Started):
            self._began[key] = report.time_unix_s
        elif isinstance(report, Finished) and (began := self._began.pop(key, None)) is not None:
            seconds = max(0.0, report.time_unix_s - began)
            average = self._seconds.get(controller, seconds)
            self._seconds[controller] = average + _SMOOTHING * (seconds - average)

    def _act(self, live: LiveJob, execution: Execution | None, outputs: Sequence[Output]) -> None:
        for output in outputs:
            match output:
                case Send(controller=controller, command=command):
                    self._send(controller, command)
                    if isinstance(command, Abort) and execution is not None:
                        self.quarantine.bound(
                            live.job.id, partial(self._abort_overdue, live, execution)
                        )
                case Tell(event=event):
                    if isinstance(event, ExecutionBegan) and execution is not None:
                        self._silence.began(
                            live.job.id, execution.parts, partial(self._jobs.deliver, live)
                        )
                    self._jobs.deliver(live, event)
                case Returned():
                    self._drop(live)
                    self.queue.release(live.job.number)
                    self._wait(live)
        if execution is not None and execution is self._executions.get(live.job.id):
            self._free(live, execution)

    def _abort_overdue(self, live: LiveJob, execution: Execution) -> None:
        stubborn, outputs = execution.give_up(self.quarantine.abort_timeout)
        for controller in stubborn:
            self.quarantine.put(controller, execution.ticket)
        self._act(live, execution, outputs)

    def _free(self, live: LiveJob, execution: Execution) -> None:
        """Give the places of an execution that is over to the next jobs, before this one ends."""
        if execution.over:
            self.quarantine.settled(live.job.id)
            self._silence.ended(live.job.id, execution.parts)
            self.queue.release(live.job.number)
            self.grant()

    def _drop(self, live: LiveJob) -> Execution | None:
        execution = self._executions.pop(live.job.id, None)
        if not self._executions:
            self._idle.set()
            self._idle = anyio.Event()
        return execution

    def _connected(self) -> Sequence[str]:
        return () if self._lines is None else self._lines.connected()

    def _send(self, controller: str, command: Command) -> None:
        if self._lines is not None:
            self._lines.send(controller, command)
