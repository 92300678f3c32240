"""A station that is watched from outside."""

import urllib.error
import urllib.request
from pathlib import Path

import msgspec
import pytest
from anyio import to_thread

from stationd.runtime.settings.tables import Metrics
from stationd.runtime.station import House
from stationd.runtime.status_page.snapshot import Snapshot
from stationd.runtime.stories import stories_told
from stationd.runtime.watching import watched
from tests.runtime.bench import Bench, a_bench

pytestmark = pytest.mark.anyio


def listening(bench: Bench, *, status_page: bool = True) -> None:
    metrics = Metrics(listen="127.0.0.1:0", status_page=status_page)
    bench.station.settings = msgspec.structs.replace(bench.station.settings, metrics=metrics)


def fetched(port: int, path: str) -> bytes:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return str(error.code).encode()


async def test_whoever_looks_at_the_page_is_shown_the_station() -> None:
    async with a_bench() as bench:
        listening(bench)
        bench.queued(1)
        async with watched(bench.station) as port:
            assert b"<!doctype html>" in await to_thread.run_sync(fetched, port, "/")
            shown = await to_thread.run_sync(fetched, port, "/status.json")
        assert [row.number for row in msgspec.json.decode(shown, type=Snapshot).jobs] == [1]


async def test_what_the_loop_knows_is_scraped() -> None:
    async with a_bench() as bench:
        listening(bench)
        async with watched(bench.station) as port:
            scraped = await to_thread.run_sync(fetched, port, "/metrics")
        assert b'stationd_log_lines_total{level="warning"}' in scraped
        assert b"\nstationd_starts_total 1.0\n" in scraped


async def test_lines_that_are_left_out_of_jobs_stories_are_counted() -> None:
    async with a_bench() as bench:
        listening(bench)
        house = House(settings=bench.station.settings, config=Path(), station=bench.station)
        async with stories_told(house), watched(bench.station) as port:
            bench.station.story.dropped += 3
            scraped = await to_thread.run_sync(fetched, port, "/metrics")
        assert b"\nstationd_log_lines_dropped_total 3.0\n" in scraped


async def test_the_page_can_be_turned_off_and_the_metrics_stay() -> None:
    async with a_bench() as bench:
        listening(bench, status_page=False)
        async with watched(bench.station) as port:
            assert await to_thread.run_sync(fetched, port, "/") == b"404"
            assert await to_thread.run_sync(fetched, port, "/status.json") == b"404"
            assert b"stationd_build_info" in await to_thread.run_sync(fetched, port, "/metrics")
