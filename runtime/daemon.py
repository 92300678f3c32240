"""The daemon: puts all parts together, starts them in order, and stops them in order."""

from __future__ import annotations

import gc
import logging
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import zmq
from anyio import to_thread

from stationd import __version__
from stationd.actors.stages.compile import warm_up
from stationd.proto.error import StationError
from stationd.proto.instruments_protocol import Shutdown
from stationd.proto.socket import Socket, bind
from stationd.runtime.api.jobs_api import JobsApi
from stationd.runtime.api.positions import Positions
from stationd.runtime.api.projects import Projects
from stationd.runtime.clock import SystemClock
from stationd.runtime.controllers.authority import Authority
from stationd.runtime.controllers.children import Child
from stationd.runtime.controllers.instrument_bus import InstrumentBus
from stationd.runtime.controllers.instruments import Instruments
from stationd.runtime.controllers.quarantine import Quarantine
from stationd.runtime.controllers.queue_memory import keep, remember
from stationd.runtime.controllers.silence import Silence
from stationd.runtime.feed import Feed
from stationd.runtime.jobs.deadlines import Deadlines
from stationd.runtime.jobs.dispatch import Dispatch
from stationd.runtime.jobs.retrying import Retries
from stationd.runtime.journal.sqlite import open_journal
from stationd.runtime.metrics import Metrics, served
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.shares import Shares
from stationd.runtime.service import notify
from stationd.runtime.timers import Timers
from stationd.runtime.work.artifacts import Artifacts
from stationd.runtime.work.calibrations import CalibrationDefaults
from stationd.runtime.work.previews import Previews
from stationd.runtime.work.retention import Forgetting, Keeper
from stationd.runtime.work.stages import Stages
from stationd.runtime.work.workers import Workers

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.settings import Queue as QueueSettings
    from stationd.runtime.settings import Settings

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


@dataclass(slots=True)
class Station:
    """The parts of a running station that its end has to do with."""

    settings: Settings
    journal: Journal
    authority: Authority
    instruments: Instruments
    bus: InstrumentBus
    api: JobsApi
    children: Sequence[Child]


async def serve(settings: Settings, config: Path) -> None:
    """Run a station until SIGTERM or SIGINT asks it to stop.

    Args:
        settings: What the configuration says.
        config: The configuration file, which the controllers read too.

    Raises:
        StationError: The station cannot start, or its journal failed.
    """
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with running(settings, config) as station:
            _settle_memory()
            notify("READY=1", _status(station))
            log.info("station %s is accepting jobs", settings.station.name)
            async for number in signals:
                log.info("%s: stopping", number.name)
                break
            notify("STOPPING=1")
            # A second signal does not wait for running jobs.
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_on_second_signal, signals, tasks.cancel_scope)
                await finish(station)
                tasks.cancel_scope.cancel()
            await _stop_controllers(station)
    log.info("stopped")


@asynccontextmanager
async def running(settings: Settings, config: Path) -> AsyncGenerator[Station]:
    """Start a station; it accepts jobs while the context lasts."""
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(open_journal(settings.state))
        sockets = await to_thread.run_sync(_bind_all, settings)
        for socket in sockets:
            stack.enter_context(socket)
        metrics = Metrics(list(settings.controllers))
        tasks = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(tasks.cancel_scope.cancel)
        instruments, *api = sockets
        ports = Ports(
            journal=journal,
            instruments=instruments,
            api=api,
            clock=SystemClock(),
            workers=Workers(settings.workers.processes),
            children=_children(settings, config),
        )
        station = await assemble(settings, ports, metrics, tasks)
        port = stack.enter_context(served(metrics, settings.metrics.listen))
        if port:
            log.info(
                "metrics at http://%s", settings.metrics.listen.rpartition(":")[0] + f":{port}"
            )
        yield station


