"""What clients ask for about the queue, answered when it is on disk.

Rule 1. What an operator says of a job is kept with the job, and in the queue if it has come so
        far; what is said of a controller holds from the moment in which it is on disk.
Rule 2. A job can be held and given another priority until it begins; it can be moved while it
        waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import msgspec

from stationd.proto.error import (
    Conflict,
    RequestError,
    UnknownJob,
)
from stationd.proto.queue_requests import (
    Explanation,
    Hold,
    ListQueue,
    ListTargets,
    Move,
    Placed,
    Prioritise,
    QueueListing,
    Release,
    ReservationView,
    Reserve,
    SetTarget,
    Targets,
    TargetState,
    Unreserve,
    Why,
)
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.api.client_text import check_id, shown
from stationd.runtime.api.intake import check_storage
from stationd.runtime.api.standing import reasons
from stationd.runtime.journal.records import JobPlaced, QueueNoted
from stationd.runtime.queue.gates import Gate, Reservation
from stationd.runtime.queue.listing import listing

if TYPE_CHECKING:
    from stationd.proto.job import JobId
    from stationd.runtime.api.people import Person
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.records import Record
    from stationd.runtime.live import LiveJob
    from stationd.runtime.queue.entry import Place
    from stationd.runtime.settings import Settings

PlaceRequest = Hold | Release | Prioritise | Move
TargetRequest = SetTarget | Reserve | Unreserve | ListTargets
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
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._dispatch = dispatch
        self._instruments = instruments
        self._projects = projects
        self._clock = clock

    async def answer(self, request: QueueRequest, person: Person) -> QueueReply:
        """Carry out a request and return the reply.

        Raises:
            RequestError: It cannot be carried out; nothing has changed.
        """
        match request:
            case Hold() | Release() | Prioritise() | Move():
                return await self._place(request, person)
            case SetTarget() | Reserve() | Unreserve():
                check_storage(self._journal)
                await self._say(request)
                return self._targets(request.request)
            case ListTargets():
                return self._targets(request.request)
            case ListQueue():
                return self._listing(request)
            case Why():
                found = await reasons(
                    request.job,
                    dispatch=self._dispatch,
                    instruments=self._instruments,
                    journal=self._journal,
                    clock=self._clock,
                    name_of=self._project_name,
                )
                return Explanation(request.request, request.job, found)

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
        live.spec = msgspec.structs.replace(live.spec, priority=priority, hold=held)
        live.place = place
        record = JobPlaced(live.job.number, live.job.attempt, priority, held, place)
        await self._stored([record])
        self._instruments.replace(live)
        if live.job.status >= JobExecutorStatus.EXECUTION_STARTED:
            raise Conflict(f"job {live.job.id} has begun meanwhile: that comes too late")
        position = self._instruments.queue.position(live.job.number)
        return Placed(request.request, live.job.id, priority, held, position)

    async def _unbegun(self, job: JobId) -> LiveJob:
        live = await self._dispatch.find(job)
        if live is None:
            if await self._journal.stored(job) is None:
                raise UnknownJob(f"there is no job {shown(job)} at this station")
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

    # --- targets -----------------------------------------------------------------------------

    async def _say(self, request: SetTarget | Reserve | Unreserve) -> None:
        """Store what an operator says of a controller, and let it hold."""
        now, queue = self._clock.time(), self._instruments.queue
        match request:
            case SetTarget():
                name, gate = self._controller(request.target), Gate(request.state, request.note)
                await self._note("gate", name, None if gate == Gate() else gate)
                queue.set_gate(name, gate, self._clock.time())
            case Reserve():
                reservation = self._reservation(request, now)
                await self._note("reservation", request.id, reservation)
                queue.reserve(reservation, self._clock.time())
            case Unreserve():
                await self._note("reservation", request.id, None)
                queue.unreserve(request.id, self._clock.time())
        self._instruments.grant()

    def _reservation(self, request: Reserve, now: float) -> Reservation:
        check_id(request.id)
        wanted = Reservation(
            id=request.id,
            controller=self._controller(request.target),
            project=self._project(request.project),
            from_unix_s=request.from_unix_s,
            to_unix_s=request.to_unix_s,
            note=request.note,
        )
        if wanted.to_unix_s <= max(now, wanted.from_unix_s):
            raise RequestError("a reservation ends after it begins, and not in the past")
        rival = self._instruments.queue.gates.rival(wanted)
        if rival is not None:
            raise Conflict(
                f"{rival.controller} is reserved for another project at that time: reservation"
                f" {rival.id}; drop that one first"
            )
        return wanted

    def _project(self, project: str) -> str:
        """Return the id of a project that is named by it, or by its name; empty for none."""
        named = self._projects.named(project)
        if not project or named is not None:
            return "" if named is None else named.id
        return self._projects.found(project).id

    def _controller(self, name: str) -> str:
        """Return the controller that a target stands for, or that is called so itself."""
        controller = self._settings.target_controllers.get(name, name)
        if controller not in self._settings.controllers:
            known = sorted({*self._settings.targets, *self._settings.controllers})
            raise RequestError(
                f"there is no target or controller {shown(name)}; known are"
                f" {', '.join(known) or 'none'}"
            )
        return controller

    def _targets(self, request: int) -> Targets:
        queue = self._instruments.queue
        targets = self._settings.target_controllers
        return Targets(
            request,
            tuple(
                TargetState(
                    controller=name,
                    targets=tuple(sorted(t for t, of in targets.items() if of == name)),
                    state=queue.gates.gate(name).state,
                    note=queue.gates.gate(name).note,
                    waiting=queue.waiting(name),
                    line=queue.line(name),
                )
                for name in self._settings.controllers
            ),
            tuple(
                self._reserved(one)
                for one in queue.gates.reservations()
                if one.to_unix_s > self._clock.time()
            ),
        )

    def _reserved(self, one: Reservation) -> ReservationView:
        return ReservationView(
            id=one.id,
            controller=one.controller,
            project=self._project_name(one.project),
            from_unix_s=one.from_unix_s,
            to_unix_s=one.to_unix_s,
            note=one.note,
        )

    def _listing(self, request: ListQueue) -> QueueListing:
        names = tuple(self._settings.controllers)
        if request.target:
            names = (self._controller(request.target),)
        queue = self._instruments.queue
        entries = listing(queue, names, request.limit)
        named = [
            msgspec.structs.replace(one, project=self._project_name(one.project)) for one in entries
        ]
        return QueueListing(request.request, len(queue), tuple(named))

    def _project_name(self, project: str) -> str:
        found = self._projects.get(project)
        return project if found is None else found.name

    # --- the journal -------------------------------------------------------------------------

    async def _note(self, kind: str, name: str, value: Gate | Reservation | None) -> None:
        data = None if value is None else msgspec.json.encode(value).decode()
        await self._stored([QueueNoted(kind, name, data)])

    async def _stored(self, records: list[Record]) -> None:
        stored = anyio.Event()
        self._journal.write(records, lambda _commit: stored.set())
        await stored.wait()
