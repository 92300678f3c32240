"""The feed: every listener hears every committed fact once, in order, as far as it has granted."""

# pyright: reportPrivateUsage=false

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import anyio
import msgspec
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from stationd.proto.error import ErrorCode, JournalClosed, JournalFailed
from stationd.proto.job import JobId, JobSpec, JobView, Progress
from stationd.proto.jobs_protocol import (
    Events,
    Failure,
    FeedEvent,
    ProgressReport,
    Reply,
    Snapshot,
    StreamBeat,
)
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.feed import CATCH_UP_PAGE, MOST_EVENTS_PER_FRAME, Feed, Stream
from stationd.runtime.jobs.facts import first_fact
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, JobDeleted, JobStored
from stationd.runtime.recent import Recent
from tests.runtime.bench import as_sent

pytestmark = pytest.mark.anyio

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
    """Whether the facts of a turn travel together, as they do in a station."""

    def __init__(self, tasks: TaskGroup) -> None:
        self.journal = MemoryJournal(manual=True)
        self.feed = Feed(self.journal, tasks, 0)
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


async def test_nothing_is_published_before_its_commit() -> None:
    async with a_world() as world:
        listener = Listener(credit=10)
        await world.listen(listener)
        world.happen(1)
        await world.settle()
        assert listener.heard == []
        world.journal.commit()
        assert listener.seqs == [1]


async def test_a_listener_hears_of_its_jobs_alone() -> None:
    async with a_world() as world:
        one, everything = Listener(ids(2), credit=10), Listener(credit=10)
        await world.listen(one)
        await world.listen(everything)
        for number in (1, 2, 3, 2):
            world.happen(number)
        world.journal.commit()
        assert one.seqs == [2, 4]
        assert everything.seqs == [1, 2, 3, 4]
        assert {event.job for event in one.heard} == {job_id(2)}


async def test_no_more_is_sent_than_was_granted_and_the_rest_comes_with_the_next_grant() -> None:
    async with a_world() as world:
        listener = Listener(credit=2)
        await world.listen(listener)
        world.happen(1, times=7)
        world.journal.commit()
        await world.settle()
        assert listener.seqs == [1, 2]
        world.grant(listener, 3)
        await world.settle()
        assert listener.seqs == [1, 2, 3, 4, 5]
        world.happen(1)
        world.journal.commit()
        world.grant(listener, 10)
        await world.settle()
        assert listener.seqs == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_events_of_one_tick_travel_in_one_frame() -> None:
    async with a_world() as world:
        listener = Listener(credit=10)
        await world.listen(listener)
        world.happen(1, times=4)
        world.journal.commit()
        frames = len(listener.of(Events))
        later = Listener(credit=10)
        world.feed.open_snapshot(later.stream, world.feed.position, [])
        world.feed.publish(
            [numbered(event, seq) for seq, event in enumerate(world.published, start=5)], 8
        )
        assert frames == 4
        assert len(later.of(Events)) == 1
        assert later.seqs == [5, 6, 7, 8]


def numbered(event: FeedEvent, seq: int) -> FeedEvent:
    return FeedEvent(event.job, msgspec.structs.replace(event.entry, seq=seq))


async def test_large_frames_are_split() -> None:
    async with a_world() as world:
        listener = Listener(credit=PLENTY)
        await world.listen(listener)
        world.happen(1)
        world.journal.commit()
        event = world.published[0]
        events = [numbered(event, seq) for seq in range(2, MOST_EVENTS_PER_FRAME + 12)]
        world.feed.publish(events, events[-1].entry.seq)
        sizes = [len(frame.events) for frame in listener.of(Events)]
        assert sizes == [1, MOST_EVENTS_PER_FRAME, 10]


async def test_a_listener_far_behind_catches_up_page_by_page() -> None:
    async with a_world() as world:
        world.happen(1, times=2 * CATCH_UP_PAGE + 5)
        world.journal.commit()
        listener = Listener(credit=PLENTY)
        world.resume(listener, 3)
        await world.settle()
        assert listener.seqs == list(range(4, 2 * CATCH_UP_PAGE + 6))
        world.happen(1)
        world.journal.commit()
        assert listener.seqs[-1] == 2 * CATCH_UP_PAGE + 6


