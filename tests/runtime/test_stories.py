"""The log says how jobs end, when whoever waits for them has been told."""

import logging
from pathlib import Path

import pytest

from stationd.runtime.feed import Feed
from stationd.runtime.logs.ends import LOGGER
from stationd.runtime.station import House
from stationd.runtime.stories import stories_told
from tests.runtime.bench import a_bench, job_id

pytestmark = pytest.mark.anyio


class Witness(logging.Handler):
    """Takes down how far the feed was when a line was written."""

    def __init__(self, feed: Feed) -> None:
        super().__init__(logging.INFO)
        self.feed = feed
        self.positions: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self.positions.append(self.feed.position)


async def test_the_end_of_a_job_is_logged_behind_all_who_wait_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_bench() as bench:
        witness, log = Witness(bench.station.feed), logging.getLogger(LOGGER)
        house = House(settings=bench.station.settings, config=Path(), station=bench.station)
        with caplog.at_level(logging.INFO, LOGGER):
            log.addHandler(witness)
            try:
                async with stories_told(house):
                    bench.run("a", bench.queued(1))
                    assert bench.dispatch.get(job_id(1)) is None
            finally:
                log.removeHandler(witness)
        assert witness.positions == [bench.durable]
