"""A job as clients see it: what the journal has of it, and what memory alone knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stationd.runtime.api.privacy import unknown_job
from stationd.runtime.jobs.remembered import remembered

if TYPE_CHECKING:
    from stationd.proto.job import JobId, JobView
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Queries


class Views:
    """Shows jobs.

    Args:
        queries: Know what is stored of them.
        dispatch: The jobs that are under way.
        instruments: Their queue.
    """

    def __init__(self, queries: Queries, dispatch: Dispatch, instruments: Instruments) -> None:
        self._queries = queries
        self._dispatch = dispatch
        self._instruments = instruments

    async def of(self, job: JobId) -> JobView:
        """Return a job as it is now.

        Raises:
            UnknownJob: It is not stored, or not any more.
        """
        live = self._dispatch.get(job)
        view = None if live is None else remembered(live)
        if view is None:
            view = await self._queries.view(job)
        if view is None:
            raise unknown_job(job)
        return self.with_live(view)

    def forget(self, job: JobId) -> None:
        """Show a job by what is stored of it from now on: that is about to change."""
        live = self._dispatch.get(job)
        if live is not None:
            live.told = None

    def with_live(self, view: JobView) -> JobView:
        """Add what is known of a job in memory alone."""
        live = self._dispatch.get(view.id)
        if live is None and not self._dispatch.awaits(view.id):
            return view
        position = self._instruments.queue.position(view.number)
        progress = None if live is None else live.progress
        if position is None and progress is None:
            return view
        return msgspec.structs.replace(view, queue_position=position, progress=progress)
