"""What clients ask for about the queue, answered when it is on disk.

Rule 1. What an operator says of a job is kept with the job, and in the queue if it has come so
        far.
Rule 2. A job can be held and given another priority until it begins; it can be moved while it
        waits.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from stationd.proto.error import (
    Conflict,
    RequestError,
)
from stationd.proto.queue_requests import (
    Explanation,
    Hold,
    ListQueue,
    Move,
    Placed,
    Prioritise,
    QueueListing,
    Release,
    Targets,
    Why,
)
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.api.intake import check_storage
from stationd.runtime.api.privacy import unknown_job
from stationd.runtime.api.standing import reasons
from stationd.runtime.api.targets_api import TargetRequest, TargetsApi
from stationd.runtime.journal import durable
from stationd.runtime.journal.records import JobPlaced
from stationd.runtime.queue.listing import listing, unnamed

if TYPE_CHECKING:
    from stationd.proto.job import JobId
    from stationd.runtime.api.people import Person
    from stationd.runtime.api.privacy import Privacy
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.live import LiveJob
    from stationd.runtime.queue.entry import Place
    from stationd.runtime.settings import Settings

PlaceRequest = Hold | Release | Prioritise | Move
QueueRequest = PlaceRequest | TargetRequest | ListQueue | Why
QueueReply = Placed | Targets | QueueListing | Explanation


class QueueApi:
    """The part of the jobs API that is about the queue.

    Args:
        settings: Which targets and controllers there are.
        journal: Where what operators say is stored.
        dispatch: The jobs that are under way.
        instruments: Their queue.
        projects: Those that there are.
        clock: What time it is.
        privacy: Knows whose jobs somebody may read.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        journal: Journal,
        dispatch: Dispatch,
        instruments: Instruments,
        projects: Projects,
        clock: Clock,
        privacy: Privacy,
    ) -> None:
        self._privacy = privacy
        self._settings = settings
        self._journal = journal
        self._dispatch = dispatch
        self._instruments = instruments
        self._clock = clock
        self._targets = TargetsApi(
            settings=settings,
            journal=journal,
            instruments=instruments,
            projects=projects,
            clock=clock,
        )

    async def answer(self, request: QueueRequest, person: Person) -> QueueReply:
        """Carry out a request and return the reply.

        Raises:
            RequestError: It cannot be carried out; nothing has changed.
        """
        match request:
            case Hold() | Release() | Prioritise() | Move():
                return await self._place(request, person)
            case ListQueue():
                return await self._listing(request, person)
            case Why():
                found = await reasons(
                    request.job,
                    dispatch=self._dispatch,
                    instruments=self._instruments,
                    journal=self._journal,
                    clock=self._clock,
                    name_of=self._targets.project_name,
                    shows=partial(self._privacy.shows, person),
                )
                return Explanation(request.request, request.job, found)
            case _:
                return await self._targets.answer(request, person)

    # --- one job -----------------------------------------------------------------------------

    async def _place(self, request: PlaceRequest, person: Person) -> Placed:
        check_storage(self._journal)
        live = await self._unbegun(request.job)
        person.check_owner(live.spec.creator, f"job {live.job.id}")
        held, priority, place = live.spec.hold, live.spec.priority, live.place
        match request:
            case Hold():
                held = True
            case Release():
                held = False
            case Prioritise():
                priority, place = request.priority, None
            case Move():
                place = await self._before(live, request)
        live.told = None  # what is in memory is not on disk yet
        live.spec = msgspec.structs.replace(live.spec, priority=priority, hold=held)
        live.place = place
        record = JobPlaced(live.job.number, live.job.attempt, priority, held, place)
        await durable.stored(self._journal, record)
        self._instruments.replace(live)
        if live.job.status >= JobExecutorStatus.EXECUTION_STARTED:
            raise Conflict(f"job {live.job.id} has begun meanwhile: that comes too late")
        position = self._instruments.queue.position(live.job.number)
        return Placed(request.request, live.job.id, priority, held, position)

    async def _unbegun(self, job: JobId) -> LiveJob:
        live = await self._dispatch.find(job)
        if live is None:
            if await self._journal.stored(job) is None:
                raise unknown_job(job)
            raise Conflict(f"job {job} is over: it has no place in the queue any more")
        if live.job.kind == "compile":
            raise RequestError(f"job {job} is compiled and not executed: it never enters the queue")
        if live.job.status >= JobExecutorStatus.EXECUTION_STARTED:
            raise Conflict(f"job {job} has begun: it has no place in the queue any more")
        return live

    async def _before(self, live: LiveJob, request: Move) -> Place:
        other = await self._unbegun(request.before)
        if other is live:
            raise RequestError(f"job {request.job} cannot be put before itself")
        queue = self._instruments.queue
        for one in (live, other):
            if queue.before(one.job.number) is None:
                raise Conflict(
                    f"job {one.job.id} does not wait in the queue now: ask again when it does"
                )
        place = queue.before(other.job.number)
        if place is None:
            raise Conflict(f"job {other.job.id} does not wait in the queue now")
        return place

    async def _listing(self, request: ListQueue, person: Person) -> QueueListing:
        names = tuple(self._settings.controllers)
        if request.target:
            names = (self._targets.controller(request.target),)
        queue = self._instruments.queue
        entries, waiting = listing(queue, names, request.limit), len(queue)
        hidden = set(await self._privacy.hidden(person, [one.job for one in entries]))
        named = [
            unnamed(one)
            if one.job in hidden
            else msgspec.structs.replace(one, project=self._targets.project_name(one.project))
            for one in entries
        ]
        return QueueListing(request.request, waiting, tuple(named))
