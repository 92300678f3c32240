"""Puts the parts of a station together.

Rule 1. What a part needs comes in through its constructor, in the order in which parts are made.
Rule 2. What works as long as the station does is a line of `_work`. The order of its lines is the
        order in which the work begins, and a simulation's seed means the same run only while it
        stays.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from stationd import __version__
from stationd.runtime.api.jobs_api import JobsApi
from stationd.runtime.api.parts import Reach
from stationd.runtime.api.positions import Positions
from stationd.runtime.api.projects import Projects
from stationd.runtime.controllers.authority import Authority
from stationd.runtime.controllers.instrument_bus import InstrumentBus
from stationd.runtime.controllers.instruments import Instruments
from stationd.runtime.controllers.quarantine import Quarantine
from stationd.runtime.controllers.queue_memory import keep, remember
from stationd.runtime.controllers.ranks import Ranks
from stationd.runtime.controllers.silence import Silence
from stationd.runtime.controllers.unstarted import Unstarted
from stationd.runtime.feed import Feed
from stationd.runtime.guards.guards import Guards
from stationd.runtime.jobs.deadlines import Deadlines
from stationd.runtime.jobs.dispatch import Dispatch
from stationd.runtime.jobs.retrying import Retries
from stationd.runtime.logs.story import Story
from stationd.runtime.notification import notify
from stationd.runtime.publication import publishing_of
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.shares import Shares
from stationd.runtime.station import Ports, Reload, Station
from stationd.runtime.timers import Timers
from stationd.runtime.work.artifacts import Artifacts
from stationd.runtime.work.calibrations import CalibrationDefaults
from stationd.runtime.work.heavy import warm_up
from stationd.runtime.work.object_store import ObjectStore
from stationd.runtime.work.previews import Previews
from stationd.runtime.work.retention import Forgetting, Keeper
from stationd.runtime.work.stages import Stages

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.settings import Settings

log = logging.getLogger(__name__)


async def assemble(settings: Settings, ports: Ports, metrics: Metrics, tasks: TaskGroup) -> Station:
    """Put a station together and let it work in a task group.

    When it returns, every job that an earlier daemon left unfinished is known, and taken
    up on demand or when its turn comes.
    """
    journal, clock, opening = ports.journal, ports.clock, ports.journal.opening
    metrics.utilisation.keep_time(clock.monotonic)
    authority = Authority(journal, clock.time())
    calibrations = CalibrationDefaults()
    await calibrations.load(journal, settings.targets)
    projects = await Projects.loaded(journal)
    story = Story(settings.state, clock.time)
    bus = _bus(settings, ports, metrics, authority, story)
    bus.remember(await journal.controllers())
    stages = _stages(settings, ports, bus, calibrations)
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
    weights = _Weights(settings, projects)
    silences = {name: one.silence for name, one in settings.controllers.items()}
    instruments = Instruments(
        queue=await _queue(settings, ports, weights),
        jobs=dispatch,
        journal=journal,
        feed=feed,
        tasks=tasks,
        authority=authority,
        prefetch={name: one.prefetch for name, one in settings.controllers.items()},
        ranks=Ranks(
            {name: one.start_group for name, one in settings.controllers.items()}, bus.offers
        ),
        quarantine=_quarantine(settings, ports, metrics, timers, tasks),
        silence=Silence(timers, silences),
        utilisation=metrics.utilisation,
        timers=timers,
        clock=clock,
    )
    dispatch.attach(instruments)
    instruments.attach(bus)
    # The instruments first: however many listen, no controller waits for them.
    journal.after_commit.extend((bus.outboxes.send, feed.publish_news))
    at = instruments.executions.at
    unstarted = Unstarted(
        timers,
        silences,
        at=lambda name: at(name) if name in bus.connected() else (),
        tell=dispatch.deliver,
    )
    unstarted.watch()
    guards = Guards(
        settings=settings,
        bus=bus,
        instruments=instruments,
        cancel=lambda live, note: dispatch.cancel(live, _unanswered, note),
        authority=authority,
        timers=timers,
        clock=clock,
    )
    bus.reading, bus.greeted = guards.take, guards.greeted
    metrics.watch(
        queue_depth=lambda: len(instruments.queue),
        listeners=lambda: feed.listeners,
        journal=journal.statistics,
        compile_cache=stages.compilation.cache.statistics,
    )
    for child in ports.children:
        tasks.start_soon(child.keep)
    for project in projects.all():
        # Before anything is written: this count is made once.
        await dispatch.quotas.follow(project)
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
        settings, ports, _forgetting(settings, ports, dispatch, retries, feed), projects
    )
    reach = Reach(
        settings=settings,
        journal=journal,
        dispatch=dispatch,
        feed=feed,
        retries=retries,
        instruments=instruments,
        guards=guards,
        bus=bus,
        access=ports.access,
        calibrations=calibrations,
        projects=projects,
        artifacts=keeper.artifacts,
        trail=ports.trail,
        previews=Previews(stages.results, settings.state / "previews", opening.epoch),
        forgetting=keeper.forgetting,
        story=story,
        metrics=metrics,
        clock=clock,
        tasks=tasks,
    )
    api = JobsApi(reach)
    station = Station(
        settings=settings,
        ports=ports,
        metrics=metrics,
        tasks=tasks,
        authority=authority,
        projects=projects,
        bus=bus,
        story=story,
        feed=feed,
        timers=timers,
        dispatch=dispatch,
        instruments=instruments,
        guards=guards,
        keeper=keeper,
        api=api,
        reloads=[
            Reload(("deadlines",), stages.reload),
            Reload(("compilation", "cache_mib"), stages.reload),
            Reload(("calibration", "valid_for"), api.reload),
            Reload(("retention",), keeper.reload),
            Reload(("limits",), api.reload),
            Reload(("users",), api.reload),
            Reload(("guards",), guards.reload),
            Reload(("api", "jobs_are_read_by"), api.reload),
            *(Reload(("controllers", name, "keys"), ports.access.reload) for name in bus.peers),
            Reload(("queue", "weights"), weights.reload),
            Reload(("station", "stop_timeout"), _nobody),
        ],
    )
    for work in _work(station):
        tasks.start_soon(work)
    log.info(
        "stationd %s, station %s, epoch %d, state in %s",
        __version__,
        opening.station,
        opening.epoch,
        settings.state,
    )
    return station


def _work(station: Station) -> Iterator[Callable[[], Coroutine[object, object, object]]]:
    """Yield what is done all the time."""
    ports, instruments = station.ports, station.instruments
    yield partial(station.bus.run, instruments)
    yield station.dispatch.recover_rest
    for socket in ports.api:
        yield partial(station.api.serve, socket)
    yield station.api.beat
    yield station.keeper.keep
    yield station.metrics.probe
    publishing = publishing_of(station)
    if publishing is not None:
        yield publishing.run
    yield partial(keep, instruments.queue, ports.journal, ports.clock)
    yield Positions(station.feed, station.dispatch, instruments).tell
    if station.settings.workers.prewarm and _targeted(station.settings):
        yield partial(ports.workers.keep_warm, warm_up)
    gib = station.settings.workers.memory_gib
    if gib:
        yield partial(ports.workers.bound_memory, round(gib * 2**30))
    yield partial(_watch_storage, station)


def _unanswered() -> None:
    """Answer nobody: it is the station that has asked."""


def _nobody(_: Settings) -> None:
    """Take what is looked up in the station's settings when it is needed."""