async def assemble(settings: Settings, ports: Ports, metrics: Metrics, tasks: TaskGroup) -> Station:
    """Put a station together and let it work in a task group.

    When it returns, every job that an earlier daemon left unfinished is known, and taken
    up on demand or when its turn comes.
    """
    journal, clock, workers = ports.journal, ports.clock, ports.workers
    opening = journal.opening
    authority = Authority(journal, clock.time())
    calibrations = CalibrationDefaults()
    await calibrations.load(journal, settings.targets)
    projects = await Projects.loaded(journal)
    bus = InstrumentBus(
        socket=ports.instruments,
        names=list(settings.controllers),
        authority=authority,
        journal=journal,
        metrics=metrics,
        clock=clock,
        beat_interval=settings.instruments.beat_interval,
        grace=settings.instruments.grace,
    )
    bus.remember(await journal.controllers())
    stages = Stages(
        journal=journal,
        workers=workers,
        bus=bus,
        calibrations=calibrations,
        targets=settings.target_controllers,
        artifacts=settings.state / "artifacts",
        grace=settings.instruments.grace,
        deadlines=settings.deadlines,
    )
    feed = Feed(journal, tasks, opening.seq, opening.forgotten)
    timers = Timers()
    dispatch = Dispatch(
        journal=journal,
        feed=feed,
        stages=stages,
        metrics=metrics,
        clock=clock,
        deadlines=Deadlines(timers, clock),
        policy=settings.recovery.policy,
        authority=authority,
        tasks=tasks,
    )
    tasks.start_soon(timers.run)
    children = {child.name: child for child in ports.children}

    def escalate(controller: str) -> None:
        if controller in children:
            tasks.start_soon(children[controller].restart)

    prefetch = {name: one.prefetch for name, one in settings.controllers.items()}

    instruments = Instruments(
        queue=await _queue(settings.queue, projects, journal, clock),
        jobs=dispatch,
        journal=journal,
        feed=feed,
        tasks=tasks,
        authority=authority,
        prefetch=prefetch,
        quarantine=Quarantine(timers, settings.instruments.abort_timeout, escalate),
        silence=Silence(timers, {name: one.silence for name, one in settings.controllers.items()}),
        timers=timers,
        clock=clock,
    )
    dispatch.attach(instruments)
    instruments.attach(bus)
    metrics.watch(
        queue_depth=lambda: len(instruments.queue),
        listeners=lambda: feed.listeners,
        journal=journal.statistics,
    )
    for child in ports.children:
        tasks.start_soon(child.keep)
    recovered = await dispatch.recover()
    if recovered:
        log.info("found %d unfinished jobs", recovered)
    retries = Retries(
        journal=journal,
        dispatch=dispatch,
        stages=stages,
        leftovers=instruments.leftovers,
        metrics=metrics,
        clock=clock,
        grace=settings.instruments.grace,
    )
    keeper = _keeper(
        settings=settings,
        journal=journal,
        dispatch=dispatch,
        retries=retries,
        feed=feed,
        clock=clock,
    )
    api = JobsApi(
        settings=settings,
        journal=journal,
        dispatch=dispatch,
        feed=feed,
        retries=retries,
        instruments=instruments,
        bus=bus,
        calibrations=calibrations,
        projects=projects,
        artifacts=keeper.artifacts,
        previews=Previews(stages.results, settings.state / "previews", opening.epoch),
        forgetting=keeper.forgetting,
        metrics=metrics,
        clock=clock,
        tasks=tasks,
    )
    tasks.start_soon(bus.run, instruments)
    tasks.start_soon(dispatch.recover_rest)
    for socket in ports.api:
        tasks.start_soon(api.serve, socket)
    for work in (
        api.beat,
        keeper.keep,
        metrics.probe,
        partial(keep, instruments.queue, journal, clock),
    ):
        tasks.start_soon(work)
    tasks.start_soon(Positions(feed, dispatch, instruments).tell)
    if settings.workers.prewarm and any(targeted(settings)):
        tasks.start_soon(workers.keep_warm, warm_up)
    log.info(
        "stationd %s, station %s, epoch %d, state in %s",
        __version__,
        opening.station,
        opening.epoch,
        settings.state,
    )
    station = Station(settings, journal, authority, instruments, bus, api, ports.children)
    tasks.start_soon(_watch_storage, station)
    return station


