"""Which project and properties new jobs get when a call does not say so.

Rule 1. An argument of a call overrules a block, and an inner block an outer one. Properties are
        merged, the innermost first.
Rule 2. A block holds for its own task and what is started from it, and for threads that are
        started while it lasts. Other tasks, and threads that ran before, do not see it.
Rule 3. A block changes nothing about exceptions: they go on.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from stationd.client.references import id_of
from stationd.client.table import Row, Shown
from stationd.proto.project import Project, Property, PropertyValue


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


class Defaults(Struct, frozen=True):
    """What new jobs get."""

    project: str = ""
    properties: Mapping[str, PropertyValue] = {}


@dataclass(eq=False)
class _Block:
    """A block that lasts."""

    defaults: Defaults
    older: weakref.WeakSet[threading.Thread] = field(
        default_factory=weakref.WeakSet[threading.Thread]
    )
    """The threads that ran when it began, its own among them."""


_HERE: Final[ContextVar[Defaults | None]] = ContextVar("stationd_defaults", default=None)
_BLOCKS: Final[list[_Block]] = []
_LOCK: Final = threading.Lock()


def defaults() -> Defaults:
    """Return what holds here: in this task, and in this thread."""
    here = _HERE.get()
    if here is not None:
        return here
    thread = threading.current_thread()
    with _LOCK:
        for block in reversed(_BLOCKS):
            if thread not in block.older:
                return block.defaults
    return Defaults()


@contextmanager
def pinned() -> Generator[None]:
    """Let what holds here hold in whatever another thread does for us."""
    token = _HERE.set(defaults())
    try:
        yield
    finally:
        _HERE.reset(token)


@contextmanager
def using_project(project: ProjectRef | str) -> Generator[None]:
    """Let jobs that are submitted in the block belong to a project, and searches be about it.

    Args:
        project: The project, or its id.
    """
    number = project.id if isinstance(project, ProjectRef) else id_of(project)
    with _using(Defaults(number, defaults().properties)):
        yield


@contextmanager
def using_properties(
    properties: Mapping[str, PropertyValue] | None = None, **named: bool | float | str
) -> Generator[None]:
    """Let jobs that are submitted in the block have some properties.

    Args:
        properties: By their names.
        named: The same, for names that can be written so.
    """
    before = defaults()
    with _using(Defaults(before.project, {**before.properties, **(properties or {}), **named})):
        yield


def project_of(given: ProjectRef | str | None) -> str:
    """Return the id of the project that is given, or of the block's; empty for none."""
    if given is None:
        return defaults().project
    if isinstance(given, ProjectRef):
        return given.id
    return id_of(given) if given else ""


def properties_with(given: Mapping[str, PropertyValue] | None) -> dict[str, PropertyValue]:
    """Return the properties of the block, and those that are given."""
    return {**defaults().properties, **(given or {})}


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


@contextmanager
def _using(new: Defaults) -> Generator[None]:
    block = _Block(new, weakref.WeakSet(threading.enumerate()))
    # A thread that asyncio or a test started by other means is not in that list, nor need it be.
    block.older.add(threading.current_thread())
    token = _HERE.set(new)
    with _LOCK:
        _BLOCKS.append(block)
    try:
        yield
    finally:
        with _LOCK:
            _BLOCKS.remove(block)
        _HERE.reset(token)
