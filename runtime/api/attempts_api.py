"""What clients ask of a job's attempts: to cancel the one under way, or to make another.

A cancel is answered when it is on disk. What comes of it is told by the feed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from stationd.proto.jobs_protocol import Cancel, CancelAnswer, Retry
from stationd.runtime.api.intake import check_storage

if TYPE_CHECKING:
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.intake import Intake
    from stationd.runtime.api.views import Views
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.jobs.retrying import Retries
    from stationd.runtime.journal.interface import Journal


class AttemptsApi:
    """The part of the jobs API that is about attempts.

    Args:
        dispatch: The jobs that are under way.
        retries: Make other attempts.
        journal: Is asked whether the disk takes anything.
        intake: Whether the station takes new work.
        views: Know who has made a job that is over.
    """

    def __init__(
        self,
        *,
        dispatch: Dispatch,
        retries: Retries,
        journal: Journal,
        intake: Intake,
        views: Views,
    ) -> None:
        self._dispatch = dispatch
        self._retries = retries
        self._journal = journal
        self._intake = intake
        self._views = views

    async def cancel(self, client: Client, request: Cancel) -> None:
        """Cancel a job; the answer is sent when that is on disk.

        Raises:
            UnknownJob: There is none.
            Forbidden: It is somebody else's.
        """
        live = await self._dispatch.find(request.job)
        if live is None:
            view = await self._views.of(request.job)
            client.person.check_owner(view.creator, f"job {view.id}")
            client.send(CancelAnswer(request.request, "already_over"))
            return
        client.person.check_owner(live.spec.creator, f"job {live.job.id}")
        over = live.job.status.is_terminal
        answer = CancelAnswer(request.request, "already_over" if over else "accepted")
        self._dispatch.cancel(live, partial(_tell, client, answer))

    async def retry(self, client: Client, request: Retry) -> None:
        """Make another attempt at a job, and answer when that is on disk.

        Raises:
            StationError: There is none to be made now; nothing has changed.
        """
        self._intake.check_open()
        if not client.person.may("operator"):
            view = await self._views.of(request.job)
            client.person.check_owner(view.creator, f"job {view.id}")
        check_storage(self._journal)
        client.send(await self._retries.retry(request))


def _tell(client: Client, answer: CancelAnswer) -> None:
    client.send(answer)