async def test_what_is_new_enough_is_caught_up_on_without_the_journal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        world.together = True
        asked: list[int] = []
        facts = world.journal.facts

        async def counted(
            after: int, jobs: Sequence[JobId] | None, limit: int
        ) -> tuple[list[FeedEvent], int]:
            asked.append(limit)
            return await facts(after, jobs, limit)

        monkeypatch.setattr(world.journal, "facts", counted)
        listeners = [Listener(credit=credit) for credit in (0, 2, PLENTY)]
        for listener in listeners:
            await world.listen(listener)
        for _ in range(20):
            world.happen(1, times=5)
            world.journal.commit()
            await world.settle()
        assert [len(listener.seqs) for listener in listeners] == [0, 2, 100]
        for listener in listeners:
            world.grant(listener, PLENTY)
        await world.settle()
        assert [listener.seqs for listener in listeners] == [list(range(1, 101))] * 3
        # The second one stood within a page: it read on to the end of that.
        assert asked == [3]


async def test_what_a_view_shows_already_is_not_sent_again() -> None:
    async with a_world() as world:
        world.happen(1)
        world.journal.commit()
        world.happen(1, times=2)
        listener = Listener(ids(1), credit=10)
        seq = world.feed.position
        world.journal.commit()
        view = await world.journal.view(job_id(1))
        assert view is not None
        world.feed.open_snapshot(listener.stream, seq, [view])
        world.happen(1)
        world.journal.commit()
        await world.settle()
        assert [frame.seq for frame in listener.of(Snapshot)] == [1]
        assert listener.seqs == [4]


async def test_a_position_of_another_stations_feed_hears_what_comes() -> None:
    async with a_world() as world:
        world.happen(1)
        world.journal.commit()
        listener = Listener(credit=10)
        world.resume(listener, 99)
        world.happen(1)
        world.journal.commit()
        await world.settle()
        assert listener.seqs == [2]


async def test_progress_goes_to_listeners_that_are_up_to_date_and_costs_no_credit() -> None:
    async with a_world() as world:
        fresh, behind, other = Listener(ids(1), 1), Listener(ids(1), 0), Listener(ids(2), 1)
        for listener in (fresh, behind, other):
            await world.listen(listener)
        world.happen(1)
        world.journal.commit()
        world.feed.progress(job_id(1), Progress(done=1, total=2))
        assert len(fresh.of(ProgressReport)) == 1
        assert not behind.of(ProgressReport)
        assert not other.of(ProgressReport)


async def test_a_closed_stream_is_forgotten() -> None:
    async with a_world() as world:
        listeners = [Listener(ids(1, 2), 5), Listener(ids(2), 5), Listener(None, 5)]
        for listener in listeners:
            await world.listen(listener)
        assert world.feed.listeners == 3
        for listener in listeners:
            world.feed.close(listener.stream)
            world.feed.close(listener.stream)
        assert world.feed.listeners == 0
        assert world.feed._by_job == {}
        assert world.feed._all == {}
        world.happen(2)
        world.journal.commit()
        world.grant(listeners[0], 5)
        await world.settle()
        assert not any(listener.heard for listener in listeners)


async def test_a_beat_finds_out_who_is_gone() -> None:
    async with a_world() as world:
        here, gone = Listener(ids(1, 2), 5), Listener(ids(1), 5)
        for listener in (here, gone):
            await world.listen(listener)
        gone.gone = True
        world.feed.beat()
        assert world.feed.listeners == 1
        assert len(here.of(StreamBeat)) == 1
        assert gone.stream.closed


async def test_a_listener_that_vanishes_while_it_catches_up_ends_nothing_else() -> None:
    async with a_world() as world:
        world.happen(1, times=5)
        world.journal.commit()
        gone, here = Listener(credit=PLENTY), Listener(credit=PLENTY)
        gone.gone = True
        world.resume(gone, 0)
        world.resume(here, 0)
        await world.settle()
        assert gone.stream.closed
        assert here.seqs == [1, 2, 3, 4, 5]


async def test_a_stream_that_cannot_catch_up_is_told_and_closed_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object) -> tuple[list[FeedEvent], int]:
        raise JournalFailed("the reader is gone")

    async with a_world() as world:
        world.happen(1)
        world.journal.commit()
        fresh, behind = Listener(credit=5), Listener(credit=5)
        await world.listen(fresh)
        monkeypatch.setattr(world.journal, "facts", broken)
        world.resume(behind, 0)
        await world.settle()
        assert [failure.error.code for failure in behind.of(Failure)] == [ErrorCode.JOURNAL_FAILED]
        assert world.feed.listeners == 1
        world.happen(1)
        world.journal.commit()
        assert fresh.seqs == [2]


