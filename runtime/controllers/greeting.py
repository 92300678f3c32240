"""Hello: what a controller holds is compared with what this daemon knows.

Rule 1. While a Hello is taken in, its controller is granted nothing: it may hold what waits.
Rule 2. A ticket of an earlier daemon may be out although its job waits in the queue, until all
        its controllers have said what they hold.
Rule 3. What belongs to no job that is under way is taken back, aborted or let go of.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio

from stationd.actors.execution.part import Tell
from stationd.actors.ladder import Course, LeftQueue
from stationd.proto.instruments_protocol import Abort, Acknowledge, HeldTicket, Hello, Revoke

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import TaskGroup

    from stationd.proto.job import Ticket
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.executions import Executions
    from stationd.runtime.controllers.leftovers import Leftovers
    from stationd.runtime.controllers.quarantine import Quarantine
    from stationd.runtime.controllers.reach import Reach
    from stationd.runtime.controllers.under_way import Jobs
    from stationd.runtime.controllers.waiting import Waiting
    from stationd.runtime.live import LiveJob


class Greeting:
    """Takes Hellos in, and takes jobs out of the queue that a Hello may be about.

    Args:
        jobs: Knows those that have not been taken up yet.
        waiting: Those that wait.
        executions: Those that are out.
        leftovers: What controllers hold of jobs that are over.
        quarantine: Controllers that did not come to rest.
        reach: The way to the controllers.
        authority: What this daemon may command with.
        tasks: Runs what has to ask the journal first.

    Attributes:
        of: The controller whose Hello is being taken in.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        waiting: Waiting,
        executions: Executions,
        leftovers: Leftovers,
        quarantine: Quarantine,
        reach: Reach,
        authority: Authority,
        tasks: TaskGroup,
    ) -> None:
        self.of: str | None = None
        self._jobs = jobs
        self._waiting = waiting
        self._executions = executions
        self._leftovers = leftovers
        self._quarantine = quarantine
        self._reach = reach
        self._authority = authority
        self._tasks = tasks
        # Tickets of an earlier daemon, and controllers that have said since what they hold.
        self._inherited: set[int] = set()
        self._heard: set[str] = set()
        # Tickets that are over for their jobs, by the controller that was still at work on them
        # at its last Hello.
        self._outlived: dict[str, set[int]] = {}
        # Jobs that are to leave when the Hello has been taken in.
        self._leaving: list[LiveJob] = []
        # Jobs that are being taken back: a Hello waits, for it is about them too.
        self._taking_back = 0
        self._taken_back = anyio.Event()

    def inherit(self, number: int) -> None:
        """Take note of a ticket that an earlier daemon may have sent out."""
        self._inherited.add(number)

    def forget(self, number: int) -> None:
        """Forget a ticket that is over."""
        self._inherited.discard(number)

    # --- jobs that leave ---------------------------------------------------------------------

    def leave(self, live: LiveJob) -> None:
        """Take a job out of the queue, or its ticket back if that may be out."""
        if live not in self._waiting:
            # Its work is being fetched from the journal: it finds out when it has been.
            return
        if self.of in live.claims:
            self._leaving.append(live)
            return
        self._waiting.forget(live)
        if self._may_be_out(live):
            self._taking_back += 1
            self._tasks.start_soon(self._take_back, live)
        else:
            self._executions.act(live, None, [Tell(LeftQueue())])

    def _may_be_out(self, live: LiveJob) -> bool:
        inherited = live.ticket is not None and live.ticket.number in self._inherited
        return inherited and not self._heard.issuperset(live.claims)

    async def _take_back(self, live: LiveJob) -> None:
        """Take back a ticket that may be out, as soon as its controllers have said Hello."""
        try:
            await self._executions.take_up(live, began=False)
            self._settle_others(live, "")
        finally:
            self._taking_back -= 1
            self._taken_back.set()
            self._taken_back = anyio.Event()

    # --- a controller says Hello -------------------------------------------------------------

    async def take(self, controller: str, hello: Hello, *, same_ledger: bool) -> None:
        """Settle how things stand with a controller that has connected."""
        self.of = controller
        while self._taking_back:
            await self._taken_back.wait()
        self._executions.given_up.discard(controller)
        self._leftovers.greeted(controller)
        held = {ticket.ticket.number: ticket for ticket in hello.held}
        self._reconsider(controller, held)
        try:
            if not same_ledger:
                await self._give_up_inherited(controller, held)
            for ticket in hello.held:
                await self._found(controller, ticket)
        finally:
            self._heard.add(controller)
            self.of = None
        self._let_leave()
        # What is taken back first, lest it begins when what runs before it is aborted.
        executions = sorted(self._executions.at(controller), key=lambda one: not one[1].leaving)
        for live, execution in executions:
            there = held.get(execution.ticket.number)
            if there is not None and there.state == "running" and execution.has_ended(controller):
                self._outlives(controller, execution.ticket)
            outputs = execution.reconnected(controller, there, same_ledger=same_ledger)
            self._executions.act(live, execution, outputs)
            # While it was away it could give no sign; or an earlier daemon has begun this.
            self._executions.listen(live, execution, controller)
        self._trust_again(controller, held)
        self._leftovers.settled(controller)

    async def _give_up_inherited(self, controller: str, held: Mapping[int, HeldTicket]) -> None:
        """Take up what an earlier daemon may have sent to a controller that knows nothing of it.

        Its ledger is another one, so what it has executed is unknown.
        """
        for live in await self._waiting.claiming(controller):
            if live in self._waiting and self._may_be_out(live):
                self._waiting.forget(live)
                await self._executions.take_up(live, began=False)
                execution = self._executions.get(live.job.id)
                if execution is not None and execution.ticket.number not in held:
                    # Lost first: otherwise the others would be armed, busy or not, to be aborted.
                    outputs = execution.reconnected(controller, None, same_ledger=False)
                    self._executions.act(live, execution, outputs)
                self._settle_others(live, controller)

    def _let_leave(self) -> None:
        leaving, self._leaving = self._leaving, []
        for live in leaving:
            execution = self._executions.get(live.job.id)
            if execution is None:
                self.leave(live)
            else:
                self._executions.leave(live, execution)

    def _reconsider(self, controller: str, held: Mapping[int, HeldTicket]) -> None:
        """Lift a quarantine if the controller is not at work on that ticket any more."""
        at_work = {number for number, one in held.items() if one.state == "running"}
        ticket = self._quarantine.ticket(controller)
        if ticket is not None and ticket.number not in at_work:
            self._quarantine.reset(controller)
        for over in self._outlived.pop(controller, set()) - at_work:
            self._quarantine.settled((over, controller))

    def _trust_again(self, controller: str, held: Mapping[int, HeldTicket]) -> None:
        """Lift a quarantine whose time has come while its Hello was being settled.

        What it did not hold then, it cannot be at work on now.
        """
        ticket = self._quarantine.ticket(controller)
        if ticket is not None and ticket.number not in held:
            self._quarantine.reset(controller)

    async def _found(self, controller: str, held: HeldTicket) -> None:
        """Take up a ticket that a controller holds and this daemon has not sent."""
        number = held.ticket.number
        if number not in self._executions.tickets:
            await self._jobs.find(held.ticket.job)
        live = self._executions.tickets.get(number)
        if live is None:
            await self._over(controller, held)
        elif live.job.id not in self._executions and live in self._waiting:
            self._waiting.forget(live)
            await self._executions.take_up(live, began=False)
            self._settle_others(live, controller)

    def _settle_others(self, live: LiveJob, controller: str) -> None:
        """Go on with an execution that was taken up on one controller's word."""
        execution = self._executions.get(live.job.id)
        if execution is None:
            return
        if live.job.course is not Course.CLIMBING:
            # The cancel, or a deadline, came while its work was being fetched.
            self._executions.leave(live, execution)
        for other in self._reach.connected():
            if other != controller and other in self._heard and other in execution.parts:
                # It has said Hello already, and it did not hold the ticket.
                outputs = execution.reconnected(other, None, same_ledger=True)
                self._executions.act(live, execution, outputs)

    def _outlives(self, controller: str, ticket: Ticket) -> None:
        """Keep a controller from other work while it is at work on what is over for its job."""
        put = partial(self._quarantine.put, controller, ticket)
        self._quarantine.bound((ticket.number, controller), put)
        self._outlived.setdefault(controller, set()).add(ticket.number)
        self._leftovers.runs(controller, ticket)

    async def _over(self, controller: str, held: HeldTicket) -> None:
        ticket, fence = held.ticket, self._authority.fence
        if held.state == "armed":
            self._reach.send(controller, Revoke(fence, ticket))
        elif held.state == "running":
            self._outlives(controller, ticket)
            self._reach.send(controller, Abort(fence, ticket))
        elif held.state != "finished" or not await self._leftovers.keep(controller, ticket):
            self._reach.send(controller, Acknowledge(self._authority.fence, ticket))
