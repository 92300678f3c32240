"""Tickets on their way: from the queue through the controllers' lines to the end.

The queue decides who goes, an `Execution` per ticket decides what its controllers are told,
and the bus carries it. This module puts the parts in between together; jobs and the bus know
no other.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Final

from stationd.actors.ladder import Course
from stationd.proto.instruments_protocol import Acknowledge, Forget, Reached
from stationd.runtime.controllers.data_room import DataRoom
from stationd.runtime.controllers.executions import Executions
from stationd.runtime.controllers.greeting import Greeting
from stationd.runtime.controllers.leftovers import Leftovers
from stationd.runtime.controllers.pace import Pace
from stationd.runtime.controllers.reach import Reach
from stationd.runtime.controllers.reports import Reports
from stationd.runtime.controllers.standing import entry
from stationd.runtime.controllers.uses import Uses
from stationd.runtime.controllers.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from anyio.abc import TaskGroup

    from stationd.proto.instruments_protocol import Data, Hello, Refused
    from stationd.proto.job import JobId, Ticket
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.quarantine import Quarantine
    from stationd.runtime.controllers.ranks import Ranks
    from stationd.runtime.controllers.reach import Lines
    from stationd.runtime.controllers.reports import TicketReport
    from stationd.runtime.controllers.silence import Silence
    from stationd.runtime.controllers.under_way import Jobs
    from stationd.runtime.feed import Feed
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.stored import Outline
    from stationd.runtime.live import LiveJob
    from stationd.runtime.metrics.utilisation import Utilisation
    from stationd.runtime.queue.queue import Queue
    from stationd.runtime.timers import Timers

_FORGET_EVERY: Final = 256
"""Tickets between two watermarks."""


class Instruments:
    """All tickets that are out, and the queue of those that wait.

    Args:
        queue: Those that wait, and who goes next.
        jobs: Where the jobs are told.
        journal: Where raw data goes.
        feed: Where progress goes.
        tasks: Runs what has to ask the journal first.
        authority: What this daemon may command with.
        prefetch: Tickets sent ahead at least, by controller.
        ranks: In which order the controllers of a ticket start.
        quarantine: Keeps work from controllers that do not come to rest.
        silence: Ends jobs whose controllers do nothing.
        utilisation: Is told what the controllers are used for.
        timers: Calls back when the queue changes by itself.
        clock: What time it is.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        jobs: Jobs,
        journal: Journal,
        feed: Feed,
        tasks: TaskGroup,
        authority: Authority,
        prefetch: Mapping[str, int],
        ranks: Ranks,
        quarantine: Quarantine,
        silence: Silence,
        utilisation: Utilisation,
        timers: Timers,
        clock: Clock,
    ) -> None:
        self.queue = queue
        self._timers = timers
        self._clock = clock
        # When the queue changes by itself next, as the timer knows it.
        self._next_time: float | None = None
        self.quarantine = quarantine
        self._silence = silence
        self._journal = journal
        self._authority = authority
        self._jobs = jobs
        self._reach = Reach()
        room = DataRoom(journal)
        self.leftovers = Leftovers(
            journal, room, authority, self._reach.send, self._reach.connected
        )
        self.pace = Pace(prefetch)
        self._uses = Uses(
            names=prefetch,
            queue=queue,
            quarantine=quarantine,
            reach=self._reach,
            utilisation=utilisation,
        )
        self.executions = Executions(
            jobs=jobs,
            journal=journal,
            queue=self.queue,
            clock=clock,
            reach=self._reach,
            ranks=ranks,
            room=room,
            authority=authority,
            quarantine=quarantine,
            silence=silence,
            returned=self._wait,
            freed=self.grant,
        )
        self.waiting = Waiting(
            queue=queue,
            jobs=jobs,
            executions=self.executions,
            tasks=tasks,
            clock=clock,
            freed=self.grant,
        )
        self.greeting = Greeting(
            jobs=jobs,
            waiting=self.waiting,
            executions=self.executions,
            leftovers=self.leftovers,
            quarantine=quarantine,
            reach=self._reach,
            authority=authority,
            tasks=tasks,
        )
        self._reports = Reports(
            jobs=jobs,
            room=room,
            feed=feed,
            executions=self.executions,
            leftovers=self.leftovers,
            quarantine=quarantine,
            silence=silence,
            pace=self.pace,
            uses=self._uses,
            shares=queue.shares,
            reach=self._reach,
            authority=authority,
            freed=self.grant,
        )
        self._ended = 0
        # Whether who goes is decided later, and whether something can go then.
        self._gathering = self._freed = False
        # Whether a sweep took a step meanwhile, which changes nothing of what controllers are used
        # for, and whether anything else was said of tickets.
        self._stepped = self._changed = False

    def attach(self, lines: Lines) -> None:
        """Say who carries commands; once, before any job comes in."""
        self._reach.attach(lines)

    @property
    def out(self) -> int:
        """How many tickets are at controllers."""
        return len(self.executions)

    def running(self, controller: str) -> JobId | None:
        """Return the job that a controller is at work on."""
        for job, execution in self.executions.items():
            if execution.began and controller in execution.parts:
                return job
        return None

    # --- what jobs ask for -------------------------------------------------------------------

    def enqueue(self, live: LiveJob) -> None:
        """Let a job wait for its controllers; its ticket is on disk."""
        if live.ticket is not None:
            self.executions.tickets[live.ticket.number] = live
            self._wait(live)

    def expect(self, outline: Outline, claims: tuple[str, ...]) -> None:
        """Let a job wait that is not taken up yet: an earlier daemon left it in the queue."""
        self.waiting.expect(outline, claims)

    def resume(self, live: LiveJob) -> None:
        """Take up a job that an earlier daemon left in the queue.

        A cancel that was under way goes on. Nothing is granted yet.
        """
        if live.ticket is None:
            return
        self.executions.tickets[live.ticket.number] = live
        self.greeting.inherit(live.ticket.number)
        self.waiting.resume(live)
        if live.job.course is Course.CANCELLING:
            self.leave(live)

    async def reconcile(self, live: LiveJob) -> None:
        """Take up a job that an earlier daemon left at its controllers.

        A cancel that was under way goes on.
        """
        if live.ticket is None:
            return
        self.executions.tickets[live.ticket.number] = live
        await self.executions.take_up(live, began=True)
        if live.job.course is Course.CANCELLING:
            self.abort(live)

    def replace(self, live: LiveJob) -> None:
        """Let a job stand in the queue as it says now, if it has come so far."""
        self.queue.replace(entry(live), self._clock.time())
        self.grant()

    def leave(self, live: LiveJob) -> None:
        """Take a job out of the queue, or its ticket back from its controllers."""
        execution = self.executions.get(live.job.id)
        if execution is not None:
            self.executions.leave(live, execution)
        else:
            self.greeting.leave(live)

    def abort(self, live: LiveJob) -> None:
        """Bring a job's controllers to rest."""
        execution = self.executions.get(live.job.id)
        if execution is not None:
            self.executions.act(live, execution, execution.abort())

    def end(self, live: LiveJob, ticket: Ticket | None) -> None:
        """Let go of an attempt's ticket: all that is worth keeping is on disk."""
        if ticket is None:
            return
        self.waiting.forget(live)
        execution = self.executions.drop(live)
        self.executions.tickets.pop(ticket.number, None)
        self.greeting.forget(ticket.number)
        self.queue.release(live.job.number)
        if execution is not None:
            self.quarantine.settled(live.job.id)
            self._silence.ended(live.job.id, execution.parts)
            self.pace.ended(live.job.id, execution.parts)
            for controller in execution.parts:
                self._reach.send(controller, Acknowledge(self._authority.fence, ticket))
        self._ended += 1
        if self._ended % _FORGET_EVERY == 0:
            self.forget()
        self._look_at_queue(live)

    async def drain(self) -> None:
        """Take back what has not begun, and wait until nothing runs any more."""
        self.paused = True
        for job, execution in list(self.executions.items()):
            live = self._jobs.get(job)
            if live is not None and not execution.began:
                self.executions.act(live, execution, execution.revoke())
        await self.executions.drained()

    @property
    def paused(self) -> bool:
        """Whether no ticket leaves the queue; for an orderly stop."""
        return self.waiting.paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self.waiting.paused = paused

    def forget(self) -> None:
        """Tell the controllers which tickets are over for ever, once all others are known."""
        if not self.waiting.all_known:
            return
        oldest = min(chain(self.executions.tickets, self.leftovers.numbers()), default=None)
        if oldest is None:
            return
        for controller in self._reach.connected():
            self._reach.send(controller, Forget(self._authority.fence, oldest))

    # --- the queue ---------------------------------------------------------------------------

    @contextmanager
    def together(self) -> Generator[None]:
        """Decide who goes once for all reports that are taken in the context, at its end."""
        self._gathering = True
        self._stepped = self._changed = False
        try:
            yield
        finally:
            self._gathering = False
        if self._changed or not self._stepped:
            self._uses.put_off()
        self.decide()

    def decide_later(self) -> None:
        """Decide who goes once for all that a commit leads to, in `decide` after its callbacks."""
        self._gathering = True

    def decide(self) -> None:
        """Decide who goes now, if that has been put off."""
        self._gathering = False
        if self._freed:
            self.grant()
        else:
            self._uses.catch_up()

    def grant(self) -> None:
        """Send out what can go now."""
        self._freed = self._gathering
        if not self._gathering:
            self._send_out()
            self._uses.look()

    def _send_out(self) -> None:
        # What could not be written down is better not begun: running tickets go on, no others.
        if self.waiting.paused or self._journal.trouble is not None:
            return
        greeting, depth = self.greeting.of, self.pace.depth
        self.waiting.grant(
            {
                name: depth(name)
                for name in self._reach.connected()
                # One that is just saying what it holds may hold those that wait.
                if name != greeting and self._is_trusted(name)
            }
        )
        self._wake_for_queue()

    def _wake_for_queue(self) -> None:
        """Look at the queue again when something in it changes by itself."""
        time = self.queue.next_time()
        if time == self._next_time:
            return
        self._next_time = time
        if time is None:
            self._timers.cancel(self)
        else:
            self._timers.set(self, time - self._clock.time(), self._queue_changes)

    def _queue_changes(self) -> None:
        self._next_time = None
        self.grant()

    def _is_trusted(self, controller: str) -> bool:
        """Whether a controller is not at work on anything that is over for its job."""
        return controller not in self.quarantine and not self.leftovers.busy(controller)

    def _wait(self, live: LiveJob) -> None:
        self.waiting.add(live)
        self._look_at_queue(live)

    def _look_at_queue(self, live: LiveJob) -> None:
        """See what has changed by a job that has come or gone: behind others it changes nothing."""
        if self.queue.stirred:
            self.grant()
        elif self._gathering:
            self._uses.put_off(live.claims)
        else:
            self._uses.look(live.claims)

    # --- what controllers report -------------------------------------------------------------

    async def hello(self, controller: str, hello: Hello, *, same_ledger: bool) -> None:
        """Settle how things stand with a controller that has connected."""
        self._uses.greeted(controller, hello)
        await self.greeting.take(controller, hello, same_ledger=same_ledger)
        self.grant()

    def reset(self, controller: str) -> None:
        """Trust a controller in quarantine again: an operator says so."""
        self.quarantine.reset(controller)
        self.leftovers.trust(controller)
        self.grant()

    def absent(self, controller: str) -> None:
        """Give up a controller that has stayed away for too long."""
        self.executions.absent(controller)

    def report(self, controller: str, report: TicketReport) -> None:
        """Take a controller's word about a ticket."""
        if isinstance(report, Reached):
            self._stepped = True
        else:
            self._changed = True
        self._reports.take(controller, report)

    def refused(self, controller: str, refused: Refused) -> None:
        """Take note that a controller did not do what it was told."""
        self._reports.take_refused(controller, refused)

    def data(self, controller: str, header: Data, payload: bytes) -> None:
        """Store a block of raw data."""
        self._reports.take_data(controller, header, payload)
