"""What clients ask for about projects, answered when it is on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import msgspec

from stationd.proto.error import Conflict, Forbidden, RequestError
from stationd.proto.project import Project, Property
from stationd.proto.project_requests import (
    ChangeProject,
    CreateProject,
    ListProjects,
)
from stationd.proto.project_requests import Projects as ProjectsReply
from stationd.runtime.api.client_text import check_id, shown
from stationd.runtime.api.intake import check_storage
from stationd.runtime.journal import durable
from stationd.runtime.journal.records import ProjectStored

if TYPE_CHECKING:
    from stationd.runtime.api.people import Person
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.limits.quotas import Quotas

ProjectRequest = ListProjects | CreateProject | ChangeProject


class ProjectsApi:
    """The part of the jobs API that is about projects.

    Args:
        journal: Where they are stored.
        projects: The same in memory.
        quotas: What those have that may have only so much.
        clock: Tells when one was made.
    """

    def __init__(self, journal: Journal, projects: Projects, quotas: Quotas, clock: Clock) -> None:
        self._journal = journal
        self._quotas = quotas
        self._projects = projects
        self._clock = clock
        # One change at a time, or two could take the same name.
        self._turn = anyio.Lock()

    async def answer(self, request: ProjectRequest, person: Person) -> ProjectsReply:
        """Carry out a request and return the reply.

        Raises:
            RequestError: It cannot be carried out; nothing has changed.
        """
        match request:
            case ListProjects():
                found = tuple(self._matching(request))
            case CreateProject():
                async with self._turn:
                    found = (await self._create(request, person),)
            case ChangeProject():
                async with self._turn:
                    found = (await self._change(request, person),)
        ids, used = {project.id for project in found}, self._quotas.used()
        used = {project: size for project, size in used.items() if project in ids}
        return ProjectsReply(request.request, found, used)

    def _matching(self, request: ListProjects) -> list[Project]:
        part = request.name_like.casefold()
        return [
            project
            for project in self._projects.all()
            if part in project.name.casefold() and request.archived in {None, project.archived}
        ]

    async def _create(self, request: CreateProject, person: Person) -> Project:
        check_id(request.id)
        known = self._projects.get(request.id)
        if known is not None:
            if known.name != request.name:
                raise Conflict(f"the id {request.id} is in use for another project")
            return known
        known = self._projects.named(request.name)
        if known is not None:
            if request.exist_ok:
                return known
            raise Conflict(f"there is a project {shown(request.name)} already: choose another name")
        now = self._clock.time()
        return await self._written(
            Project(
                id=request.id,
                name=request.name,
                created_unix_s=now,
                modified_unix_s=now,
                description=request.description,
                properties=_merged((), request.properties),
                creator=person.name,
            )
        )

    async def _change(self, request: ChangeProject, person: Person) -> Project:
        known = self._projects.found(request.id)
        person.check_owner(known.creator, f"project {shown(known.name)}")
        if request.quota_bytes is not None or request.keep_days is not None:
            _check_keeper(person, known)
        description, archived = request.description, request.archived
        return await self._written(
            msgspec.structs.replace(
                known,
                description=known.description if description is None else description,
                archived=known.archived if archived is None else archived,
                properties=_merged(known.properties, request.properties or ()),
                quota_bytes=known.quota_bytes
                if request.quota_bytes is None
                else request.quota_bytes,
                keep_days=_kept(known, request),
                modified_unix_s=self._clock.time(),
            )
        )

    async def _written(self, project: Project) -> Project:
        check_storage(self._journal)
        await durable.stored(self._journal, ProjectStored(project))
        self._projects.take(project)
        await self._quotas.follow(project)
        return project


def _check_keeper(person: Person, project: Project) -> None:
    """Return if this person may say how much of a project's data is kept, and for how long.

    Raises:
        Forbidden: No: who owns a project could take as much of the disk as they like.
    """
    if not person.may("operator"):
        raise Forbidden(
            f"how much project {shown(project.name)} may store, and for how long, takes the role"
            f" operator; {person.name or 'whoever asks'} has the role {person.role}"
        )


def _kept(known: Project, request: ChangeProject) -> float | None:
    if request.keep_days is None:
        return known.keep_days
    return None if isinstance(request.keep_days, str) else request.keep_days


def _merged(older: tuple[Property, ...], newer: tuple[Property, ...]) -> tuple[Property, ...]:
    """Return definitions with others added or changed.

    Raises:
        RequestError: One has another type already: jobs have values of it.
    """
    merged = {each.name: each for each in older}
    for each in newer:
        known = merged.get(each.name)
        if known is not None and known.type != each.type:
            raise RequestError(
                f"property {shown(each.name)} is of type {known.type} already, not {each.type}:"
                " choose another name"
            )
        merged[each.name] = each
    return tuple(merged.values())
