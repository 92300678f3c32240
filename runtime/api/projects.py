"""The station's projects, in memory so that a submit need not ask the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from stationd.proto.error import ErrorCode, ErrorInfo, InvalidJob, Problem, UnknownProject
from stationd.proto.project import property_problems
from stationd.runtime.api.client_text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.project import Project, PropertyValue
    from stationd.runtime.journal.interface import Queries


class Projects:
    """All projects, as they are on disk."""

    def __init__(self) -> None:
        self._projects: dict[str, Project] = {}
        self._named: dict[str, str] = {}

    @classmethod
    async def loaded(cls, queries: Queries) -> Self:
        """Return what there was before this start."""
        projects = cls()
        for project in await queries.projects():
            projects.take(project)
        return projects

    def take(self, project: Project) -> None:
        """Take note of a project that is on disk."""
        self._projects[project.id] = project
        self._named[project.name] = project.id

    def all(self) -> list[Project]:
        """Return the projects by name."""
        return sorted(self._projects.values(), key=lambda project: project.name)

    def kept(self) -> dict[str, float]:
        """Return how many days the jobs of those are kept that say so themselves; 0 for ever."""
        found = self._projects.values()
        return {one.id: one.keep_days for one in found if one.keep_days is not None}

    def get(self, number: str) -> Project | None:
        """Return the project with an id."""
        return self._projects.get(number)

    def named(self, name: str) -> Project | None:
        """Return the project with a name."""
        return self._projects.get(self._named.get(name, ""))

    def found(self, number: str) -> Project:
        """Return the project with an id.

        Raises:
            UnknownProject: There is none.
        """
        project = self._projects.get(number)
        if project is None:
            raise UnknownProject(f"there is no project {shown(number)} at this station")
        return project

    def check_properties(self, project: str, properties: Mapping[str, PropertyValue]) -> None:
        """Return if a job of a project may have some properties; without a project, any.

        Raises:
            UnknownProject: There is no such project.
            InvalidJob: The project does not define them like this.
        """
        if not project:
            return
        found = property_problems(self.found(project), properties)
        if found:
            problems = tuple(Problem(each, field="properties") for each in found)
            raise InvalidJob(
                ErrorInfo(ErrorCode.INVALID_JOB, "the properties do not fit", problems)
            )

    def check_job(self, project: str, properties: Mapping[str, PropertyValue]) -> None:
        """Return if a new job may belong to a project and have some properties.

        Raises:
            UnknownProject: There is no such project.
            InvalidJob: It is archived, or does not define the properties like this.
        """
        if project and self.found(project).archived:
            problem = Problem(
                "the project is archived: take it out of the archive", field="project"
            )
            raise InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot run", (problem,)))
        self.check_properties(project, properties)
