"""What a controller says of itself, and how it is; asynchronous."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from stationd.client.connection.shared import connection
from stationd.client.station.near_names import meant
from stationd.client.station.station import versions
from stationd.proto.error import RequestError
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Controllers, ControllerView, ListControllers
from stationd.proto.program import Qpu, Readout, Setting

Health = Literal["healthy", "in quarantine", "not connected", "has never connected"]


class ControllerDescription(Struct, frozen=True, kw_only=True):
    """A controller: what it runs, what it can set and read, and how it is."""

    name: str
    driver: str
    """As the configuration has it; empty if it has never connected."""
    health: Health
    """``in quarantine``: it did not come to rest from a job, and gets no other."""
    heard_unix_s: float | None
    """When it gave its last sign of life; None for none since the daemon started."""
    running: JobId | None
    """The job that it is at work on; empty for one that you may not read."""
    line: int
    """Tickets in line."""
    quarantined: JobId | None
    """The job that it did not come to rest from, as in `running`."""
    settings: tuple[Setting, ...]
    """Their names are the controller's own; jobs put its name and a dot before them."""
    readouts: tuple[Readout, ...]
    qpu: Qpu | None
    """What it can do with circuits, if it can."""
    null: bool
    """Whether it takes null programs."""
    trigger_master: bool
    """Whether it is started last, after all others are armed."""
    versions: dict[str, str]
    """Of what it runs, or ran last: Python, libraries, packages, the driver's own."""


async def describe_controller(name: str) -> ControllerDescription:
    """Return what a controller says of itself, and how it is.

    Raises:
        RequestError: The station has none with this name; the message names those like it.
    """
    found = (await connection().ask(ListControllers(0), Controllers)).controllers
    view = next((one for one in found if one.name == name), None)
    if view is None:
        near = meant(name, (one.name for one in found))
        raise RequestError(f"the station has no controller {name!r}{near}")
    ran = {one.controller: one.versions for one in await versions()}
    return _described(view, ran.get(name, {}))


def health(view: ControllerView) -> Health:
    """Return how a controller is, in words."""
    if view.quarantined is not None:
        return "in quarantine"
    if view.connected:
        return "healthy"
    return "has never connected" if view.capabilities is None else "not connected"


def _described(view: ControllerView, versions: dict[str, str]) -> ControllerDescription:
    offered = view.capabilities
    return ControllerDescription(
        name=view.name,
        driver=view.driver,
        health=health(view),
        heard_unix_s=view.heard_unix_s,
        running=view.running,
        line=view.line,
        quarantined=view.quarantined,
        settings=offered.settings if offered is not None else (),
        readouts=offered.readouts if offered is not None else (),
        qpu=offered.qpu if offered is not None else None,
        null=offered is not None and offered.null,
        trigger_master=offered is not None and offered.trigger_master,
        versions=versions,
    )
