"""What operators say of targets and controllers: gates, reservations, maintenance and locks.

Rule 1. What is said holds from the moment in which it is on disk, and after a restart.
Rule 2. A target stands for its controller.
Rule 3. A lock comes off by whoever has put it on; by somebody else only if that is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import msgspec

from stationd.proto.error import Conflict, Forbidden, RequestError
from stationd.proto.queue_requests import (
    ListTargets,
    Maintain,
    ReservationView,
    Reserve,
    SetTarget,
    Targets,
    TargetState,
    Unlock,
    Unreserve,
)
from stationd.proto.queue_requests import Lock as PutLock
from stationd.runtime.api.client_text import check_id, shown
from stationd.runtime.api.intake import check_storage
from stationd.runtime.journal import durable
from stationd.runtime.journal.records import QueueNoted
from stationd.runtime.queue.explanation import hold_text, lock_text
from stationd.runtime.queue.gates import Gate, Lock, Reservation

if TYPE_CHECKING:
    from stationd.runtime.api.people import Person
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.settings import Settings

Saying = SetTarget | Reserve | Maintain | Unreserve | PutLock | Unlock
TargetRequest = Saying | ListTargets


class TargetsApi:
    """The part of the jobs API that is about targets.

    Args:
        settings: Which targets and controllers there are.
        journal: Where what operators say is stored.
        instruments: Their queue has the gates.
        projects: Those that there are.
        clock: What time it is.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        journal: Journal,
        instruments: Instruments,
        projects: Projects,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._instruments = instruments
        self._projects = projects
        self._clock = clock
        self._saying = anyio.Lock()

    async def answer(self, request: TargetRequest, person: Person) -> Targets:
        """Carry out a request and return how all targets stand.

        Raises:
            RequestError: It cannot be carried out; nothing has changed.
        """
        if not isinstance(request, ListTargets):
            check_storage(self._journal)
            # One after another: what is checked still holds when it is on disk.
            async with self._saying:
                await self._say(request, person)
            self._instruments.grant()
        return self._all(request.request)

    def controller(self, name: str) -> str:
        """Return the controller that a target stands for, or that is called so itself.

        Raises:
            RequestError: There is none.
        """
        controller = self._settings.target_controllers.get(name, name)
        if controller not in self._settings.controllers:
            known = sorted({*self._settings.targets, *self._settings.controllers})
            raise RequestError(
                f"there is no target or controller {shown(name)}; known are"
                f" {', '.join(known) or 'none'}"
            )
        return controller

    def project_name(self, project: str) -> str:
        """Return the name of the project with an id; the id itself if there is none."""
        found = self._projects.get(project)
        return project if found is None else found.name

    # --- what is said ------------------------------------------------------------------------

    async def _say(self, request: Saying, person: Person) -> None:
        """Store what an operator says of a controller, and let it hold."""
        queue = self._instruments.queue
        match request:
            case SetTarget():
                name, gate = self.controller(request.target), Gate(request.state, request.note)
                await self._note("gate", name, None if gate == Gate() else gate)
                queue.set_gate(name, gate, self._clock.time())
            case Reserve() | Maintain():
                reservation = self._reservation(request)
                await self._note("reservation", request.id, reservation)
                queue.reserve(reservation, self._clock.time())
            case Unreserve():
                await self._note("reservation", request.id, None)
                queue.unreserve(request.id, self._clock.time())
            case PutLock() | Unlock():
                name = self.controller(request.target)
                lock = self._lock(name, request, person)
                await self._note("lock", name, lock)
                queue.set_lock(name, lock, self._clock.time())

    def _lock(self, controller: str, request: PutLock | Unlock, person: Person) -> Lock | None:
        """Return the lock that a controller is to have."""
        there = self._instruments.queue.gates.lock(controller)
        theirs = there is not None and there.holder != person.name
        if isinstance(request, PutLock):
            if there is not None and theirs:
                raise Conflict(f"{controller} is {lock_text(there)}: there is one lock at a time")
            since = self._clock.time() if there is None else there.since_unix_s
            return Lock(person.name, since, request.note)
        if there is not None and theirs and not request.force:
            raise Forbidden(
                f"{controller} is {lock_text(there)}: ask {there.holder or 'whoever that is'};"
                " somebody else takes it off only with force (`stationctl unlock --force`)"
            )
        return None

    def _reservation(self, request: Reserve | Maintain) -> Reservation:
        check_id(request.id)
        wanted = Reservation(
            id=request.id,
            controller=self.controller(request.target),
            project=self._project(request.project) if isinstance(request, Reserve) else None,
            from_unix_s=request.from_unix_s,
            to_unix_s=request.to_unix_s,
            note=request.note,
        )
        if wanted.to_unix_s <= max(self._clock.time(), wanted.from_unix_s):
            what = "a reservation" if isinstance(request, Reserve) else "maintenance"
            raise RequestError(f"{what} ends after it begins, and not in the past")
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

    # --- how they stand ----------------------------------------------------------------------

    def _all(self, request: int) -> Targets:
        now = self._clock.time()
        reservations = self._instruments.queue.gates.reservations()
        return Targets(
            request,
            tuple(self._standing(name) for name in self._settings.controllers),
            tuple(self._reserved(one) for one in reservations if one.to_unix_s > now),
        )

    def _standing(self, name: str) -> TargetState:
        queue = self._instruments.queue
        gate, lock = queue.gates.gate(name), queue.gates.lock(name)
        targets = self._settings.target_controllers
        return TargetState(
            controller=name,
            targets=tuple(sorted(target for target, of in targets.items() if of == name)),
            state=gate.state,
            note=gate.note,
            waiting=queue.waiting(name),
            line=queue.line(name),
            locked_by=None if lock is None else lock.holder,
            locked_unix_s=0.0 if lock is None else lock.since_unix_s,
            lock_note="" if lock is None else lock.note,
            guards=tuple(f"is {hold_text(hold)}" for hold in queue.gates.holds(name)),
        )

    def _reserved(self, one: Reservation) -> ReservationView:
        return ReservationView(
            id=one.id,
            controller=one.controller,
            project=self.project_name(one.project or ""),
            from_unix_s=one.from_unix_s,
            to_unix_s=one.to_unix_s,
            note=one.note,
            maintenance=one.project is None,
        )

    # --- the journal -------------------------------------------------------------------------

    async def _note(self, kind: str, name: str, value: Gate | Reservation | Lock | None) -> None:
        data = None if value is None else msgspec.json.encode(value).decode()
        await durable.stored(self._journal, QueueNoted(kind, name, data))
