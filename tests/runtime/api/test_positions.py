"""Listeners hear of their jobs' places in the queue when these change, and else not."""

# pyright: reportPrivateUsage=false

import pytest

from stationd.proto import instruments_protocol as wire
from stationd.proto.jobs_protocol import ProgressReport, Reply
from stationd.runtime.api.positions import Positions
from stationd.runtime.stream import Stream
from tests.runtime.bench import Bench, a_bench, job_id

pytestmark = pytest.mark.anyio


class Listener:
    """Listens to some jobs and writes down the places that it is told."""

    def __init__(self, bench: Bench, *numbers: int) -> None:
        self.told: list[tuple[str, int | None]] = []
        jobs = frozenset(job_id(number) for number in numbers)
        feed = bench.dispatch._feed
        feed.open_snapshot(Stream(1, jobs, self._hear, 1000), feed.position, [])
        self.positions = Positions(feed, bench.dispatch, bench.instruments)

    def _hear(self, reply: Reply) -> bool:
        if isinstance(reply, ProgressReport):
            self.told.append((reply.job, reply.queue_position))
        return True

    async def news(self) -> list[tuple[str, int | None]]:
        """Return what is new since the last call."""
        self.told.clear()
        await self.positions.tell_changes()
        return list(self.told)


async def test_a_place_is_told_when_it_changes() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        tickets = [bench.queued(number) for number in (1, 2, 3)]
        listener = Listener(bench, 2, 3)
        assert sorted(await listener.news()) == [(job_id(2), 1), (job_id(3), 2)]
        assert await listener.news() == []
        bench.instruments.queue.send_out(1)
        assert sorted(await listener.news()) == [(job_id(2), 0), (job_id(3), 1)]
        assert len(tickets) == 3


async def test_a_job_that_leaves_the_queue_has_no_place() -> None:
    async with a_bench() as bench:
        bench.lines.names.remove("a")
        ticket = bench.queued(1)
        listener = Listener(bench, 1)
        assert await listener.news() == [(job_id(1), 0)]
        bench.lines.names.append("a")
        bench.instruments.grant()
        assert await listener.news() == [(job_id(1), None)]
        bench.report("a", wire.Armed(ticket), wire.Started(ticket, bench.clock.now))
        bench.commit()
        assert await listener.news() == []
