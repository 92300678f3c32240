"""Events in, effects out: what the jobs' machines ask for, in the order that keeps the promises.

Rule 1. A fact is written to the journal in the same step in which the machine takes it, and is
        published when the journal has called back, never before.
Rule 2. Effects that touch the world outside wait for that callback too; all others are done
        at once, and a chain of quick stages ends up in one write.
Rule 3. Whatever one job does wrong ends that job, with a reason, and nothing else.
"""

from __future__ import annotations

import logging
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from stationd.actors.job import step
from stationd.actors.ladder import (
    DURABLE_FIRST,
    AttemptOpened,
    CancelAccepted,
    Effect,
    Event,
    LeftQueue,
    Proceeded,
)
from stationd.actors.retry import again
from stationd.proto.error import UnexpectedEvent
from stationd.proto.job import Ticket
from stationd.runtime.jobs.arrivals import Arrival, Arrivals, Later, NewJob
from stationd.runtime.jobs.at_work import AtWork
from stationd.runtime.jobs.facts import facts_of
from stationd.runtime.jobs.outcomes import settled
from stationd.runtime.jobs.recovery import Recovery
from stationd.runtime.jobs.remembered import remember
from stationd.runtime.jobs.reopening import following
from stationd.runtime.journal.records import Fact, Record, TicketIssued
from stationd.runtime.limits.holdings import Holdings
from stationd.runtime.limits.quotas import Quotas
from stationd.runtime.live import LiveJob

if TYPE_CHECKING:
    from collections.abc import Callable, Reversible, Sequence

    from anyio.abc import TaskGroup

    from stationd.actors.job import Job
    from stationd.proto.job import JobId
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.feed import Feed
    from stationd.runtime.jobs.deadlines import Deadlines
    from stationd.runtime.journal.interface import Commit, Journal
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.work.outcome import Outcome
    from stationd.runtime.work.stages import Stages

log = logging.getLogger(__name__)


# Looked up once: Python 3.11 takes as long to find a member in its class as to take a step.
_CONTINUE: Final = Effect.CONTINUE
_ENQUEUE: Final = Effect.ENQUEUE
_DECIDED_HERE: Final = frozenset({Effect.SETTLE, Effect.RECONCILE, Effect.STOP_STAGE})


