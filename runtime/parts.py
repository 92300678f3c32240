"""The parts of a station, each made of the settings and of the parts that it works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.controllers.instrument_bus import InstrumentBus
from stationd.runtime.controllers.instruments import Instruments
from stationd.runtime.controllers.quarantine import Quarantine
from stationd.runtime.controllers.queue_memory import remember
from stationd.runtime.controllers.ranks import Ranks
from stationd.runtime.controllers.silence import Silence
from stationd.runtime.controllers.unstarted import Unstarted
from stationd.runtime.guards.guards import Guards
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.shares import Shares
from stationd.runtime.work.artifacts import Artifacts
from stationd.runtime.work.object_store import ObjectStore
from stationd.runtime.work.retention import Forgetting, Keeper
from stationd.runtime.work.stages import Stages

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.feed import Feed
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.jobs.retrying import Retries
    from stationd.runtime.logs.story import Story
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.settings import Settings
    from stationd.runtime.station import Ports
    from stationd.runtime.timers import Timers
    from stationd.runtime.work.calibrations import CalibrationDefaults


def bus_of(
    settings: Settings, ports: Ports, metrics: Metrics, authority: Authority, story: Story
) -> InstrumentBus:
    """Return the bus to the controllers."""
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


def stages_of(
    settings: Settings, ports: Ports, bus: InstrumentBus, calibrations: CalibrationDefaults
) -> Stages:
    """Return what does the work between the rungs."""
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


async def instruments_of(
    settings: Settings,
    ports: Ports,
    metrics: Metrics,
    timers: Timers,
    tasks: TaskGroup,
    *,
    weights: Weights,
    dispatch: Dispatch,
    feed: Feed,
    bus: InstrumentBus,
    authority: Authority,
) -> Instruments:
    """Return what carries out tickets, known to the jobs and to the bus."""
    instruments = Instruments(
        queue=await _queue(settings, ports, weights),
        jobs=dispatch,
        journal=ports.journal,
        feed=feed,
        tasks=tasks,
        authority=authority,
        prefetch={name: one.prefetch for name, one in settings.controllers.items()},
        ranks=Ranks(
            {name: one.start_group for name, one in settings.controllers.items()}, bus.offers
        ),
        quarantine=_quarantine(settings, ports, metrics, timers, tasks),
        silence=Silence(timers, _silences(settings)),
        utilisation=metrics.utilisation,
        timers=timers,
        clock=ports.clock,
    )
    dispatch.attach(instruments)
    instruments.attach(bus)
    return instruments


def watch_unstarted(
    settings: Settings,
    timers: Timers,
    bus: InstrumentBus,
    instruments: Instruments,
    dispatch: Dispatch,
) -> None:
    """Look after jobs whose controllers do not begin with them."""
    at = instruments.executions.at
    Unstarted(
        timers,
        _silences(settings),
        at=lambda name: at(name) if name in bus.connected() else (),
        tell=dispatch.deliver,
    ).watch()


def guards_of(
    settings: Settings,
    ports: Ports,
    timers: Timers,
    *,
    bus: InstrumentBus,
    instruments: Instruments,
    dispatch: Dispatch,
    authority: Authority,
) -> Guards:
    """Return the guards, told by the bus what they have asked for."""
    guards = Guards(
        settings=settings,
        bus=bus,
        instruments=instruments,
        cancel=lambda live, note: dispatch.cancel(live, _unanswered, note),
        authority=authority,
        timers=timers,
        clock=ports.clock,
    )
    bus.reading, bus.greeted = guards.take, guards.greeted
    return guards


def _unanswered() -> None:
    """Answer nobody: it is the station that has asked."""


def _silences(settings: Settings) -> dict[str, float]:
    return {name: one.silence for name, one in settings.controllers.items()}


def _quarantine(
    settings: Settings, ports: Ports, metrics: Metrics, timers: Timers, tasks: TaskGroup
) -> Quarantine:
    children = {child.name: child for child in ports.children}

    def escalate(controller: str) -> None:
        metrics.utilisation.look()
        if controller in children:
            tasks.start_soon(children[controller].restart)

    return Quarantine(timers, settings.instruments.abort_timeout, escalate)


class Weights:
    """How much of the station each project should get, by the newest settings."""

    def __init__(self, settings: Settings, projects: Projects) -> None:
        self._weights = settings.queue.weights
        self._projects = projects

    def reload(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        self._weights = settings.queue.weights

    def weight(self, project: str) -> float:
        """Return a project's weight; 1 if nothing is said of it."""
        found = self._projects.get(project)
        return self._weights.get(found.name if found else project, 1.0)


async def _queue(settings: Settings, ports: Ports, weights: Weights) -> Queue:
    """Return an empty queue that knows what operators have said, and who has used how much."""
    queue = Queue(settings.queue.ageing, Shares(settings.queue.half_life, weights.weight))
    await remember(queue, ports.journal, ports.clock)
    return queue


def forgetting_of(
    settings: Settings, ports: Ports, dispatch: Dispatch, retries: Retries, feed: Feed
) -> Forgetting:
    """Return what deletes jobs.

    Raises:
        StationError: The other store that the configuration names cannot be opened.
    """

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


def keeper_of(
    settings: Settings, ports: Ports, forgetting: Forgetting, projects: Projects
) -> Keeper:
    """Return what deletes jobs when they are too old or too many."""
    return Keeper(
        settings.retention,
        forgetting,
        journal=ports.journal,
        artifacts=forgetting.artifacts,
        clock=ports.clock,
        kept=projects.kept,
    )
