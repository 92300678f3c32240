"""Part of the jobs protocol: targets and controllers.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.job import JobId
from stationd.proto.number import Natural
from stationd.proto.program import Capabilities

# --- requests ---------------------------------------------------------------------------------


class ListControllers(Struct, frozen=True, array_like=True, tag=14):
    """Show the station's targets and controllers. Answered by Controllers."""

    request: Natural


class ResetController(Struct, frozen=True, array_like=True, tag=16):
    """Trust a controller in quarantine again. Answered by Controllers.

    Somebody has seen to it that its instruments are at rest.
    """

    request: int
    name: str


# --- replies ----------------------------------------------------------------------------------


class ControllerView(Struct, frozen=True, kw_only=True):
    """What the daemon knows of a controller."""

    name: str
    driver: str
    connected: bool
    running: JobId | None
    """The job that it is at work on; empty for one that whoever asks may not read."""
    line: int
    """Tickets in line."""
    capabilities: Capabilities | None
    """None if it has never connected."""
    quarantined: JobId | None = None
    """The job that it did not come to rest from, as in `running`; it gets no other until it has."""
    heard_unix_s: float | None = None
    """When it gave its last sign of life; None if it has given none since the daemon started."""


class TargetView(Struct, frozen=True, kw_only=True):
    """A QPU that jobs can name."""

    name: str
    controller: str


class Controllers(Struct, frozen=True, array_like=True, tag=113):
    """The station's targets and controllers."""

    request: int
    targets: tuple[TargetView, ...]
    controllers: tuple[ControllerView, ...]
