"""Which project and properties new jobs get when a call does not say so.

Rule 1. An argument of a call overrules a block, and an inner block an outer one. Properties are
        merged, the innermost first.
Rule 2. A block holds for its own task and what is started from it, and for threads that are
        started while it lasts. Other tasks, and threads that ran before, do not see it.
Rule 3. A block changes nothing about exceptions: they go on.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from stationd.client.projects.project_ref import ProjectRef
from stationd.proto.error import RequestError
from stationd.proto.project import PropertyValue


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
    with _using(Defaults(_id_of(project), defaults().properties)):
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
    return _id_of(given) if given else ""


def _id_of(project: ProjectRef | str) -> str:
    if isinstance(project, ProjectRef):
        return project.id
    try:
        return str(uuid.UUID(project))
    except ValueError:
        raise RequestError(
            f"project: {project!r} is not the id of a project, which is a UUID:"
            f" jobs.projects.get({project!r}) finds one by its name"
        ) from None


def properties_with(given: Mapping[str, PropertyValue] | None) -> dict[str, PropertyValue]:
    """Return the properties of the block, and those that are given."""
    return {**defaults().properties, **(given or {})}


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
