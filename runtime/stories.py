"""What a running station's log has to do with its jobs: their stories, and how they end."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anyio import to_thread

from stationd.runtime.logs.ends import Ends
from stationd.runtime.logs.logs import reload
from stationd.runtime.logs.told import Told
from stationd.runtime.station import Reload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stationd.runtime.live import LiveJob
    from stationd.runtime.station import House


@asynccontextmanager
async def stories_told(house: House) -> AsyncGenerator[None]:
    """Let lines that belong to jobs go into their stories, and the log say how jobs end."""
    station = house.station
    told = Told(station.story)
    logging.getLogger().addHandler(told)
    before, ends = station.dispatch.ended, Ends(station.ports.clock)

    def over(live: LiveJob) -> None:
        before(live)
        ends.over(live)

    station.dispatch.ended = over
    # Behind the listeners, who wait for the end of a job more than its log does.
    station.ports.journal.after_commit.append(ends.tell)
    station.reloads.append(Reload(("log",), lambda settings: reload(settings.log)))
    try:
        yield
    finally:
        logging.getLogger().removeHandler(told)
        await to_thread.run_sync(station.story.close)