def _keeper(
    *,
    settings: Settings,
    journal: Journal,
    dispatch: Dispatch,
    retries: Retries,
    feed: Feed,
    clock: Clock,
) -> Keeper:
    """Return what forgets jobs."""
    artifacts = Artifacts(settings.state / "artifacts")

    def under_way(job: JobId) -> bool:
        return dispatch.get(job) is not None

    forgetting = Forgetting(journal, artifacts, under_way, retries.alone, feed.forget)
    return Keeper(settings.retention, forgetting, journal=journal, artifacts=artifacts, clock=clock)


async def _queue(
    settings: QueueSettings, projects: Projects, journal: Journal, clock: Clock
) -> Queue:
    """Return an empty queue that knows what operators have said, and who has used how much."""

    def weight(project: str) -> float:
        found = projects.get(project)
        return settings.weights.get(found.name if found else project, 1.0)

    queue = Queue(settings.ageing, Shares(settings.half_life, weight))
    await remember(queue, journal, clock)
    return queue


def _status(station: Station) -> str:
    trouble = station.journal.trouble
    if trouble is None:
        return f"STATUS=accepting jobs at {station.settings.api_endpoints[0]}"
    return f"STATUS=taking no new jobs: {trouble}"


async def _watch_storage(station: Station) -> None:
    """Tell systemd how the storage is, for ever, and let queued jobs go on once it has healed."""
    while True:
        await station.journal.turned()
        notify(_status(station))
        station.instruments.grant()


def _children(settings: Settings, config: Path) -> list[Child]:
    return [
        Child(name, config, settings.controller_state(name))
        for name, controller in settings.controllers.items()
        if controller.start
    ]


def targeted(settings: Settings) -> list[str]:
    """Return the controllers that may be sent circuits; null drivers take none."""
    return [
        target.controller
        for target in settings.targets.values()
        if settings.controllers[target.controller].driver != "null"
    ]


def _bind_all(settings: Settings) -> list[Socket]:
    """Bind the instruments' socket and those of the API, in this order."""
    endpoints = [settings.instruments_endpoint, *settings.api_endpoints]
    sockets: list[Socket] = []
    try:
        for endpoint in endpoints:
            if endpoint.startswith("ipc://"):
                _make_directory(Path(endpoint.removeprefix("ipc://")).parent)
            sockets.append(bind(zmq.ROUTER, endpoint))
    except StationError:
        for socket in sockets:
            socket.close()
        raise
    return sockets


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StationError(
            f"cannot make {directory} for the sockets: {error.strerror}; set station.runtime to a"
            " directory that this user may write to"
        ) from error


async def _on_second_signal(
    signals: AsyncIterator[signal.Signals], scope: anyio.CancelScope
) -> None:
    async for number in signals:
        log.warning("%s again: not waiting for running jobs", number.name)
        scope.cancel()
        return


def _settle_memory() -> None:
    """Let Python look for cycles less often, and not among what is there for good.

    A short job makes hundreds of objects and hardly a cycle: looking for one after every 700
    took a fifteenth of the daemon's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


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


async def _stop_controllers(station: Station) -> None:
    # Those that somebody else has started go on: they wait for the next daemon.
    connected = station.bus.connected()
    for child in station.children:
        station.bus.send(child.name, Shutdown(station.authority.fence))
    async with anyio.create_task_group() as tasks:
        for child in station.children:
            tasks.start_soon(partial(child.stop, asked=child.name in connected))
    # Not for ever: a disk that is full may stay so.
    with anyio.move_on_after(_FLUSH_SECONDS):
        await station.journal.flush()
