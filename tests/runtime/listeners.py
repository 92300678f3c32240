"""A feed on a journal that commits when it is told to, and listeners."""

# pyright: reportPrivateUsage=false

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from stationd.proto.job import JobId, JobSpec, JobView
from stationd.proto.jobs_protocol import (
    Events,
    FeedEvent,
    Reply,
    Snapshot,
)
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.feed import Feed
from stationd.runtime.jobs.facts import first_fact
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, JobStored
from stationd.runtime.stream import Stream
from tests.runtime.bench import as_sent

T = TypeVar("T")
SPEC = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
LADDER = [status for status in S if not status.is_terminal]
PLENTY = 1_000_000


def job_id(number: int) -> JobId:
    return JobId(f"00000000-0000-0000-0000-{number:012d}")


def ids(*numbers: int) -> frozenset[JobId]:
    return frozenset(map(job_id, numbers))


class Listener:
    """A client's end of a stream."""

    def __init__(self, jobs: frozenset[JobId] | None = None, credit: int = 0) -> None:
        self.replies: list[Reply] = []
        self.granted = credit
        self.after = 0
        self.gone = False
        self.stream = Stream(1, jobs, self.take, credit)

    def take(self, reply: Reply) -> bool:
        if not self.gone:
            self.replies.append(as_sent(reply))
        return not self.gone

    def of(self, kind: type[T]) -> list[T]:
        return [reply for reply in self.replies if isinstance(reply, kind)]

    @property
    def heard(self) -> list[FeedEvent]:
        return [event for frame in self.of(Events) for event in frame.events]

    @property
    def seqs(self) -> list[int]:
        return [event.entry.seq for event in self.heard]

    def owed(self, published: Sequence[FeedEvent]) -> list[int]:
        """Return the sequence numbers that it should hear, with enough credit."""
        shown = {view.id: view.seq for frame in self.of(Snapshot) for view in frame.views}
        return [
            event.entry.seq
            for event in published
            if (self.stream.jobs is None or event.job in self.stream.jobs)
            and event.entry.seq > max(self.after, shown.get(event.job, 0))
        ]


class World:
    """A journal that commits when it is told to, and the feed on it."""

    together = False
    """Whether the facts of a commit travel together, as they do in a station."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.journal = MemoryJournal(manual=True)
        self.feed = Feed(self.journal, tasks, 0)
        self.journal.after_commit.append(self.feed.publish_news)
        self.published: list[FeedEvent] = []
        self._facts: dict[int, int] = {}

    def happen(self, number: int, *, times: int = 1) -> None:
        """Let a job come in, or reach its next status, durably at the next commit."""
        for _ in range(times):
            done = self._facts.get(number, 0)
            self._facts[number] = done + 1
            record = (
                Fact(number, job_id(number), done + 1, 1, LADDER[done % len(LADDER)], 2.0)
                if done
                else JobStored(number, job_id(number), "qpu", SPEC, 1.0)
            )
            self.journal.write([record], partial(self._publish, record))

    def end(self, number: int) -> None:
        """Let a job be over, durably at the next commit."""
        done = self._facts[number] = self._facts[number] + 1
        fact = Fact(number, job_id(number), done, 1, S.READY, 2.0)
        self.journal.write([fact], partial(self._publish, fact))

    def _publish(self, record: Fact | JobStored, commit: Commit) -> None:
        facts = reversed(self.journal._contents.facts)
        event = next(fact for fact in facts if fact.entry.seq == commit.first_seq)
        self.published.append(event)
        if self.together:
            fact = record if isinstance(record, Fact) else first_fact(record)
            self.feed.announce(commit.first_seq, [fact])
        else:
            self.feed.publish([event], event.entry.seq)

    async def settle(self) -> None:
        """Let all streams catch up as far as they can."""
        for _ in range(10):
            await checkpoint()

    async def listen(self, listener: Listener) -> None:
        """Open a stream with a snapshot as the jobs API does: the views may be the newer."""
        seq = listener.after = self.feed.position
        found = [await self.journal.view(job) for job in sorted(listener.stream.jobs or ())]
        await checkpoint()
        self.journal.commit()
        self.feed.open_snapshot(listener.stream, seq, [view for view in found if view])

    def resume(self, listener: Listener, after: int) -> None:
        """Open a stream behind the last fact that a listener knows."""
        listener.after = after
        self.feed.open_after(listener.stream, after)

    def grant(self, listener: Listener, credit: int) -> None:
        listener.granted += credit
        self.feed.grant(listener.stream, credit)


@asynccontextmanager
async def a_world() -> AsyncGenerator[World]:
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            yield World(tasks)
            tasks.cancel_scope.cancel()


def view(number: int, seq: int) -> JobView:
    return JobView(
        id=job_id(number),
        number=number,
        kind="circuits",
        target="qpu",
        status=S.RECEIVED,
        attempt=1,
        created_unix_s=1.0,
        modified_unix_s=1.0,
        seq=seq,
    )
