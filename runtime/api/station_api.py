"""What clients ask for about the whole station: what it is doing, what it runs and has logged."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

from stationd import __version__
from stationd.actors.ladder import Course
from stationd.proto.job import JobView
from stationd.proto.jobs_protocol import Ping, Pong
from stationd.proto.station_requests import (
    WAIT_SECONDS,
    JobLog,
    LogLine,
    Overview,
    ReadLog,
    Survey,
)
from stationd.proto.version_requests import ReadVersions, RunningVersions, Versions

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.privacy import Privacy
    from stationd.runtime.api.views import Views
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.feed import Feed
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.live import LiveJob
    from stationd.runtime.logs.story import Story
    from stationd.runtime.metrics import Metrics

MOST_WAITING: Final = 256
"""Requests that wait for a line of a log at the same time; others are answered at once."""


class StationApi:
    """The part of the jobs API that is about the station as a whole.

    Args:
        name: What the configuration calls it.
        story: What was logged of jobs.
        journal: How it is doing.
        dispatch: The jobs that are under way.
        instruments: What the controllers are at work on.
        bus: Which controllers there are.
        feed: Who listens.
        metrics: What was counted.
        clock: What time it is.
        tasks: Wakes those who wait for a line.
        views: Know which jobs there are.
        privacy: Knows whose jobs somebody may read.
    """

    def __init__(
        self,
        *,
        name: str,
        story: Story,
        journal: Journal,
        dispatch: Dispatch,
        instruments: Instruments,
        bus: InstrumentBus,
        feed: Feed,
        metrics: Metrics,
        clock: Clock,
        tasks: TaskGroup,
        views: Views,
        privacy: Privacy,
    ) -> None:
        self._name = name
        self._views = views
        self._privacy = privacy
        self._story = story
        self._tasks = tasks
        self._waking = False
        self._journal = journal
        self._dispatch = dispatch
        self._instruments = instruments
        self._bus = bus
        self._feed = feed
        self._metrics = metrics
        self._clock = clock
        self._since = clock.time()

    def ping(self, client: Client, request: Ping) -> None:
        """Send which station this is, and whom it takes the client for."""
        person = client.person
        name, epoch = self._name, self._bus.epoch
        client.send(Pong(request.request, name, epoch, __version__, person.name, person.role))

    def survey(self, client: Client, request: Survey) -> None:
        """Send what the station is doing now, as far as the client may know."""
        shows = partial(self._privacy.shows, client.person)
        client.send(self._overview(request, shows))

    def _overview(self, survey: Survey, shows: Callable[[JobId], bool]) -> Overview:
        received, ended = self._metrics.totals()
        statistics = self._journal.statistics()
        return Overview(
            survey.request,
            time_unix_s=self._clock.time(),
            since_unix_s=self._since,
            received=received,
            ended={str(status): count for status, count in ended.items()},
            under_way={str(s): count for s, count in self._metrics.under_way().items() if count},
            queued=len(self._instruments.queue),
            listeners=self._feed.listeners,
            commits=statistics.commits,
            commit_seconds=statistics.newest_commit_seconds,
            trouble=self._journal.trouble or "",
            running=tuple(_view(live) for live in self._running() if shows(live.job.id)),
        )

    async def versions(self, request: ReadVersions) -> Versions:
        """Return what the daemon and the controllers ran at a time."""
        at = self._clock.time() if request.at_unix_s is None else request.at_unix_s
        found = await self._journal.versions(at)
        return Versions(
            request.request,
            tuple(
                RunningVersions(
                    controller=one.controller,
                    since_unix_s=one.since_unix_s,
                    versions=one.versions,
                )
                for one in found
            ),
        )

    async def log(self, request: ReadLog) -> JobLog:
        """Return what was logged of a job; wait for the next line, if that is asked for.

        Raises:
            UnknownJob: There is no such job.
        """
        view = await self._views.of(request.job)
        if not request.wait:
            return JobLog(request.request, *await self._lines(request, view))
        if not self._waking:
            self._waking = True
            self._tasks.start_soon(self._story.wake)
        crowded = self._story.listeners >= MOST_WAITING
        with self._story.listening(view.id) as come:
            lines, more = await self._lines(request, view)
            if not lines and not crowded:
                with anyio.move_on_after(WAIT_SECONDS):
                    await come.wait()
                lines, more = await self._lines(request, view)
        return JobLog(request.request, lines, more)

    async def _lines(self, request: ReadLog, view: JobView) -> tuple[tuple[LogLine, ...], bool]:
        if self._story.remembers(request.after):
            return self._story.recent(view.id, request.after), False
        read = partial(
            self._story.read, view.id, view.created_unix_s, view.modified_unix_s, request.after
        )
        return await to_thread.run_sync(read)

    def _running(self) -> list[LiveJob]:
        jobs = dict.fromkeys(self._instruments.running(name) for name in self._bus.peers)
        found = (self._dispatch.get(job) for job in jobs if job is not None)
        return [live for live in found if live is not None]


def _view(live: LiveJob) -> JobView:
    """Return what memory alone knows of a job that is being executed."""
    job = live.job
    return JobView(
        id=job.id,
        number=job.number,
        kind=job.kind,
        target=live.target,
        status=job.status,
        attempt=job.attempt,
        created_unix_s=live.began_unix_s,
        # When it came to stand on this rung: so a progress tells how long the rest takes.
        modified_unix_s=live.stored_at,
        seq=0,
        name=live.spec.name,
        priority=live.spec.priority,
        cancelling=job.course is Course.CANCELLING,
        progress=live.progress,
    )
