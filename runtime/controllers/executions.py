"""Executions that are under way: what each asks for is carried out, and its end frees its places.

What follows on a report is decided in `actors.execution`; here it is sent, told and bounded.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import anyio

from stationd.actors.execution.execution import Execution
from stationd.actors.execution.part import Output, Returned, Send, Tell
from stationd.actors.ladder import Event, ExecutionBegan, ExecutionFailed
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.instruments_protocol import Abort, Advance, Collect
from stationd.proto.job import JobId
from stationd.runtime.controllers.going_on import first_spot
from stationd.runtime.controllers.standing import entry
from stationd.runtime.live import WORK_DECODER, LiveJob

if TYPE_CHECKING:
    from collections.abc import Callable, ItemsView, Sequence

    from stationd.proto.instruments_protocol import OneCommand
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.data_room import DataRoom
    from stationd.runtime.controllers.quarantine import Quarantine
    from stationd.runtime.controllers.ranks import Ranks
    from stationd.runtime.controllers.reach import Reach
    from stationd.runtime.controllers.silence import Silence
    from stationd.runtime.controllers.under_way import Jobs
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.queue.queue import Queue

log = logging.getLogger(__name__)


class Executions:
    """The tickets that are at controllers or on their way there.

    Args:
        jobs: Where the jobs are told.
        journal: Has the work and the data of jobs.
        queue: Knows whose place is taken.
        clock: What time it is.
        reach: The way to the controllers.
        ranks: In which order they start.
        room: For their data.
        authority: What this daemon may command with.
        quarantine: Bounds aborts.
        silence: Bounds doing nothing.
        returned: Called with a job whose ticket has been taken back, to wait again.
        freed: Called when places are free.

    Attributes:
        tickets: The jobs of all tickets that are not over, also of those that wait.
        given_up: Controllers that have been away for too long.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        journal: Journal,
        queue: Queue,
        clock: Clock,
        reach: Reach,
        ranks: Ranks,
        room: DataRoom,
        authority: Authority,
        quarantine: Quarantine,
        silence: Silence,
        returned: Callable[[LiveJob], None],
        freed: Callable[[], None],
    ) -> None:
        self.tickets: dict[int, LiveJob] = {}
        self.given_up: set[str] = set()
        self._jobs = jobs
        self._journal = journal
        self._queue = queue
        self._clock = clock
        self._reach = reach
        self._ranks = ranks
        self._room = room
        self._authority = authority
        self._quarantine = quarantine
        self._silence = silence
        self._returned = returned
        self._freed = freed
        self._executions: dict[JobId, Execution] = {}
        self._idle = anyio.Event()

    def __len__(self) -> int:
        return len(self._executions)

    def __contains__(self, job: JobId) -> bool:
        return job in self._executions

    def get(self, job: JobId) -> Execution | None:
        """Return a job's execution."""
        return self._executions.get(job)

    def items(self) -> ItemsView[JobId, Execution]:
        """Return all executions by job."""
        return self._executions.items()

    def at(self, controller: str) -> list[tuple[LiveJob, Execution]]:
        """Return the executions that a controller takes part in."""
        found = ((self._jobs.get(job), execution) for job, execution in self._executions.items())
        return [
            (live, execution)
            for live, execution in found
            if live is not None and controller in execution.parts
        ]

    async def drained(self) -> None:
        """Return when there are none."""
        while self._executions:
            await self._idle.wait()

    # --- they begin --------------------------------------------------------------------------

    async def load(self, live: LiveJob) -> None:
        """Fetch from the journal what a job's controllers are to do, if it is not in memory."""
        try:
            if live.work is None:
                data = await self._journal.work(live.job.number)
                live.work = None if data is None else WORK_DECODER.decode(data)
            if live.first_spot is None:
                live.first_spot = await first_spot(self._journal, live)
        except Exception:
            # The job fails for want of its work; the others go on.
            log.exception("job %s: its compiled work could not be read", live.job.id)

    def arm(self, live: LiveJob) -> None:
        """Send a job's ticket to its controllers."""
        execution = self._begin(live, began=False)
        if execution is not None:
            self.act(live, execution, execution.arm())

    async def take_up(self, live: LiveJob, *, began: bool) -> None:
        """Go on with a ticket that an earlier daemon may have sent.

        Args:
            live: The job.
            began: It has been told already that its execution began.
        """
        await self.load(live)
        number, attempt = live.job.number, live.job.attempt
        stored = await self._journal.block_counts(number, attempt)
        is_paced = live.spec.kind == "sweep" and len(live.claims) > 1
        covered = await self._journal.covered(number, attempt) if is_paced else {}
        execution = self._begin(live, began=began)
        if execution is None:
            return
        execution.recover(dict.fromkeys(execution.parts, 0) | stored, covered)
        self._queue.add(entry(live), self._clock.time())
        self._queue.send_out(live.job.number)
        if began:
            self._queue.begin(live.job.number)
        elif self._queue.is_returning(live.job.number):
            # Before its controller is told anything else.
            self.act(live, execution, execution.revoke())

    def _begin(self, live: LiveJob, *, began: bool) -> Execution | None:
        if not live.is_complete or live.ticket is None:
            error = ErrorInfo(ErrorCode.INTERNAL_ERROR, "the compiled work is not in the journal")
            self.act(live, None, [Tell(ExecutionFailed(error))])
            return None
        works = live.works()
        ranks = self._ranks.of(works)
        execution = Execution(live.ticket, self._authority, works, ranks, began=began)
        self._executions[live.job.id] = execution
        return execution

    # --- they go on --------------------------------------------------------------------------

    def act(self, live: LiveJob, execution: Execution | None, outputs: Sequence[Output]) -> None:
        """Do what an execution asks for."""
        for output in outputs:
            match output:
                case Send(controller=controller, command=Collect() as command):
                    self._room.when_free(partial(self._collect, live, controller, command))
                case Send(controller=controller, command=command):
                    self._send(live, execution, controller, command)
                case Tell(event=event):
                    self._tell(live, execution, event)
                case Returned():
                    self.drop(live)
                    self._queue.release(live.job.number)
                    self._returned(live)
        if execution is not None and execution is self._executions.get(live.job.id):
            self._free(live, execution)

    def _send(
        self, live: LiveJob, execution: Execution | None, controller: str, command: OneCommand
    ) -> None:
        self._reach.send(controller, command)
        if isinstance(command, Advance):
            # From now on it is to say something.
            self._silence.sign(live.job.id, controller)
        elif isinstance(command, Abort) and execution is not None:
            self._silence.ended(live.job.id, [controller])
            self._bound(live, execution)

    def _collect(self, live: LiveJob, controller: str, command: Collect) -> None:
        if live.job.id in self._executions:
            self._reach.send(controller, command)

    def _tell(self, live: LiveJob, execution: Execution | None, event: Event) -> None:
        if execution is None or not isinstance(event, ExecutionBegan):
            self._jobs.deliver(live, event)
            return
        awaited = self._queue.begin(live.job.number)
        self._jobs.deliver(live, event)
        if awaited:
            self._freed()

    def recall(self, number: int) -> None:
        """Take the ticket of a job back for now: another one goes first, or it must wait."""
        out = self._queue.ticket(number)
        live = None if out is None else self._jobs.get(JobId(out.entry.job))
        execution = None if live is None else self._executions.get(live.job.id)
        if live is not None and execution is not None and not execution.ending:
            self.act(live, execution, execution.revoke())

    def listen(self, live: LiveJob, execution: Execution, controller: str) -> None:
        """Expect signs of progress of a controller for as long as it is at work."""
        if execution.at_work(controller):
            passed = partial(self._jobs.deliver, live)
            self._silence.began(live.job.id, [controller], passed, execution.is_awaited)
        else:
            self._silence.ended(live.job.id, [controller])

    def leave(self, live: LiveJob, execution: Execution) -> None:
        """Take a ticket back for good."""
        self.act(live, execution, execution.leave())
        for controller in [name for name in execution.parts if name in self.given_up]:
            # It will not answer, and a cancel is bounded.
            self.act(live, execution, execution.absent(controller))

    def absent(self, controller: str) -> None:
        """Give up a controller that has stayed away for too long."""
        self.given_up.add(controller)
        for live, execution in self.at(controller):
            self.act(live, execution, execution.absent(controller))

    # --- they end ----------------------------------------------------------------------------

    def drop(self, live: LiveJob) -> Execution | None:
        """Forget a job's execution, and return it."""
        execution = self._executions.pop(live.job.id, None)
        if not self._executions:
            self._idle.set()
            self._idle = anyio.Event()
        return execution

    def _bound(self, live: LiveJob, execution: Execution) -> None:
        """Give an abort its time; controllers that wait for others to come to rest half of it."""
        overdue = partial(self._abort_overdue, live, execution)
        hurry = partial(self._hurry, live, execution) if execution.in_turn else None
        self._quarantine.bound(live.job.id, overdue, hurry)

    def _hurry(self, live: LiveJob, execution: Execution) -> None:
        self.act(live, execution, execution.hurry())

    def _abort_overdue(self, live: LiveJob, execution: Execution) -> None:
        stubborn, outputs = execution.give_up(self._quarantine.abort_timeout)
        for controller in stubborn:
            self._quarantine.put(controller, execution.ticket)
        self.act(live, execution, outputs)

    def _free(self, live: LiveJob, execution: Execution) -> None:
        """Give the places of an execution that is over to the next jobs, before this one ends."""
        if execution.over:
            self._quarantine.settled(live.job.id)
            self._silence.ended(live.job.id, execution.parts)
            self._queue.release(live.job.number)
            self._freed()
