"""What clients ask for about the names of jobs, their projects, and their end in the archive.

A part of the jobs protocol, whose rules hold here too.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from stationd.proto.job import JobFilter, JobId
from stationd.proto.number import Natural
from stationd.proto.program import Program, Sweep
from stationd.proto.project import (
    MOST_PROPERTIES,
    Days,
    Description,
    NewId,
    Project,
    Properties,
    Property,
    Title,
)

# --- requests --------------------------------------------------------------------------------


class Annotate(Struct, frozen=True, array_like=True, tag=40):
    """Change what people wrote about a job. Answered by Job once that is on disk."""

    request: Natural
    job: JobId
    name: Annotated[str, Meta(max_length=200)] | None = None
    """None to leave it, here and below."""
    description: Description | None = None
    properties: Properties | None = None
    """All of them: those that are not named go."""


class Delete(Struct, frozen=True, array_like=True, tag=41):
    """Forget a job that is over, and its results. Answered by Deleted once that is on disk."""

    request: Natural
    job: JobId


class Count(Struct, frozen=True, array_like=True, tag=42):
    """Count the jobs that match. Answered by Counted."""

    request: Natural
    filter: JobFilter


class GetInput(Struct, frozen=True, array_like=True, tag=43):
    """Show what one item of a job runs. Answered by Input."""

    request: Natural
    job: JobId
    item: Natural = 0


class ListProjects(Struct, frozen=True, array_like=True, tag=44):
    """Show the projects, by name. Answered by Projects."""

    request: Natural
    name_like: Annotated[str, Meta(max_length=200)] = ""
    """Part of the name, in any case."""
    archived: bool | None = False
    """None for both."""


class CreateProject(Struct, frozen=True, array_like=True, tag=45):
    """Make a project. Answered by Projects, with this one alone, once it is on disk."""

    request: Natural
    id: NewId
    name: Title
    description: Description = ""
    properties: Annotated[tuple[Property, ...], Meta(max_length=MOST_PROPERTIES)] = ()
    exist_ok: bool = False
    """If there is a project of this name, answer with that one."""


class ChangeProject(Struct, frozen=True, array_like=True, tag=46):
    """Change a project. Answered by Projects, with this one alone, once that is on disk."""

    request: Natural
    id: NewId
    description: Description | None = None
    """None to leave it, here and below."""
    properties: Annotated[tuple[Property, ...], Meta(max_length=MOST_PROPERTIES)] | None = None
    """Definitions to add, or to make required or not; the others stay."""
    archived: bool | None = None
    quota_bytes: Natural | None = None
    """What its results may take up; 0 for no bound. An operator says this and what follows."""
    keep_days: Days | Literal["station"] | None = None
    """As `Project.keep_days`; ``station`` for as the station says."""


# --- replies ---------------------------------------------------------------------------------


class Deleted(Struct, frozen=True, array_like=True, tag=140):
    """The job is not there any more."""

    request: int
    outcome: Literal["deleted", "already_gone"]


class Counted(Struct, frozen=True, array_like=True, tag=141):
    """How many jobs match."""

    request: int
    count: int


class Input(Struct, frozen=True, array_like=True, tag=142):
    """What an item of a job runs."""

    request: int
    program: Program | Sweep
    n_shots: int
    """0 if it is a sweep, or compiled alone."""


class Projects(Struct, frozen=True, array_like=True, tag=143):
    """Projects, by name."""

    request: int
    projects: tuple[Project, ...]
    used_bytes: dict[str, int] = {}
    """What the results of those that have a quota take up, by id."""
