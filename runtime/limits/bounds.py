"""What the configuration says of how much each user may take.

Rule 1. What is said of a user holds for them; else what is said of their role; else what is said
        of everybody.
Rule 2. 0 stands for no bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, cast

import msgspec
from msgspec import Meta, Struct, field

Count = Annotated[int, Meta(ge=0, le=2**53)]
Amount = Annotated[float, Meta(ge=0, le=1_000_000_000)]


class Bounds(Struct, frozen=True, forbid_unknown_fields=True):
    """What one user may take."""

    jobs: Count = 0
    """Jobs that are not over at a time."""
    requests_per_second: Amount = 0.0
    """Requests, for as long as one likes."""
    burst: Annotated[int, Meta(ge=1, le=1_000_000)] = 100
    """Requests that may come at once after a pause."""
    result_gib: Amount = 0.0
    """GiB of stored results; whoever has more submits nothing until some are deleted."""
    program_mib: Amount = 0.0
    """MiB of one job's programs."""
    streams: Count = 10_000
    """Streams of status events at a time."""


class Otherwise(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is said of a role or a user alone; what is left out holds as for the others."""

    jobs: Count | None = None
    requests_per_second: Amount | None = None
    burst: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    result_gib: Amount | None = None
    program_mib: Amount | None = None
    streams: Count | None = None


Role = Literal["observer", "submitter", "operator", "admin"]


class Limits(Bounds, frozen=True, forbid_unknown_fields=True):
    """How much each user may take; ``[users.NAME] limits = {...}`` says otherwise of one."""

    roles: dict[Role, Otherwise] = field(default_factory=dict[Role, Otherwise])
    """The same for everybody of a role."""


_KEYS: Final = Bounds.__struct_fields__


def bounds_of(limits: Limits, role: str, own: Otherwise | None) -> Bounds:
    """Return what holds for a user.

    Args:
        limits: The table.
        role: The user's.
        own: What is said of this user alone; None if nothing is.
    """
    said: dict[str, object] = {key: getattr(limits, key) for key in _KEYS}
    for more in (cast("Mapping[str, Otherwise]", limits.roles).get(role), own):
        if more is not None:
            said |= {key: given for key in _KEYS if (given := getattr(more, key)) is not None}
    return msgspec.convert(said, Bounds)
