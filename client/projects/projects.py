"""Projects: what jobs are grouped by; asynchronous.

Jobs are put into one with the `project` of a call, or with `using_project`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from stationd.client.connection.shared import connection
from stationd.client.projects.context import project_of
from stationd.client.projects.project_ref import ProjectRef, ref_of
from stationd.client.references.table import Rows
from stationd.proto.error import ProtocolViolation, UnknownProject
from stationd.proto.project import Property, PropertyType
from stationd.proto.project_requests import ChangeProject, CreateProject, ListProjects, Projects

Definitions = Mapping[str, PropertyType] | None
"""The properties that jobs of a project may have: ``bool``, ``int``, ``float`` or ``string``."""

Found = Rows[ProjectRef]


async def create(name: str, description: str = "", properties: Definitions = None) -> ProjectRef:
    """Make a project.

    Args:
        name: Different from that of every other project.
        description: For people.
        properties: What its jobs may have, and of which types; see `add_property`, too.

    Raises:
        Conflict: There is a project of this name.
    """
    request = CreateProject(0, str(uuid.uuid4()), name, description, _defined(properties))
    return await _one(request)


async def get_or_create(
    name: str, description: str = "", properties: Definitions = None
) -> ProjectRef:
    """Return the project of a name; make it if there is none."""
    number = str(uuid.uuid4())
    return await _one(
        CreateProject(0, number, name, description, _defined(properties), exist_ok=True)
    )


async def get(name: str) -> ProjectRef:
    """Return the project of a name, archived or not.

    Raises:
        UnknownProject: There is none.
    """
    for project in await get_all(name_like=name, archived=None):
        if project.name == name:
            return project
    raise UnknownProject(f"the station has no project {name!r}")


async def get_all(name_like: str = "", *, archived: bool | None = False) -> Found:
    """Return the projects, by name.

    Args:
        name_like: Part of the name, in any case.
        archived: Which ones; None for both.
    """
    answer = await connection().ask(ListProjects(0, name_like, archived), Projects)
    return Found(ref_of(one, answer.used_bytes.get(one.id)) for one in answer.projects)


async def add_property(
    project: ProjectRef | str, name: str, property_type: PropertyType, *, required: bool = False
) -> ProjectRef:
    """Define a property that jobs of a project may have, or must.

    Raises:
        RequestError: It is defined with another type.
        Forbidden: The project is somebody else's.
    """
    defined = (Property(name, property_type, required),)
    return await _one(ChangeProject(0, project_of(project), None, defined))


async def archive(project: ProjectRef | str, *, archived: bool = True) -> ProjectRef:
    """Put a project into the archive, or take it out: its jobs stay, and new ones are refused.

    Jobs that are under way go on.
    """
    return await _one(ChangeProject(0, project_of(project), archived=archived))


async def set_quota(project: ProjectRef | str, quota_bytes: int) -> ProjectRef:
    """Say how much the results of a project's jobs may take up; an operator does.

    New jobs of a project that has more are refused with `LimitReached`. Jobs that are under way
    go on, and their results are stored.

    Args:
        project: The project.
        quota_bytes: Bytes; 0 for no bound.

    Raises:
        Forbidden: This is no operator.
    """
    return await _one(ChangeProject(0, project_of(project), quota_bytes=quota_bytes))


async def set_retention(project: ProjectRef | str, days: float | None) -> ProjectRef:
    """Say how long a project's jobs are kept after their end, with their results; an operator does.

    Args:
        project: The project.
        days: Days; 0 for ever, None for as long as the station keeps all others.

    Raises:
        Forbidden: This is no operator.
    """
    return await _one(
        ChangeProject(0, project_of(project), keep_days="station" if days is None else days)
    )


async def _one(request: CreateProject | ChangeProject) -> ProjectRef:
    answer = await connection().ask(request, Projects)
    if len(answer.projects) != 1:
        raise ProtocolViolation(f"the station answered with {len(answer.projects)} projects")
    (project,) = answer.projects
    return ref_of(project, answer.used_bytes.get(project.id))


def _defined(properties: Definitions) -> tuple[Property, ...]:
    return tuple(Property(name, kind) for name, kind in (properties or {}).items())
