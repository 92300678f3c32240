"""References to projects."""

from __future__ import annotations

from stationd.client.references.table import Row, Shown
from stationd.proto.project import Project, Property


class ProjectRef(Shown, frozen=True, kw_only=True, tag=True, tag_field="type"):
    """A project, as it was when last heard of."""

    id: str
    """A UUID."""
    name: str
    description: str = ""
    properties: tuple[Property, ...] = ()
    """The properties that its jobs may have."""
    archived: bool = False
    creator: str = ""
    created_unix_s: float = 0.0
    modified_unix_s: float = 0.0
    quota_bytes: int = 0
    """What the results of its jobs may take up; 0 for no bound."""
    keep_days: float | None = None
    """Days that its jobs are kept after their end; 0 for ever, None for as the station says."""
    used_bytes: int | None = None
    """What its results take up; None of one without a quota."""

    def row(self) -> Row:
        """Return the columns of its table."""
        return {
            "name": self.name,
            "description": self.description,
            "properties": ", ".join(f"{each.name}: {each.type}" for each in self.properties),
            "archived": self.archived,
            "creator": self.creator,
            "id": self.id,
        }

    def __repr__(self) -> str:
        archived = ", archived" if self.archived else ""
        return f"<ProjectRef {self.id} {self.name!r}{archived}>"


def ref_of(project: Project, used_bytes: int | None = None) -> ProjectRef:
    """Return the reference of a project that the station has shown."""
    return ProjectRef(
        id=project.id,
        name=project.name,
        description=project.description,
        properties=project.properties,
        archived=project.archived,
        creator=project.creator,
        created_unix_s=project.created_unix_s,
        modified_unix_s=project.modified_unix_s,
        quota_bytes=project.quota_bytes,
        keep_days=project.keep_days,
        used_bytes=used_bytes,
    )
