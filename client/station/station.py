"""What a station says of itself; asynchronous."""

from __future__ import annotations

from msgspec import Struct

from stationd import __version__
from stationd.client.connection.shared import connection
from stationd.proto import jobs_protocol
from stationd.proto.jobs_protocol import ControllerView, TargetView
from stationd.proto.station_requests import Overview, Survey
from stationd.proto.version_requests import ReadVersions, RunningVersions, Versions


class StationRef(Struct, frozen=True, kw_only=True):
    """A station that has answered."""

    endpoint: str
    name: str
    epoch: int
    """How often its daemon has started."""
    version: str
    """Of its stationd."""


async def ping() -> StationRef:
    """Return who answers at the current endpoint."""
    line = connection()
    pong = await line.ask(jobs_protocol.Ping(0, __version__), jobs_protocol.Pong)
    return StationRef(
        endpoint=line.endpoint, name=pong.station, epoch=pong.epoch, version=pong.version
    )


async def controllers() -> tuple[ControllerView, ...]:
    """Return what the station knows of its controllers."""
    return (await _ask_for_controllers()).controllers


async def reset_controller(name: str) -> None:
    """Trust a controller in quarantine again: you have seen that its instruments are at rest."""
    await connection().ask(jobs_protocol.ResetController(0, name), jobs_protocol.Controllers)


async def targets() -> tuple[TargetView, ...]:
    """Return the QPUs that jobs can name."""
    return (await _ask_for_controllers()).targets


async def overview() -> Overview:
    """Return what the station is doing, in numbers, and what it is executing."""
    return await connection().ask(Survey(0), Overview)


async def versions(at_unix_s: float | None = None) -> tuple[RunningVersions, ...]:
    """Return what the daemon and each controller ran at a time, or last before it.

    Args:
        at_unix_s: The time; None for now.
    """
    return (await connection().ask(ReadVersions(0, at_unix_s), Versions)).running


async def _ask_for_controllers() -> jobs_protocol.Controllers:
    return await connection().ask(jobs_protocol.ListControllers(0), jobs_protocol.Controllers)
