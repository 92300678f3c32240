"""Who falls behind is brought back: nothing is left out in silence, whatever is gone."""

# pyright: reportPrivateUsage=false

from collections.abc import Sequence

import pytest

from stationd.proto.error import ErrorCode, JournalClosed, JournalFailed
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import (
    Failure,
    FeedEvent,
    Snapshot,
)
from stationd.runtime.catching_up import CATCH_UP_PAGE
from stationd.runtime.journal.records import JobDeleted
from tests.runtime.listeners import (
    PLENTY,
    Listener,
    World,
    a_world,
    ids,
    job_id,
)

pytestmark = pytest.mark.anyio


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
            after: int, jobs: Sequence[JobId] | None, limit: int, creator: str | None = None
        ) -> tuple[list[FeedEvent], int]:
            asked.append(limit)
            return await facts(after, jobs, limit, creator)

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
            after: int, jobs: Sequence[JobId] | None, limit: int, creator: str | None = None
        ) -> tuple[list[FeedEvent], int]:
            monkeypatch.undo()
            let_expire(world, 1)
            return await facts(after, jobs, limit, creator)

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