async def _watch_storage(station: Station) -> None:
    """Tell systemd how the storage is, for ever, and let queued jobs go on once it has healed."""
    while True:
        await station.journal.turned()
        notify(f"STATUS={station.status}")
        station.instruments.grant()


def _targeted(settings: Settings) -> list[str]:
    """Return the controllers that may be sent circuits; null drivers take none."""
    return [
        target.controller
        for target in settings.targets.values()
        if settings.controllers[target.controller].driver != "null"
    ]


# --- parts ------------------------------------------------------------------------------------


def _bus(
    settings: Settings, ports: Ports, metrics: Metrics, authority: Authority, story: Story
) -> InstrumentBus:
    return InstrumentBus(
        socket=ports.instruments,
        names=list(settings.controllers),
        access=ports.access,
        authority=authority,
        journal=ports.journal,
        metrics=metrics,
        clock=ports.clock,
        beat_interval=settings.instruments.beat_interval,
        grace=settings.instruments.grace,
        story=story,
    )


def _stages(
    settings: Settings, ports: Ports, bus: InstrumentBus, calibrations: CalibrationDefaults
) -> Stages:
    return Stages(
        journal=ports.journal,
        workers=ports.workers,
        bus=bus,
        calibrations=calibrations,
        clock=ports.clock,
        targets=settings.target_controllers,
        artifacts=settings.state / "artifacts",
        grace=settings.instruments.grace,
        deadlines=settings.deadlines,
        cache_mib=settings.compilation.cache_mib,
    )


def _quarantine(
    settings: Settings, ports: Ports, metrics: Metrics, timers: Timers, tasks: TaskGroup
) -> Quarantine:
    children = {child.name: child for child in ports.children}

    def escalate(controller: str) -> None:
        metrics.utilisation.look()
        if controller in children:
            tasks.start_soon(children[controller].restart)

    return Quarantine(timers, settings.instruments.abort_timeout, escalate)


class _Weights:
    """How much of the station each project should get, by the newest settings."""

    def __init__(self, settings: Settings, projects: Projects) -> None:
        self._weights = settings.queue.weights
        self._projects = projects

    def reload(self, settings: Settings) -> None:
        self._weights = settings.queue.weights

    def weight(self, project: str) -> float:
        found = self._projects.get(project)
        return self._weights.get(found.name if found else project, 1.0)


async def _queue(settings: Settings, ports: Ports, weights: _Weights) -> Queue:
    """Return an empty queue that knows what operators have said, and who has used how much."""
    queue = Queue(settings.queue.ageing, Shares(settings.queue.half_life, weights.weight))
    await remember(queue, ports.journal, ports.clock)
    return queue


def _forgetting(
    settings: Settings, ports: Ports, dispatch: Dispatch, retries: Retries, feed: Feed
) -> Forgetting:
    def under_way(job: JobId) -> bool:
        return dispatch.get(job) is not None

    return Forgetting(
        ports.journal, _artifacts(settings, ports), under_way, retries.alone, feed.forget
    )


def _artifacts(settings: Settings, ports: Ports) -> Artifacts:
    """Return where results are.

    Raises:
        StationError: The other store that the configuration names cannot be opened.
    """
    folder, other = settings.state / "artifacts", settings.artifacts
    if not other.store:
        return Artifacts(folder)
    store = ObjectStore(other.store, other.options, ports.journal.opening.station)
    return Artifacts(folder, store)


def _keeper(settings: Settings, ports: Ports, forgetting: Forgetting, projects: Projects) -> Keeper:
    """Return what forgets jobs."""
    return Keeper(
        settings.retention,
        forgetting,
        journal=ports.journal,
        artifacts=forgetting.artifacts,
        clock=ports.clock,
        kept=projects.kept,
    )
