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
from stationd.runtime import parts
from stationd.runtime.api.jobs_api import JobsApi
from stationd.runtime.api.parts import Reach
from stationd.runtime.api.positions import Positions
from stationd.runtime.api.projects import Projects
from stationd.runtime.controllers.authority import Authority
from stationd.runtime.controllers.queue_memory import keep
from stationd.runtime.feed import Feed
from stationd.runtime.jobs.deadlines import Deadlines
from stationd.runtime.jobs.dispatch import Dispatch
from stationd.runtime.jobs.retrying import Retries
from stationd.runtime.logs.story import Story
from stationd.runtime.notification import notify
from stationd.runtime.publication import publishing_of
from stationd.runtime.station import Ports, Reload, Station
from stationd.runtime.timers import Timers
from stationd.runtime.work.calibrations import CalibrationDefaults
from stationd.runtime.work.heavy import warm_up
from stationd.runtime.work.previews import Previews

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from anyio.abc import TaskGroup

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
    bus = parts.bus_of(settings, ports, metrics, authority, story)
    bus.remember(await journal.controllers())
    stages = parts.stages_of(settings, ports, bus, calibrations)
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
    weights = parts.Weights(settings, projects)
    instruments = await parts.instruments_of(
        settings,
        ports,
        metrics,
        timers,
        tasks,
        weights=weights,
        dispatch=dispatch,
        feed=feed,
        bus=bus,
        authority=authority,
    )
    # The instruments first: however many listen, no controller waits for them.
    journal.after_commit.extend((instruments.decide, bus.outboxes.send, feed.publish_news))
    parts.watch_unstarted(settings, timers, bus, instruments, dispatch)
    guards = parts.guards_of(
        settings,
        ports,
        timers,
        bus=bus,
        instruments=instruments,
        dispatch=dispatch,
        authority=authority,
    )
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
    forgetting = parts.forgetting_of(settings, ports, dispatch, retries, feed)
    keeper = parts.keeper_of(settings, ports, forgetting, projects)
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
