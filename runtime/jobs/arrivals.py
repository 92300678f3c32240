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
from stationd.runtime.jobs.facts import fact_of
from stationd.runtime.journal.records import Fact, JobStored, Record, TicketIssued
from stationd.runtime.live import LiveJob

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stationd.proto.job import JobId, JobSpec
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.feed import Feed
    from stationd.runtime.jobs.at_work import AtWork
    from stationd.runtime.journal.interface import Commit, Journal
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
    records: list[Record]
    """The job and all that its first steps have made."""
    facts: list[Fact]
    stood: list[Job]
    """Where it has stood, one after the other."""
    later: list[Later]
    """What is to be done once it is on disk."""
    held: Effect | None = None
    """Where it stopped: work that takes time, or fails, or may be done only once."""


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
        go_on: Called after that, with what is to be done for it.
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
        go_on: Callable[[LiveJob, list[Later], Effect | None], None],
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
            records = [record for arrival in fresh for record in arrival.records]
            self._journal.write(records, partial(self._stored, fresh))

    def _arrived(self, new: NewJob) -> Arrival:
        number, now = self._next_number, self._clock.time()
        self._next_number += 1
        stored = JobStored(number, new.job, new.target, new.spec, now)
        live = LiveJob(
            Job(id=new.job, number=number, kind=new.spec.kind),
            new.spec,
            new.target,
            stored_at=now,
            began_unix_s=now,
            sound=new.sound,
        )
        # The journal makes the first fact by itself.
        arrival = Arrival(live, [stored], [fact_of(live.job, now)], [live.job], [])
        event: Event | None = Proceeded()
        while event is not None:
            event = self._step(arrival, event, now)
        return arrival

    def _step(self, arrival: Arrival, event: Event, now: float) -> Event | None:
        """Take a step; return the event that follows at once, if one does."""
        live = arrival.live
        live.job, effects = step(live.job, event)
        fact = fact_of(live.job, now)
        arrival.records.append(fact)
        arrival.facts.append(fact)
        arrival.stood.append(live.job)
        # Where a job climbs, one effect follows on a step.
        (effect,) = effects
        if effect in DURABLE_FIRST:
            if effect is Effect.ENQUEUE:
                arrival.records.append(self._issue_ticket(live))
            arrival.later.append((effect, live.ticket))
            return None
        if effect is _CONTINUE:
            return Proceeded()
        outcome = self._at_work.at_once(live, effect) if effect in _AHEAD else None
        if outcome is None:
            arrival.held = effect
            return None
        following, made = outcome
        arrival.records.extend(made)
        return following

    def _issue_ticket(self, live: LiveJob) -> TicketIssued:
        live.ticket = Ticket(self._authority.next_ticket(), live.job.id, live.job.attempt)
        return TicketIssued(live.job.number, live.job.attempt, live.ticket.number)

    def _stored(self, fresh: Sequence[Arrival], commit: Commit) -> None:
        self._metrics.arriving(-len(fresh))
        seq = commit.first_seq
        for arrival in fresh:
            live = arrival.live
            answers = self._answers.pop(live.job.id)
            known = commit.known.get(live.job.id)
            if known is None:
                self._count(arrival)
                self._begin(live)
                self._feed.announce(seq, arrival.facts)
                seq += len(arrival.facts)
            for index, answer in enumerate(answers):
                answer(known or live.job.number, known is None and index == 0)
            if known is None:
                self._go_on(live, arrival.later, arrival.held)

    def _count(self, arrival: Arrival) -> None:
        """Count all steps of a job that is new indeed."""
        live, before = arrival.live, None
        for stood in arrival.stood:
            live.job = stood
            self._metrics.fact(live, before, live.began_unix_s)
            before = stood.status
