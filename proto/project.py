"""Projects: what jobs are grouped by, and which properties their jobs may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.number import MOST, Finite, Natural, UnixTime

MOST_PROPERTIES: Final = 100
"""The most properties that a project can define, and that a job can have."""

NEW_ID: Final = Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
NewId = Annotated[str, NEW_ID]
"""A UUID in lower case, made by the client so that sending it twice makes one thing."""
PropertyName = Annotated[str, Meta(min_length=1, max_length=100, pattern=r'^[^"\\\x00-\x1f]+\Z')]
"""Without quotes and backslashes, so that it can stand in a path into JSON."""
PropertyType = Literal["bool", "int", "float", "string"]
PropertyValue = (
    bool | Annotated[int, Meta(ge=-MOST, le=MOST)] | Finite | Annotated[str, Meta(max_length=1000)]
)
Properties = Annotated[dict[PropertyName, PropertyValue], Meta(max_length=MOST_PROPERTIES)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Days = Annotated[float, Meta(ge=0, le=100_000)]
Description = Annotated[str, Meta(max_length=4000)]


class Property(Struct, frozen=True, array_like=True):
    """A property that jobs of a project may have."""

    name: PropertyName
    type: PropertyType
    required: bool = False
    """A job without it is refused."""


class Project(Struct, frozen=True, kw_only=True):
    """A project, as it is stored."""

    id: NewId
    name: Title
    """Different from that of every other project, archived ones too."""
    created_unix_s: UnixTime
    modified_unix_s: UnixTime
    description: Description = ""
    properties: Annotated[tuple[Property, ...], Meta(max_length=MOST_PROPERTIES)] = ()
    archived: bool = False
    """Its jobs stay, and new ones are refused."""
    creator: str = ""
    quota_bytes: Natural = 0
    """What the results of its jobs may take up: above it new ones are refused. 0 for no bound."""
    keep_days: Days | None = None
    """Days that its jobs are kept after their end; 0 for ever, None for as the station says."""


def property_problems(project: Project, given: Mapping[str, PropertyValue]) -> list[str]:
    """Return what is wrong with the properties of a job of a project, in words."""
    defined = {each.name: each for each in project.properties}
    problems = [
        f"property {name!r} is not defined in project {project.name!r}"
        f" (defined: {', '.join(defined) or 'none'})"
        for name in given
        if name not in defined
    ]
    for name, each in defined.items():
        if name not in given:
            if each.required:
                problems.append(f"property {name!r} is required in project {project.name!r}")
        elif not _is_of(given[name], each.type):
            problems.append(f"property {name!r} is to be of type {each.type}, not {given[name]!r}")
    return problems


def _is_of(value: PropertyValue, kind: PropertyType) -> bool:
    match kind:
        case "bool":
            return isinstance(value, bool)
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