async def test_a_stream_that_cannot_catch_up_because_the_daemon_ends_is_not_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def closed(*_: object) -> tuple[list[FeedEvent], int]:
        raise JournalClosed("the journal is closed")

    async with a_world() as world:
        world.happen(1)
        world.journal.commit()
        behind = Listener(credit=5)
        monkeypatch.setattr(world.journal, "facts", closed)
        world.resume(behind, 0)
        await world.settle()
        assert not behind.of(Failure)
        assert behind.stream.closed


DEEDS = st.one_of(
    st.tuples(st.just("happen"), st.integers(1, 3), st.integers(1, 4)),
    st.tuples(st.just("commit"), st.just(0), st.just(0)),
    st.tuples(st.just("settle"), st.just(0), st.just(0)),
    st.tuples(st.just("turn"), st.just(0), st.just(0)),
    st.tuples(st.just("grant"), st.integers(0, 5), st.integers(1, 3)),
    st.tuples(st.just("listen"), st.integers(0, 7), st.integers(0, 3)),
    st.tuples(st.just("resume"), st.integers(0, 7), st.integers(0, 3)),
    st.tuples(st.just("leave"), st.integers(0, 5), st.just(0)),
)


class Crowd:
    """Listeners that come and go."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.listeners: list[Listener] = []

    async def do(self, deed: str, which: int, amount: int) -> None:
        world = self.world
        jobs = ids(*(n for n in (1, 2, 3) if which & 1 << (n - 1))) or None
        some = self.listeners[which % len(self.listeners)] if self.listeners else None
        if deed == "happen":
            world.happen(which, times=amount)
        elif deed == "commit":
            world.journal.commit()
        elif deed == "settle":
            await world.settle()
        elif deed == "turn":
            await checkpoint()
        elif deed in {"listen", "resume"}:
            await self._come(Listener(jobs, amount), snapshot=deed == "listen")
        elif some is not None and deed == "grant":
            world.grant(some, amount)
        elif some is not None:
            world.feed.close(some.stream)

    async def _come(self, listener: Listener, *, snapshot: bool) -> None:
        self.listeners.append(listener)
        if snapshot:
            await self.world.listen(listener)
        else:
            self.world.resume(listener, self.world.feed.position // 2)

    def check(self) -> None:
        for listener in self.listeners:
            assert len(listener.heard) <= listener.granted
            owed = listener.owed(self.world.published)
            assert listener.seqs == owed[: len(listener.seqs)]


@given(st.lists(DEEDS, max_size=50), st.booleans(), st.sampled_from([0, 300, 1_000_000]))
async def test_no_gap_and_no_repeat_whatever_the_order(
    deeds: list[tuple[str, int, int]],
    together: bool,  # noqa: FBT001 - hypothesis gives them by position
    kept_bytes: int,
) -> None:
    async with a_world() as world:
        world.together = together
        world.feed._recent = Recent(kept_bytes)
        crowd = Crowd(world)
        for deed in deeds:
            await crowd.do(*deed)
            crowd.check()
        world.journal.commit()
        await world.settle()
        for listener in crowd.listeners:
            if not listener.stream.closed:
                # Whoever has credit left has heard everything.
                owed = listener.owed(world.published)
                assert len(listener.seqs) == min(listener.granted, len(owed))
                world.grant(listener, PLENTY)
        await world.settle()
        for listener in crowd.listeners:
            if not listener.stream.closed:
                assert listener.seqs == listener.owed(world.published)


async def test_what_is_announced_in_one_turn_travels_in_one_frame() -> None:
    async with a_world() as world:
        listeners = [Listener(credit=100) for _ in range(3)]
        for listener in listeners:
            await world.listen(listener)
        for number in (1, 2):
            fact = Fact(number, job_id(number), 1, 1, S.RECEIVED, 2.0)
            world.feed.announce(2 * number - 1, [fact, fact])
        assert not any(listener.seqs for listener in listeners)
        await world.settle()
        for listener in listeners:
            assert len(listener.of(Events)) == 1
            assert listener.seqs == [1, 2, 3, 4]
        assert world.feed.position == 4


async def test_facts_that_nobody_listens_to_move_the_feed_on() -> None:
    async with a_world() as world:
        listener = Listener(ids(7), credit=100)
        await world.listen(listener)
        world.feed.announce(1, [Fact(1, job_id(1), 1, 1, S.RECEIVED, 2.0)])
        await world.settle()
        assert world.feed.position == 1
        assert not listener.of(Events)


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


async def test_one_with_a_snapshot_of_its_own_is_sent_what_it_lacks_and_others_all() -> None:
    async with a_world() as world:
        fresh, ahead = Listener(credit=100), Listener(credit=100)
        await world.listen(fresh)
        world.feed.open_snapshot(ahead.stream, 0, [view(1, seq=2)])
        fact = Fact(1, job_id(1), 1, 1, S.RECEIVED, 2.0)
        world.feed.announce(1, [fact, fact, fact])
        await world.settle()
        assert fresh.seqs == [1, 2, 3]
        assert ahead.seqs == [3]
        world.feed.announce(4, [fact])
        await world.settle()
        assert fresh.seqs[-1] == ahead.seqs[-1] == 4
        assert not ahead.stream.known


# --- facts that are not there any more -------------------------------------------------------


def let_expire(world: World, number: int) -> None:
    """Delete a job as retention does."""
    world.feed.forget(world.journal._contents.jobs[number].timeline[-1].seq)
    world.journal.write([JobDeleted(number, expired=True)], lambda _: None)
    world.journal.commit()


async def test_a_listener_to_all_that_is_too_far_behind_begins_again_with_a_snapshot() -> None:
    async with a_world() as world:
        listener = Listener(credit=1)
        await world.listen(listener)
        world.happen(1)
        world.end(1)
        world.happen(2, times=2)
        world.journal.commit()
        await world.settle()
        assert listener.seqs == [1]
        let_expire(world, 1)
        world.grant(listener, PLENTY)
        await world.settle()
        again = listener.of(Snapshot)[-1]
        assert (len(listener.of(Snapshot)), again.seq, again.views) == (2, 4, ())
        world.happen(2)
        world.journal.commit()
        assert listener.seqs == [1, 5]


async def test_a_listener_to_one_job_is_shown_how_it_stands() -> None:
    async with a_world() as world:
        world.happen(1)
        world.happen(2)
        world.journal.commit()
        listener = Listener(ids(2), credit=0)
        await world.listen(listener)
        world.happen(2, times=3)
        world.end(1)
        world.journal.commit()
        let_expire(world, 1)
        world.grant(listener, PLENTY)
        await world.settle()
        (view,) = listener.of(Snapshot)[-1].views
        assert (view.id, view.seq, len(view.timeline)) == (job_id(2), 5, 4)
        assert listener.seqs == []
        world.happen(2)
        world.journal.commit()
        assert listener.seqs == [7]


@pytest.mark.parametrize("expired", [True, False])
async def test_a_listener_to_a_job_that_is_gone_is_told_so(expired: bool) -> None:  # noqa: FBT001
    async with a_world() as world:
        world.happen(1)
        world.journal.commit()
        listener = Listener(ids(1), credit=0)
        await world.listen(listener)
        world.end(1)
        world.journal.commit()
        if expired:
            let_expire(world, 1)
        else:
            world.journal.write([JobDeleted(1)], lambda _: None)
            world.journal.commit()
        world.grant(listener, PLENTY)
        await world.settle()
        (failure,) = listener.of(Failure)
        assert failure.error.code is ErrorCode.UNKNOWN_JOB
        assert "is not known" in failure.error.detail
        assert world.feed.listeners == 0


async def test_what_is_deleted_while_it_is_read_is_not_left_out_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        facts = world.journal.facts

        async def deleted_meanwhile(
            after: int, jobs: Sequence[JobId] | None, limit: int
        ) -> tuple[list[FeedEvent], int]:
            monkeypatch.undo()
            let_expire(world, 1)
            return await facts(after, jobs, limit)

        world.happen(1)
        world.end(1)
        world.happen(2)
        world.journal.commit()
        monkeypatch.setattr(world.journal, "facts", deleted_meanwhile)
        listener = Listener(credit=PLENTY)
        world.resume(listener, 0)
        await world.settle()
        assert [frame.seq for frame in listener.of(Snapshot)] == [3]
        assert listener.seqs == []
