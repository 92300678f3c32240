"""Tells whoever listens to a job that waits how many stand before it, when that has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
from anyio.lowlevel import checkpoint

if TYPE_CHECKING:
    from stationd.proto.job import JobId
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.feed import Feed
    from stationd.runtime.jobs.dispatch import Dispatch

POSITIONS_SECONDS: Final = 1.0
"""A queue that moves thousands of jobs a second need not tell each of them so."""
_AT_ONCE: Final = 200
"""Jobs looked at before others have their turn."""


class Positions:
    """What listeners know of the places of their jobs.

    Args:
        feed: Who listens, and the way to them.
        dispatch: The jobs that are under way.
        instruments: Their queue.
    """

    def __init__(self, feed: Feed, dispatch: Dispatch, instruments: Instruments) -> None:
        self._feed = feed
        self._dispatch = dispatch
        self._instruments = instruments
        self._told: dict[JobId, int | None] = {}

    async def tell(self) -> None:
        """Tell, for ever."""
        while True:
            await anyio.sleep(POSITIONS_SECONDS)
            await self.tell_changes()

    async def tell_changes(self) -> None:
        """Tell the listeners of each job that has moved."""
        told = self._told
        self._told = {}
        for count, job in enumerate(self._feed.listened()):
            if count % _AT_ONCE == _AT_ONCE - 1:
                await checkpoint()
            live = self._dispatch.get(job)
            if live is None:
                continue
            position = self._instruments.queue.position(live.job.number)
            before = told.get(job)
            if position != before and (position is not None or job in told):
                self._feed.progress(job, live.progress, position, live.spec.creator)
            if position is not None:
                self._told[job] = position
