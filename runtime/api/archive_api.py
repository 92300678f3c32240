"""What clients ask for about stored jobs: how they are, what they run, what people call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stationd.proto.compiled_requests import Compiled, ReadCompiled
from stationd.proto.error import RequestError
from stationd.proto.jobs_protocol import Get, Job, Jobs, List, Reply
from stationd.proto.program import Circuits, Sweep
from stationd.proto.project_requests import (
    Annotate,
    Count,
    Counted,
    Delete,
    Deleted,
    GetInput,
    Input,
)
from stationd.proto.search import ScopeFilterEnum
from stationd.runtime.api.intake import check_storage
from stationd.runtime.api.people import scoped
from stationd.runtime.api.privacy import unknown_job
from stationd.runtime.journal import durable
from stationd.runtime.journal.records import JobAnnotated

if TYPE_CHECKING:
    from stationd.proto.job import JobFilter, JobId
    from stationd.runtime.api.people import Person
    from stationd.runtime.api.privacy import Privacy
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.api.views import Views
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.stored import StoredJob
    from stationd.runtime.work.retention import Forgetting

ArchiveRequest = Get | List | Count | GetInput | ReadCompiled | Annotate | Delete


class ArchiveApi:
    """The part of the jobs API that is about stored jobs.

    Args:
        journal: Where they are.
        projects: What properties a job may have.
        views: Show jobs.
        forgetting: Deletes jobs.
        privacy: Knows whose jobs somebody may read.
    """

    def __init__(
        self,
        journal: Journal,
        projects: Projects,
        views: Views,
        forgetting: Forgetting,
        privacy: Privacy,
    ) -> None:
        self._privacy = privacy
        self._journal = journal
        self._projects = projects
        self._views = views
        self._forgetting = forgetting

    async def answer(self, request: ArchiveRequest, person: Person) -> Reply:
        """Carry out a request and return the reply.

        Raises:
            RequestError: It cannot be carried out; nothing has changed.
        """
        match request:
            case Get():
                return Job(request.request, await self._views.of(request.job))
            case List():
                return await self._list(request, person)
            case Count():
                wanted = self._seen_by(request.filter, person)
                found = 0 if wanted is None else await self._journal.count(wanted)
                return Counted(request.request, found)
            case GetInput():
                return _input(request, await self._stored(request.job))
            case ReadCompiled():
                return await self._compiled(request)
            case Annotate():
                await self._annotate(request, person)
                return Job(request.request, await self._views.of(request.job))
            case Delete():
                return await self._delete(request, person)

    async def _delete(self, request: Delete, person: Person) -> Deleted:
        stored = await self._journal.stored(request.job)
        if stored is None:
            return Deleted(request.request, "already_gone")
        person.check_owner(stored.spec.creator, f"job {stored.job}")
        check_storage(self._journal)
        there = await self._forgetting.delete(request.job)
        return Deleted(request.request, "deleted" if there else "already_gone")

    async def _list(self, request: List, person: Person) -> Jobs:
        wanted = self._seen_by(request.filter, person)
        if wanted is None:
            return Jobs(request.request, (), more=False)
        views, more = await self._journal.views(
            wanted, request.before, request.limit, request.order
        )
        return Jobs(request.request, tuple(map(self._views.with_live, views)), more)

    def _seen_by(self, wanted: JobFilter, person: Person) -> JobFilter | None:
        if wanted.scope is None and self._privacy.whose(person) is not None:
            wanted = msgspec.structs.replace(wanted, scope=ScopeFilterEnum.USER)
        creators = scoped(wanted, person)
        if creators is None:
            return None
        return msgspec.structs.replace(wanted, creators=creators, scope=None)

    async def _compiled(self, request: ReadCompiled) -> Compiled:
        found = await self._journal.compiled(request.job)
        if not found:
            await self._views.of(request.job)  # there is no such job, or nothing of it is compiled
        return Compiled(request.request, tuple(found))

    async def _annotate(self, request: Annotate, person: Person) -> None:
        stored = await self._stored(request.job)
        person.check_owner(stored.spec.creator, f"job {stored.job}")
        spec = stored.spec
        record = JobAnnotated(
            stored.number,
            spec.name if request.name is None else request.name,
            spec.description if request.description is None else request.description,
            spec.properties if request.properties is None else request.properties,
        )
        if request.properties is not None:
            self._projects.check_properties(spec.project, request.properties)
        check_storage(self._journal)
        self._views.forget(stored.job)
        await durable.stored(self._journal, record)
        # If the job was on disk and nobody had been told yet, it has come to memory since.
        self._views.forget(stored.job)

    async def _stored(self, job: JobId) -> StoredJob:
        stored = await self._journal.stored(job)
        if stored is None:
            raise unknown_job(job)
        return stored


def _input(request: GetInput, stored: StoredJob) -> Input:
    work = stored.spec.work
    if request.item >= stored.spec.items:
        raise RequestError(
            f"job {stored.job} has {stored.spec.items} items: there is no item {request.item}"
        )
    if isinstance(work, Sweep):
        return Input(request.request, work, 0)
    shots = work.n_shots[request.item] if isinstance(work, Circuits) else 0
    return Input(request.request, work.programs[request.item], shots)
