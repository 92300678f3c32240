"""In which order jobs are listed, and where a page of them begins.

Rule 1. Every order is total: whatever the keys leave open, the number decides, so that a page
        can begin right after the last job of the page before it.
Rule 2. Being created is a matter of numbers: they are given in the order of submission, and a
        clock that is set back does not change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from stationd.proto.number import Natural, UnixTime


class SortFilterEnum(StrEnum):
    """The orders in which jobs can be listed; those of Nexus' jobs API."""

    CREATED_ASC = "created"
    CREATED_DESC = "-created"
    MODIFIED_ASC = "modified"
    MODIFIED_DESC = "-modified"
    NAME_ASC = "name"
    NAME_DESC = "-name"


class ScopeFilterEnum(StrEnum):
    """As whom to look at jobs; whoever does not hold the role sees none."""

    USER = "user"
    """The jobs of whoever asks."""
    ORG_ADMIN = "org_admin"
    """All jobs, for operators and admins."""
    GLOBAL_ADMIN = "global_admin"
    """All jobs, for admins."""
    HIGHEST = "highest"
    """The widest of these that whoever asks may have."""


class JobPlace(Struct, frozen=True, array_like=True):
    """Where a job stands in any order."""

    number: Natural
    modified_unix_s: UnixTime
    name: str


class Order(Struct, frozen=True, array_like=True):
    """In which order, and from where on."""

    sort: Annotated[tuple[SortFilterEnum, ...], Meta(max_length=6)] = ()
    """The first counts most; empty for the newest first."""
    after: JobPlace | None = None
    """Only jobs that follow this place: the last one of the page before."""
    skip: Natural = 0
    """How many to leave out besides; for pages that are asked for by their number."""


NEWEST_FIRST: Final = Order()


def keys_of(sort: Sequence[SortFilterEnum]) -> list[tuple[str, bool]]:
    """Return what jobs are compared by: number, modified or name, and whether it descends.

    >>> keys_of([SortFilterEnum.NAME_ASC])
    [('name', False), ('number', True)]
    """
    keys: list[tuple[str, bool]] = []
    for each in sort:
        name = each.value.removeprefix("-").replace("created", "number")
        if name not in dict(keys):
            keys.append((name, each.value.startswith("-")))
        if name == "number":
            return keys
    return [*keys, ("number", True)]


def compare(one: JobPlace, other: JobPlace, sort: Sequence[SortFilterEnum]) -> int:
    """Return a negative number if one comes first, 0 if they are the same, else a positive one."""
    for name, descends in keys_of(sort):
        ours, theirs = _value(one, name), _value(other, name)
        if ours != theirs:
            return -1 if (ours < theirs) != descends else 1
    return 0


def _value(place: JobPlace, name: str) -> tuple[float, str]:
    match name:
        case "name":
            return 0, place.name.casefold()
        case "modified":
            return place.modified_unix_s, ""
        case _:
            return place.number, ""
