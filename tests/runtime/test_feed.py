"""The feed: every listener hears every committed fact once, in order, as far as it has granted."""

# pyright: reportPrivateUsage=false

import msgspec
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from stationd.proto.job import Progress
from stationd.proto.jobs_protocol import (
    Events,
    FeedEvent,
    ProgressReport,
    Snapshot,
    StreamBeat,
)
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.feed import MOST_EVENTS_PER_FRAME
from stationd.runtime.journal.records import Fact
from stationd.runtime.recent import Recent
from tests.runtime.listeners import (
    PLENTY,
    Listener,
    World,
    a_world,
    ids,
    job_id,
    view,
)

pytestmark = pytest.mark.anyio


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
        world.feed.recent = Recent(kept_bytes)
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


async def test_what_is_announced_together_travels_in_one_frame() -> None:
    async with a_world() as world:
        listeners = [Listener(credit=100) for _ in range(3)]
        for listener in listeners:
            await world.listen(listener)
        for number in (1, 2):
            fact = Fact(number, job_id(number), 1, 1, S.RECEIVED, 2.0)
            world.feed.announce(2 * number - 1, [fact, fact])
        assert not any(listener.seqs for listener in listeners)
        world.feed.publish_news()
        for listener in listeners:
            assert len(listener.of(Events)) == 1
            assert listener.seqs == [1, 2, 3, 4]
        assert world.feed.position == 4


async def test_listeners_hear_of_each_rung_that_a_job_passed_at_once() -> None:
    async with a_world() as world:
        everybody, one = Listener(credit=100), Listener(ids(2), credit=100)
        for listener in (everybody, one):
            await world.listen(listener)
        for number in (1, 2):
            passed = (S.RECEIVED, S.VALIDATION_STARTED)
            fact = Fact(number, job_id(number), 3, 1, S.VALIDATION_ENDED, 2.0, passed=passed)
            world.feed.announce(3 * number - 2, [fact])
        world.feed.publish_news()
        assert everybody.seqs == [1, 2, 3, 4, 5, 6]
        assert one.seqs == [4, 5, 6]
        told = [event.entry for frame in one.of(Events) for event in frame.events]
        assert [(entry.ordinal, entry.status) for entry in told] == [
            (1, S.RECEIVED),
            (2, S.VALIDATION_STARTED),
            (3, S.VALIDATION_ENDED),
        ]


async def test_facts_that_nobody_listens_to_move_the_feed_on() -> None:
    async with a_world() as world:
        listener = Listener(ids(7), credit=100)
        await world.listen(listener)
        world.feed.announce(1, [Fact(1, job_id(1), 1, 1, S.RECEIVED, 2.0)])
        world.feed.publish_news()
        assert world.feed.position == 1
        assert not listener.of(Events)


async def test_one_with_a_snapshot_of_its_own_is_sent_what_it_lacks_and_others_all() -> None:
    async with a_world() as world:
        fresh, ahead = Listener(credit=100), Listener(credit=100)
        await world.listen(fresh)
        world.feed.open_snapshot(ahead.stream, 0, [view(1, seq=2)])
        fact = Fact(1, job_id(1), 1, 1, S.RECEIVED, 2.0)
        world.feed.announce(1, [fact, fact, fact])
        world.feed.publish_news()
        assert fresh.seqs == [1, 2, 3]
        assert ahead.seqs == [3]
        world.feed.announce(4, [fact])
        world.feed.publish_news()
        assert fresh.seqs[-1] == ahead.seqs[-1] == 4
        assert not ahead.stream.known