class Dispatch:
    """All jobs that are under way.

    Args:
        journal: Where facts go.
        feed: Where committed facts are published.
        stages: What does the work between the rungs.
        metrics: What counts it all.
        clock: What time it is.
        deadlines: Ends jobs that take too long.
        policy: What becomes of jobs that an earlier daemon left unfinished.
        authority: Numbers the tickets.
        tasks: Runs the stages that take time.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        feed: Feed,
        stages: Stages,
        metrics: Metrics,
        clock: Clock,
        deadlines: Deadlines,
        policy: Literal["resume", "abort"],
        authority: Authority,
        tasks: TaskGroup,
    ) -> None:
        self._authority = authority
        self._journal = journal
        self._feed = feed
        self._at_work = AtWork(stages, tasks, self.deliver)
        self._metrics = metrics
        self._clock = clock
        self._deadlines = deadlines
        self._instruments: Instruments | None = None
        self._jobs: dict[JobId, LiveJob] = {}
        self.ended: Callable[[LiveJob], None] = _unheard
        """Called with every job that is over, once that is on disk."""
        self.holdings = Holdings()
        self.quotas = Quotas(journal)
        """What users have, for their limits."""
        self._recovery = Recovery(
            journal=journal,
            stages=stages,
            metrics=metrics,
            deadlines=deadlines,
            policy=policy,
            tasks=tasks,
            jobs=self._jobs,
            holdings=self.holdings,
            deliver=self.deliver,
        )
        self._arrivals = Arrivals(
            journal=journal,
            feed=feed,
            metrics=metrics,
            clock=clock,
            authority=authority,
            at_work=self._at_work,
            known=self._number,
            begin=self._begin,
            go_on=self._go_on,
        )

    def attach(self, instruments: Instruments) -> None:
        """Say who carries out tickets; once, before any job comes in."""
        self._instruments = instruments

    def __len__(self) -> int:
        return len(self._jobs) + len(self._recovery)

    def get(self, job: JobId) -> LiveJob | None:
        """Return a job that is under way and has been taken up."""
        return self._jobs.get(job)

    def live(self) -> Reversible[LiveJob]:
        """Return all jobs that have been taken up, those that came first before the others."""
        return self._jobs.values()

    def knows(self, job: JobId) -> bool:
        """Return whether a job is under way, or is being stored."""
        return job in self._jobs or job in self._arrivals or job in self._recovery

    # --- jobs come in ------------------------------------------------------------------------

    def submit(self, *jobs: NewJob) -> None:
        """Store jobs in one write and start them."""
        self._arrivals.submit(jobs)

    def _number(self, job: JobId) -> int | None:
        """Return the number of a job that is under way."""
        live = self._jobs.get(job)
        return self._recovery.number(job) if live is None else live.job.number

    def _begin(self, live: LiveJob) -> None:
        self._jobs[live.job.id] = live
        self.holdings.begun(live.spec.creator)
        self._deadlines.begin(live, self.deliver)

    def _go_on(self, arrivals: Sequence[Arrival]) -> None:
        """Go on with jobs that are on disk now, with their first steps."""
        for arrival in arrivals:
            live = arrival.live
            self._perform_later(live, arrival.later)
            outcome = None if arrival.held is None else self._perform(live, arrival.held)
            if outcome is not None:
                event, made = outcome
                self.deliver(live, event, made=made)

    async def find(self, job: JobId) -> LiveJob | None:
        """Return a job that is under way; take it up, or let it be stored, if it has not been."""
        if job in self._arrivals:
            # It may be on disk already: whoever asked the journal instead would take it for over.
            await self._journal.flush()
        if job in self._recovery:
            await self._recovery.take_up(job)
        return self._jobs.get(job)

    def awaits(self, job: JobId) -> bool:
        """Return whether a job of an earlier daemon has not been taken up yet."""
        return job in self._recovery

    async def recover(self) -> int:
        """Find out what an earlier daemon left unfinished; return how many jobs that is.

        When it returns, every ticket that is at work is known again, and all others can be found:
        clients may ask, and controllers may say Hello. `recover_rest` takes up what is left.
        """
        return 0 if self._instruments is None else await self._recovery.recover(self._instruments)

    async def recover_rest(self) -> None:
        """Take up what is left, bit by bit."""
        if self._instruments is not None:
            await self._recovery.take_up_rest(self._instruments)

    async def recovered(self) -> None:
        """Return when all that was left has been taken up."""
        await self._recovery.over.wait()

    def cancel(self, live: LiveJob, answer: Callable[[], None], note: str = "") -> None:
        """Accept a cancel; `answer` is called once that is on disk.

        Args:
            live: The job.
            answer: Called once.
            note: Why, for the job's record; empty if whoever has asked knows.
        """
        if live.job.cancelling or live.job.status.is_terminal:
            # Accepted before, but perhaps not on disk yet: an empty write comes after it.
            self._journal.write([], lambda _commit: answer())
            return
        self.deliver(live, CancelAccepted(note), answer)

    def reopen(
        self,
        live: LiveJob,
        event: AttemptOpened,
        made: Sequence[Record],
        committed: Callable[[], None],
    ) -> None:
        """Go on with a job that was over.

        Args:
            live: The job, prepared for its next attempt.
            event: Where that begins.
            made: What goes into the journal with it.
            committed: Called once that is on disk.
        """
        if live.job.id not in self._jobs:
            self.holdings.begun(live.spec.creator)
        self._jobs[live.job.id] = live
        self._deadlines.begin(live, self.deliver)
        self.deliver(live, event, committed, made)

    # --- the loop ----------------------------------------------------------------------------

    def deliver(
        self,
        live: LiveJob,
        event: Event,
        committed: Callable[[], None] | None = None,
        made: Sequence[Record] = (),
    ) -> None:
        """Take an event to its job, and do what follows.

        Args:
            live: The job.
            event: What has happened.
            committed: Called once all facts that follow are on disk.
            made: Records that go into the same transaction.
        """
        records = [*made]
        later: list[Later] = []
        self._step(live, deque([event]), records, later)
        if self.holdings.weighs:
            self.holdings.stored(live.spec.creator, records)
        if live.spec.project:
            committed = self.quotas.counted(live, records, committed)
        facts = [record for record in records if isinstance(record, Fact)]
        # Also without a record: what an earlier step has asked for may still wait for the disk.
        if records or later or committed is not None:
            self._journal.write(records, partial(self._committed, live, facts, later, committed))
        else:
            self._perform_later(live, later)

    def _step(
        self,
        live: LiveJob,
        events: deque[Event],
        records: list[Record],
        later: list[Later],
    ) -> None:
        now = self._clock.time()
        stood: list[Job] = []
        while events:
            before = live.job
            effects = self._take(live, events.popleft())
            if live.job.ordinal != before.ordinal:
                self._metrics.fact(live, before.status, now)
                retrying = live.job.attempt == before.attempt and again(live.job, live.spec)
                stood.append(live.job)
            else:
                retrying = False
            for effect in effects:
                if effect in DURABLE_FIRST:
                    if effect is _ENQUEUE:
                        records.append(self._issue_ticket(live))
                    # With the ticket that it is about: another attempt may have another one.
                    later.append((effect, live.ticket))
                    continue
                outcome = self._perform(live, effect)
                if outcome is not None:
                    event, made = outcome
                    records.extend(made)
                    events.append(event)
            if retrying:
                # In the same write as the end of this attempt: no crash can come between them.
                event, opened = following(live, before.status, now)
                records.append(opened)
                events.append(event)
                self._metrics.retried("automatic", "opened")
                self._deadlines.end(live)
                self._deadlines.begin(live, self.deliver)
        records.extend(facts_of(stood, now))

    def _take(self, live: LiveJob, event: Event) -> tuple[Effect, ...]:
        try:
            live.job, effects = step(live.job, event)
        except UnexpectedEvent:
            # The job stands where it stood, and can be cancelled; nobody else hears of it.
            log.exception("job %s: please report this bug", live.job.id)
            self._metrics.unexpected_event()
            return ()
        return effects

    def _committed(
        self,
        live: LiveJob,
        facts: list[Fact],
        later: list[Later],
        committed: Callable[[], None] | None,
        commit: Commit,
    ) -> None:
        self._feed.announce(commit.first_seq, facts)
        remember(live, commit.first_seq, facts)
        if committed is not None:
            committed()
        self._perform_later(live, later)

    def _issue_ticket(self, live: LiveJob) -> TicketIssued:
        live.ticket = Ticket(self._authority.next_ticket(), live.job.id, live.job.attempt)
        return TicketIssued(live.job.number, live.job.attempt, live.ticket.number)

    # --- effects -----------------------------------------------------------------------------

    def _perform(self, live: LiveJob, effect: Effect) -> Outcome | None:
        """Do what needs no commit; return the outcome, or None if it comes later."""
        if effect is _CONTINUE:
            return Proceeded(), []
        if effect not in _DECIDED_HERE:
            return self._at_work.begin(live, effect)
        match effect:
            case Effect.SETTLE:
                return settled(live), []
            case Effect.RECONCILE:
                if self._instruments is not None:
                    self._recovery.reconcile(live, self._instruments)
                return None
            case _:
                self._at_work.stop(live)
                return None

    def _enqueue(self, live: LiveJob, instruments: Instruments) -> None:
        if not (self._recovery.holds and self._recovery.hold_back(live)):
            instruments.enqueue(live)

    def _leave(self, live: LiveJob, instruments: Instruments) -> None:
        if self._recovery.holds and self._recovery.let_go(live):
            self.deliver(live, LeftQueue())
        else:
            instruments.leave(live)

    def _perform_later(self, live: LiveJob, effects: list[Later]) -> None:
        instruments = self._instruments
        if instruments is None or not effects:
            return
        instruments.decide_later()
        for effect, ticket in effects:
            match effect:
                case Effect.ENQUEUE:
                    self._enqueue(live, instruments)
                case Effect.LEAVE_QUEUE:
                    self._leave(live, instruments)
                case Effect.ABORT_TICKET:
                    instruments.abort(live)
                case _:
                    if live.job.status.is_terminal:
                        if self._jobs.pop(live.job.id, None) is not None:
                            self.holdings.ended(live.spec.creator)
                        self._deadlines.end(live)
                        self.ended(live)
                    instruments.end(live, ticket)


def _unheard(_live: LiveJob) -> None:
    """Nobody wants to know."""
