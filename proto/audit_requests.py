"""Part of the jobs protocol: who has changed what at a station, and who was refused.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.number import Natural, UnixTime

MOST_AUDIT_LINES: Final = 1000
"""The most lines of one answer."""

Outcome = Literal["done", "refused"]
"""What became of a request."""


class ReadAudit(Struct, frozen=True, array_like=True, tag=80):
    """Show who has changed what, and who was refused; the newest. Answered by AuditTrail."""

    request: Natural
    user: Annotated[str, Meta(max_length=200)] | None = None
    """Only of this user; None for all, here and below."""
    since_unix_s: UnixTime | None = None
    """Only from this time on."""
    outcome: Outcome | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_AUDIT_LINES)] = 100


class AuditLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request that changed something, or was refused."""

    time_unix_s: float
    """When it was answered."""
    user: str
    """Empty if nothing told who it was."""
    role: str = ""
    means: str = ""
    """What the user is known by, as in ``unix:1000`` and ``curve:KEY``."""
    peer: str = ""
    """The address of the other end of the connection."""
    endpoint: str = ""
    """Of the station, where the request came in."""
    request: str
    """The message's name, as in ``Cancel``; empty if it could not be read."""
    subject: str = ""
    """What it is about: a job, a project, a target, a controller."""
    jobs: int = 0
    """How many jobs a batch has submitted."""
    outcome: Outcome
    code: str = ""
    """Why it was refused, as an `ErrorCode`."""
    detail: str = ""
    """Why it was refused, in words."""
    left_out: int = 0
    """Refusals of the same sort by the same user, before this one, that have no line."""


class AuditTrail(Struct, frozen=True, array_like=True, tag=180):
    """Who has changed what, in the order of time."""

    request: int
    lines: tuple[AuditLine, ...]
    more: bool
    """Whether older lines that match were left out."""
