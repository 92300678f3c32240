"""Part of the jobs protocol: which versions of what ran at a station, and when.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.number import Natural, UnixTime


class ReadVersions(Struct, frozen=True, array_like=True, tag=82):
    """Show what the daemon and the controllers ran at a time. Answered by Versions."""

    request: Natural
    at_unix_s: UnixTime | None = None
    """None for now."""


class RunningVersions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the daemon or a controller ran."""

    controller: str
    """Empty for the daemon."""
    since_unix_s: float
    """When it began to."""
    versions: dict[str, str]
    """By what has them: Python, libraries, packages, and a file that has no package."""


class Versions(Struct, frozen=True, array_like=True, tag=182):
    """What ran at a time, or last before it; the daemon first, then the controllers by name."""

    request: int
    running: tuple[RunningVersions, ...]
