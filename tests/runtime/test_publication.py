"""A station copies results to another store if its configuration names one."""

from pathlib import Path

import pytest

from stationd.proto.project_requests import Delete, Deleted
from stationd.runtime.publication import publishing_of
from stationd.runtime.station import House
from stationd.runtime.stories import stories_told
from stationd.runtime.work.object_store import ObjectStore
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import a_bench, committed_until, job_id

pytestmark = pytest.mark.anyio


async def test_without_another_store_nothing_is_copied() -> None:
    async with a_bench() as bench:
        before = bench.dispatch.ended
        assert publishing_of(bench.station) is None
        assert bench.dispatch.ended == before


async def test_jobs_that_end_or_go_are_looked_at_whatever_else_hears_of_them() -> None:
    async with a_bench() as bench:
        station = bench.station
        station.keeper.artifacts.store = ObjectStore("memory://", {}, "station")
        publishing = publishing_of(station)
        assert publishing is not None
        house = House(settings=station.settings, config=Path(), station=station)
        async with stories_told(house):
            bench.run("a", bench.queued(1))
            await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
            assert publishing.waiting == 1
            bench.run("a", bench.queued(2))
            await committed_until(bench, lambda: bench.dispatch.get(job_id(2)) is None)
            assert publishing.waiting == 2
        publishing.look_at(job_id(1))
        assert publishing.waiting == 2
        assert await asked(bench, Delete(1, job_id(1))) == Deleted(1, "deleted")
        assert publishing.waiting == 2
