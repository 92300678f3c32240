"""From the arguments of a search to what the station is asked for: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal, TypeVar, cast, get_args

import msgspec

from stationd.client.references.any_status import AnyStatus, is_known
from stationd.proto.error import RequestError
from stationd.proto.job import JobFilter, JobKind, JobType
from stationd.proto.project import PropertyValue
from stationd.proto.search import ScopeFilterEnum, SortFilterEnum
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, StatusEnum

E = TypeVar("E", bound=StrEnum)

Status = AnyStatus | str
"""What jobs can be searched by; a text is the name of a coarse status or a rung's value."""
Type = JobType | JobKind
Strings = str | Iterable[str]
CREATED_AFTER: Final = datetime(2023, 1, 1, tzinfo=UTC)
"""What a search leaves out unless it says otherwise, as in the API that this one follows."""

_KINDS: Final[dict[str, tuple[JobKind, ...]]] = {
    JobType.EXECUTE: ("circuits", "sweep"),
    JobType.COMPILE: ("compile",),
    "circuits": ("circuits",),
    "sweep": ("sweep",),
}
_Passing = Literal["CANCELLING", "RETRYING"]
_PASSING: Final[tuple[str, ...]] = get_args(_Passing)
_CHECK: Final = msgspec.msgpack.Decoder(JobFilter)


def wanted(
    *,
    name_like: str | None = None,
    name_exact: Strings | None = None,
    creator_email: Strings | None = None,
    project: str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    job_status: Status | Iterable[Status] | None = None,
    job_type: Type | Iterable[Type] | None = None,
    created_before: datetime | None = None,
    created_after: datetime | None = None,
    modified_before: datetime | None = None,
    modified_after: datetime | None = None,
    scope: ScopeFilterEnum | str | None = None,
    target: str | None = None,
) -> JobFilter:
    """Return what the arguments of a search ask for.

    Raises:
        RequestError: An argument makes no sense; nothing has been asked.
    """
    statuses = [status_of(cast("Status", each), "job_status") for each in _several(job_status)]
    rungs = tuple(status for status in statuses if isinstance(status, JobExecutorStatus))
    coarse = [status.name for status in statuses if not isinstance(status, JobExecutorStatus)]
    if rungs and coarse:
        raise RequestError(
            "job_status holds both JobExecutorStatus and coarser statuses: search for one kind"
        )
    strange = [status for status in statuses if not is_known(status)]
    if strange:
        raise RequestError(
            f"job_status: {strange[0].value!r} is a status that this client does not know: update"
            " it to search by it"
        )
    passing = tuple(name for name in coarse if name in _PASSING)
    return checked(
        JobFilter(
            name_like=name_like or "",
            names=cast("tuple[str, ...]", tuple(_several(name_exact))),
            creators=cast("tuple[str, ...]", tuple(_several(creator_email))),
            projects=(project,) if project else (),
            properties=dict(properties or {}),
            statuses=rungs,
            coarse=tuple(JobStatusEnum[name] for name in coarse if name not in _PASSING),
            passing=cast("tuple[_Passing, ...]", passing),
            kinds=_kinds(job_type),
            created_before=unix_of(created_before),
            created_after=unix_of(created_after),
            modified_before=unix_of(modified_before),
            modified_after=unix_of(modified_after),
            scope=None if scope is None else _member(ScopeFilterEnum, scope, "scope"),
            target=target or "",
        )
    )


def checked(search: JobFilter) -> JobFilter:
    """Return a search if every value in it is of the right type and within its bounds.

    Raises:
        RequestError: One is not; the message says which.
    """
    try:
        return _CHECK.decode(msgspec.msgpack.encode(search))
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        raise RequestError(f"the search makes no sense: {error}") from error


def sorting(
    sort_filters: SortFilterEnum | Iterable[SortFilterEnum] | None,
) -> tuple[SortFilterEnum, ...]:
    """Return the order of a search.

    Raises:
        RequestError: There is no such order.
    """
    return tuple(_member(SortFilterEnum, each, "sort_filters") for each in _several(sort_filters))


def described(search: JobFilter) -> str:
    """Return a search in words.

    >>> described(JobFilter(name_like="ramsey", coarse=(JobStatusEnum.QUEUED,)))
    "name like 'ramsey', status QUEUED"
    """
    statuses = [*(str(s) for s in search.statuses), *(s.value for s in search.coarse)]
    properties = ", ".join(f"{name}={value!r}" for name, value in search.properties.items())
    parts = [
        f"name like {search.name_like!r}" if search.name_like else "",
        f"name {' or '.join(map(repr, search.names))}" if search.names else "",
        f"creator {' or '.join(search.creators)}" if search.creators else "",
        f"project {' or '.join(search.projects)}" if search.projects else "",
        f"properties {properties}" if properties else "",
        f"status {' or '.join([*statuses, *search.passing])}" if statuses or search.passing else "",
        f"type {' or '.join(search.kinds)}" if search.kinds else "",
        f"target {search.target}" if search.target else "",
        *_described_times(search),
        f"scope {search.scope.value}" if search.scope else "",
    ]
    return ", ".join(part for part in parts if part) or "any job"


def unix_of(time: datetime | None) -> float | None:
    """Return a time as Unix seconds; one without a zone is meant in UTC.

    >>> unix_of(datetime(1970, 1, 2))
    86400.0
    """
    if time is None:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _described_times(search: JobFilter) -> list[str]:
    bounds = [
        ("created after", search.created_after),
        ("created before", search.created_before),
        ("modified after", search.modified_after),
        ("modified before", search.modified_before),
    ]
    usual = unix_of(CREATED_AFTER)
    return [
        f"{words} {datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S}"
        for words, time in bounds
        if time is not None and (words, time) != ("created after", usual)
    ]


def status_of(given: Status, field: str) -> AnyStatus:
    """Return a status that may be given by its name.

    Raises:
        RequestError: There is none of this name.
    """
    if isinstance(given, StatusEnum | JobStatusEnum | JobExecutorStatus):
        return given
    if given.upper() in StatusEnum.__members__:
        return StatusEnum[given.upper()]
    if given.upper() in JobExecutorStatus.__members__:
        return JobExecutorStatus[given.upper()]
    known = ", ".join(StatusEnum.__members__)
    raise RequestError(f"{field}: {given!r} is no status: choose among {known}, or a rung")


def _member(enum: type[E], given: object, field: str) -> E:
    try:
        return enum(str(given))
    except ValueError:
        known = ", ".join(each.value for each in enum)
        raise RequestError(f"{field}: {given!r} is none of {known}") from None


def _several(value: object) -> list[object]:
    """Return what is one thing or several as a list."""
    if value is None:
        return []
    if isinstance(value, Iterable) and not isinstance(value, str):
        return list(cast("Iterable[object]", value))
    return [value]


def _kinds(given: Type | Iterable[Type] | None) -> tuple[JobKind, ...]:
    found: dict[JobKind, None] = {}
    for each in _several(given):
        if not isinstance(each, str) or each not in _KINDS:
            raise RequestError(f"job_type: {each!r} is none of {', '.join(_KINDS)}")
        found |= dict.fromkeys(_KINDS[each])
    return tuple(found)
