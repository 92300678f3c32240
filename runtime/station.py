"""A station that runs: what it needs of the world, its parts, what is around it, and its end."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.instruments_protocol import Shutdown
from stationd.runtime.security.access import Access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from anyio.abc import TaskGroup

    from stationd.proto.socket import Socket
    from stationd.runtime.api.jobs_api import JobsApi
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.audit.trail import Trail
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.children import Child
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.feed import Feed
    from stationd.runtime.guards.guards import Guards
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.logs.story import Story
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.settings import Key, Settings
    from stationd.runtime.timers import Timers
    from stationd.runtime.work.retention import Keeper
    from stationd.runtime.work.workers import Workers

log = logging.getLogger(__name__)

_FLUSH_SECONDS: Final = 5.0
"""What the journal gets at the end to store what has come; closing it gives it some more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What a station needs of the world. A simulation brings others."""

    journal: Journal
    instruments: Socket
    """A bound ROUTER for controllers."""
    api: Sequence[Socket]
    """Bound ROUTERs for clients."""
    clock: Clock
    workers: Workers
    children: Sequence[Child] = ()
    trail: Trail | None = None
    """Where the audit log goes; None for nowhere."""
    access: Access = field(default_factory=Access)
    """Who is let in, and whom they are taken for."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Who takes a part of the settings anew, while the station runs."""

    key: Key
    """A table, or a key of one: ``("limits",)``, ``("queue", "weights")``."""
    take: Callable[[Settings], object]
    """Called with all that holds then. May raise `StationError` if it has changed nothing."""


@dataclass(slots=True, kw_only=True)
class Station:
    """The parts of a running station that others have to do with."""

    settings: Settings
    """Those that hold, which a reload may change in part."""
    ports: Ports
    metrics: Metrics
    tasks: TaskGroup
    """Ends with the station; for what works as long as it does."""
    authority: Authority
    projects: Projects
    bus: InstrumentBus
    story: Story
    feed: Feed
    timers: Timers
    dispatch: Dispatch
    instruments: Instruments
    guards: Guards
    keeper: Keeper
    api: JobsApi
    reloads: list[Reload] = field(default_factory=list["Reload"])
    """Who can do with other settings."""
    remark: str = ""
    """What an operator should know besides how it is."""

    @property
    def journal(self) -> Journal:
        """Its durable record."""
        return self.ports.journal

    @property
    def status(self) -> str:
        """How it is, in a line for an operator."""
        trouble = self.journal.trouble
        if trouble is None:
            now = f"accepting jobs at {self.settings.api_endpoints[0]}"
        else:
            now = f"taking no new jobs: {trouble}"
        return "; ".join(filter(None, [now, self.remark]))


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What rooms around a running station may use."""

    settings: Settings
    """Those that the daemon has started with."""
    config: Path
    """The configuration file."""
    station: Station


async def finish(station: Station) -> None:
    """Take no new work, and let what runs come to its end for a while."""
    station.api.stopping = True
    timeout = station.settings.station.stop_timeout
    with anyio.move_on_after(timeout) as scope:
        await station.instruments.drain()
    if scope.cancelled_caught:
        log.warning(
            "%d jobs still ran after %g s; they are brought to rest",
            station.instruments.out,
            timeout,
        )


async def stop_controllers(station: Station) -> None:
    """End the controllers that the daemon has started, and store what they say to it.

    Those that somebody else has started go on: they wait for the next daemon.
    """
    connected = station.bus.connected()
    children = station.ports.children
    for child in children:
        station.bus.send(child.name, Shutdown(station.authority.fence))
    async with anyio.create_task_group() as tasks:
        for child in children:
            tasks.start_soon(partial(child.stop, asked=child.name in connected))
    # Not for ever: a disk that is full may stay so.
    with anyio.move_on_after(_FLUSH_SECONDS):
        await station.journal.flush()
