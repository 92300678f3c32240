"""Jobs that come in, stored together with their first steps.

Rule 1. A job takes its first steps before it is on disk, and they are written with it: so who
        waits for its end waits for one commit less. Nobody hears of it, and nothing is done for
        it outside, until that is on disk.
Rule 2. Only steps are taken ahead whose work is done at once and leaves nothing behind, for the
        job may turn out to be stored already. Then the journal drops all that came with it, and
        the steps have never been.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from stationd.actors.job import Job, step
from stationd.actors.ladder import DURABLE_FIRST, Effect, Event, Proceeded
from stationd.proto.job import Ticket
from stationd.runtime.jobs.facts import first_fact
from stationd.runtime.journal.records import JobStored, Record, TicketIssued
from stationd.runtime.live import LiveJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stationd.proto.job import JobId, JobSpec
    from stationd.proto.status import JobExecutorStatus
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.feed import Feed
    from stationd.runtime.jobs.at_work import AtWork
    from stationd.runtime.journal.interface import Commit, Journal
    from stationd.runtime.journal.records import Fact
    from stationd.runtime.metrics import Metrics

Later = tuple[Effect, Ticket | None]
"""An effect that waits for the journal, and the ticket that it is about."""

_CONTINUE: Final = Effect.CONTINUE
_AHEAD: Final = frozenset(
    {Effect.VALIDATE, Effect.FETCH_CALIBRATION, Effect.COMPILE, Effect.SAVE_METADATA}
)
"""Stages that leave nothing behind but what they return, if they are done at once."""


class NewJob(NamedTuple):
    """A job that comes in."""

    job: JobId
    """Its id, made by the client."""
    spec: JobSpec
    target: str
    """The target that it resolves to; empty for a sweep."""
    answer: Callable[[int, bool], None]
    """Called with the job's number, and whether it is new, once it is on disk."""
    sound: int = 0
    """The edition of what controllers offer by which nothing is wrong with it; 0 if none."""


class Arrival(Struct):
    """A job that is being stored, and how far it has come."""

    live: LiveJob
    reached: list[JobExecutorStatus]
    """Where it has stood after RECEIVED, one after the other."""
    made: list[Record]
    """What its first steps have made."""
    later: list[Later]
    """What is to be done once it is on disk."""
    held: Effect | None = None
    """Where it stopped: work that takes time, or fails, or may be done only once."""

    def stored(self) -> JobStored:
        """Return what the journal is told of the job."""
        live, job = self.live, self.live.job
        reached = tuple(self.reached)
        return JobStored(job.number, job.id, live.target, live.spec, live.began_unix_s, reached)


class Arrivals:
    """Lets jobs in.

    Args:
        journal: Where they are stored.
        feed: Where their first facts are published.
        metrics: Count them.
        clock: What time it is.
        authority: Numbers the tickets.
        at_work: Does the work between the rungs.
        known: Returns the number of a job that is under way already.
        begin: Called with a job that is on disk.
        go_on: Called after that, once for all that were stored in one write.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        feed: Feed,
        metrics: Metrics,
        clock: Clock,
        authority: Authority,
        at_work: AtWork,
        known: Callable[[JobId], int | None],
        begin: Callable[[LiveJob], None],
        go_on: Callable[[Sequence[Arrival]], None],
    ) -> None:
        self._journal = journal
        self._feed = feed
        self._metrics = metrics
        self._clock = clock
        self._authority = authority
        self._at_work = at_work
        self._known = known
        self._begin = begin
        self._go_on = go_on
        self._answers: dict[JobId, list[Callable[[int, bool], None]]] = {}
        self._next_number = journal.opening.number + 1

    def __contains__(self, job: JobId) -> bool:
        return job in self._answers

    def submit(self, jobs: Sequence[NewJob]) -> None:
        """Store jobs in one write and start them."""
        fresh: list[Arrival] = []
        for new in jobs:
            known = self._known(new.job)
            waiting = self._answers.get(new.job)
            if known is not None:
                new.answer(known, False)  # noqa: FBT003 - the meaning is in the signature
            elif waiting is not None:
                waiting.append(new.answer)
            else:
                self._answers[new.job] = [new.answer]
                fresh.append(self._arrived(new))
        if fresh:
            self._metrics.arriving(len(fresh))
            records: list[Record] = []
            facts: list[Fact] = []
            for arrival in fresh:
                stored = arrival.stored()
                facts.append(first_fact(stored))
                records.append(stored)
                records += arrival.made
            self._journal.write(records, partial(self._stored, fresh, facts))

    def _arrived(self, new: NewJob) -> Arrival:
        number, now = self._next_number, self._clock.time()
        self._next_number += 1
        live = LiveJob(
            Job(id=new.job, number=number, kind=new.spec.kind),
            new.spec,
            new.target,
            stored_at=now,
            began_unix_s=now,
            sound=new.sound,
        )
        arrival = Arrival(live, [], [], [])
        event: Event | None = Proceeded()
        while event is not None:
            event = self._step(arrival, event)
        return arrival

    def _step(self, arrival: Arrival, event: Event) -> Event | None:
        """Take a step; return the event that follows at once, if one does."""
        live = arrival.live
        live.job, effects = step(live.job, event)
        arrival.reached.append(live.job.status)
        # Where a job climbs, one effect follows on a step.
        (effect,) = effects
        if effect in DURABLE_FIRST:
            if effect is Effect.ENQUEUE:
                arrival.made.append(self._issue_ticket(live))
            arrival.later.append((effect, live.ticket))
            return None
        if effect is _CONTINUE:
            return Proceeded()
        outcome = self._at_work.at_once(live, effect) if effect in _AHEAD else None
        if outcome is None:
            arrival.held = effect
            return None
        following, made = outcome
        arrival.made.extend(made)
        return following

    def _issue_ticket(self, live: LiveJob) -> TicketIssued:
        live.ticket = Ticket(self._authority.next_ticket(), live.job.id, live.job.attempt)
        return TicketIssued(live.job.number, live.job.attempt, live.ticket.number)

    def _stored(self, fresh: Sequence[Arrival], facts: Sequence[Fact], commit: Commit) -> None:
        self._metrics.arriving(-len(fresh))
        if commit.known:
            facts = [fact for fact in facts if fact.job not in commit.known]
        self._feed.announce(commit.first_seq, facts)
        told, seq = iter(facts), commit.first_seq
        begun: list[Arrival] = []
        for arrival in fresh:
            live = arrival.live
            answers = self._answers.pop(live.job.id)
            known = commit.known.get(live.job.id)
            if known is None:
                fact = next(told)
                live.told = [(seq, fact)]
                seq += fact.ordinal
                self._metrics.arrived(arrival.reached)
                self._begin(live)
                begun.append(arrival)
            for index, answer in enumerate(answers):
                answer(known or live.job.number, known is None and index == 0)
        self._go_on(begun)
