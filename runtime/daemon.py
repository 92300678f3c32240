"""The daemon: starts a station and the rooms around it in order, and stops them in order."""

from __future__ import annotations

import logging
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

from stationd.runtime import garbage
from stationd.runtime.assembly import assemble
from stationd.runtime.audit.room import open_trail
from stationd.runtime.clock import SystemClock
from stationd.runtime.controllers.children import Child
from stationd.runtime.journal.sqlite import open_journal
from stationd.runtime.metrics import Metrics
from stationd.runtime.notification import notify
from stationd.runtime.security.doors import open_doors
from stationd.runtime.security.turned_away import turned_away
from stationd.runtime.service.reloading import reload_on
from stationd.runtime.service.standstill import journal_watched
from stationd.runtime.service.watchdog import watchdog
from stationd.runtime.station import House, Ports, finish, stop_controllers
from stationd.runtime.stories import stories_told
from stationd.runtime.traces import traced
from stationd.runtime.versions import versions_noted
from stationd.runtime.watching import watched
from stationd.runtime.work.heavy import load_arrays
from stationd.runtime.work.workers import Workers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from stationd.runtime.journal.beginning import Beginning
    from stationd.runtime.settings import Settings
    from stationd.runtime.station import Station

log = logging.getLogger(__name__)


@asynccontextmanager
async def _metrics(house: House) -> AsyncGenerator[None]:
    async with watched(house.station):
        yield


ROOMS: Final[tuple[Callable[[House], AbstractAsyncContextManager[None]], ...]] = (
    stories_told,
    traced,
    _metrics,
    watchdog,
    journal_watched,
    versions_noted,
)
"""What a running daemon has besides its station, opened in this order once that works, and closed
in the opposite one. What a simulation should meet as well belongs into the assembly instead."""


async def serve(settings: Settings, config: Path, beginning: Beginning) -> None:
    """Run a station until SIGTERM or SIGINT asks it to stop.

    Args:
        settings: What the configuration says.
        config: The configuration file, which the controllers read too.
        beginning: The journal's processes, which were started first of all.

    Raises:
        StationError: The station cannot start, or its journal failed.
    """
    with (
        anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals,
        # From the first: without a receiver it would end the daemon.
        anyio.open_signal_receiver(signal.SIGHUP) as hangups,
    ):
        async with running(settings, config, beginning) as station:
            garbage.settle()
            station.tasks.start_soon(garbage.look_through, lambda: not len(station.dispatch))
            station.tasks.start_soon(to_thread.run_sync, load_arrays)
            notify("READY=1", f"STATUS={station.status}")
            log.info("station %s is accepting jobs", settings.station.name)
            station.tasks.start_soon(reload_on, hangups, station, config)
            async for number in signals:
                log.info("%s: stopping", number.name)
                break
            notify("STOPPING=1", "STATUS=stopping: running jobs come to their end")
            # A second signal does not wait for running jobs.
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_on_second_signal, signals, tasks.cancel_scope)
                await finish(station)
                tasks.cancel_scope.cancel()
            await stop_controllers(station)
    log.info("stopped")


@asynccontextmanager
async def running(
    settings: Settings, config: Path, beginning: Beginning
) -> AsyncGenerator[Station]:
    """Start a station; it accepts jobs while the context lasts."""
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(open_journal(settings.state, beginning))
        trail = await stack.enter_async_context(open_trail(settings.state, settings.audit))
        doors = await stack.enter_async_context(
            open_doors(settings, turned_away(trail, SystemClock()))
        )
        metrics = Metrics(list(settings.controllers))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        ports = Ports(
            journal=journal,
            instruments=doors.instruments,
            api=doors.api,
            access=doors.access,
            clock=SystemClock(),
            trail=trail,
            workers=Workers(settings.workers.processes),
            children=_children(settings, config),
        )
        station = await assemble(settings, ports, metrics, tasks)
        house = House(settings=settings, config=config, station=station)
        try:
            for room in ROOMS:
                await stack.enter_async_context(room(house))
        except BaseException:
            # Nobody would look after them, and the next daemon might have others in mind.
            with anyio.CancelScope(shield=True):
                await _withdraw(ports.children)
            raise
        yield station


async def _withdraw(children: Sequence[Child]) -> None:
    async with anyio.create_task_group() as tasks:
        for child in children:
            tasks.start_soon(child.withdraw)


def _children(settings: Settings, config: Path) -> list[Child]:
    return [
        Child(name, config, settings.controller_state(name))
        for name, controller in settings.controllers.items()
        if controller.start
    ]


async def _on_second_signal(
    signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope
) -> None:
    async for number in signals:
        log.warning("%s again: not waiting for running jobs", number.name)
        scope.cancel()
        return
