"""A stream that goes on hears all that follows, or is told that it cannot."""

# pyright: reportPrivateUsage=false

import msgspec
import pytest

from stationd.proto.codec import REPLIES
from stationd.proto.error import ErrorCode
from stationd.proto.job import ArtifactRef, ItemView
from stationd.proto.jobs_protocol import (
    MOST_LISTENED,
    Events,
    Failure,
    Get,
    Job,
    Listen,
    Snapshot,
)
from stationd.proto.program import MOST_ITEMS
from stationd.proto.project_requests import Delete, Deleted
from stationd.runtime.stream import Stream
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, a_bench, job_id
from tests.runtime.listeners import view

pytestmark = pytest.mark.anyio


def over(bench: Bench, number: int) -> int:
    """Let a job come to its end; return the position of its last fact."""
    bench.run("a", bench.queued(number))
    assert bench.dispatch.get(job_id(number)) is None
    return bench.durable


async def test_a_job_that_was_deleted_meanwhile_is_not_waited_for_in_silence() -> None:
    async with a_bench() as bench:
        end = over(bench, 1)
        assert await asked(bench, Delete(1, job_id(1))) == Deleted(1, "deleted")
        for after in (end - 1, end):
            reply = await asked(bench, Listen(2, (job_id(1),), after, 100))
            assert isinstance(reply, Failure)
            assert reply.error.code is ErrorCode.UNKNOWN_JOB
            assert "it was deleted" in reply.error.detail


async def test_the_others_go_on_where_they_were() -> None:
    async with a_bench() as bench:
        over(bench, 1)
        end = over(bench, 2)
        await asked(bench, Delete(1, job_id(1)))
        reply = await asked(bench, Listen(2, (job_id(2),), end - 1, 100))
        assert isinstance(reply, Events)
        assert [event.entry.seq for event in reply.events] == [end]


async def test_what_retention_has_deleted_is_made_up_for_by_a_snapshot() -> None:
    async with a_bench() as bench:
        end = over(bench, 1)
        bench.queued(2)
        bench.dispatch._feed.forget(end)
        reply = await asked(bench, Listen(2, (job_id(2),), 1, 100))
        assert isinstance(reply, Snapshot)
        assert [view.id for view in reply.views] == [job_id(2)]
        assert len(reply.views[0].timeline) == bench.durable - end


async def test_a_snapshot_shows_jobs_without_their_items() -> None:
    async with a_bench() as bench:
        over(bench, 1)
        shown = await asked(bench, Get(1, job_id(1)))
        assert isinstance(shown, Job)
        assert len(shown.view.items) == 1
        reply = await asked(bench, Listen(2, (job_id(1),), None, 100))
        assert isinstance(reply, Snapshot)
        assert reply.views == (msgspec.structs.replace(shown.view, items=()),)


def test_as_many_large_jobs_as_a_stream_can_name_fit_into_a_snapshot() -> None:
    result = ArtifactRef(id=f"{job_id(1)}/1/999", size_bytes=4096, sha256="a" * 64)
    items = tuple(ItemView(index=index, result=result, attempt=1) for index in range(MOST_ITEMS))
    large = msgspec.structs.replace(view(1, seq=5), items=items)
    stream = Stream(1, None, lambda _: True, 100)
    REPLIES.encode(stream.snapshot(5, [large] * MOST_LISTENED))
