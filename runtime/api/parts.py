"""The parts of the jobs API, each of which answers the requests about one subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationd.runtime.api.archive_api import ArchiveApi
from stationd.runtime.api.attempts_api import AttemptsApi
from stationd.runtime.api.auditing import Auditing
from stationd.runtime.api.calibration_api import CalibrationApi
from stationd.runtime.api.controllers_api import ControllersApi
from stationd.runtime.api.door import Door
from stationd.runtime.api.intake import Intake
from stationd.runtime.api.people import People
from stationd.runtime.api.privacy import Privacy
from stationd.runtime.api.projects_api import ProjectsApi
from stationd.runtime.api.provenance_api import ProvenanceApi
from stationd.runtime.api.queue_api import QueueApi
from stationd.runtime.api.resent import Resent
from stationd.runtime.api.results_api import ResultsApi
from stationd.runtime.api.station_api import StationApi
from stationd.runtime.api.streams_api import StreamsApi
from stationd.runtime.api.submitting import Submitting
from stationd.runtime.api.views import Views
from stationd.runtime.limits.limits import UserLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from stationd.proto.jobs_protocol import Request
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.people import Role
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.audit.trail import Trail
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.feed import Feed
    from stationd.runtime.guards.guards import Guards
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.jobs.retrying import Retries
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.limits.bounds import Otherwise
    from stationd.runtime.logs.story import Story
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.security.access import Access
    from stationd.runtime.settings import Settings
    from stationd.runtime.work.artifacts import Artifacts
    from stationd.runtime.work.calibrations import CalibrationDefaults
    from stationd.runtime.work.previews import Previews
    from stationd.runtime.work.retention import Forgetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of a station its clients reach."""

    settings: Settings
    """Those that the daemon has started with."""
    journal: Journal
    dispatch: Dispatch
    feed: Feed
    retries: Retries
    instruments: Instruments
    guards: Guards
    bus: InstrumentBus
    access: Access
    calibrations: CalibrationDefaults
    artifacts: Artifacts
    previews: Previews
    trail: Trail | None
    """Where the audit log goes; None for nowhere."""
    forgetting: Forgetting
    projects: Projects
    story: Story
    metrics: Metrics
    clock: Clock
    tasks: TaskGroup
    """For answers that take time; ends with the station."""


class Parts:
    """The parts of the jobs API.

    Args:
        reach: What they are made of.
        answer_later: Answers a request in a task of its own.
        fail: Answers a request that an exception has ended.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        answer_later: Callable[[Client, Request], None],
        fail: Callable[[Client, Request, Exception], None],
    ) -> None:
        settings, journal, dispatch = reach.settings, reach.journal, reach.dispatch
        self._access = reach.access
        _follow_deletions(reach)
        self.people = People(_roles(settings), reach.access)
        self.auditing = Auditing(reach.trail, reach.clock, reach.metrics.request_refused)
        self.limits = UserLimits(settings.limits, _own_limits(settings), dispatch.holdings)
        self.privacy = Privacy(settings.api.jobs_are_read_by, journal, dispatch.get)
        self.intake = Intake()
        self.views = Views(journal, dispatch, reach.instruments)
        self.submitting = self._submitting(reach, fail)
        self.attempts = AttemptsApi(
            dispatch=dispatch,
            retries=reach.retries,
            journal=journal,
            intake=self.intake,
            views=self.views,
        )
        reach.retries.check_room = self._check_room
        self.streams = StreamsApi(
            reach.feed,
            journal,
            self.views.of,
            answer_later,
            limits=self.limits,
            privacy=self.privacy,
        )
        self.archive = ArchiveApi(
            journal, reach.projects, self.views, reach.forgetting, self.privacy
        )
        self.results = ResultsApi(
            journal, reach.artifacts, reach.previews, self.views.of, dispatch.get
        )
        self.provenance = ProvenanceApi(journal, reach.artifacts, settings.station.name)
        self.projects = ProjectsApi(journal, reach.projects, dispatch.quotas, reach.clock)
        self.calibrations = CalibrationApi(
            journal,
            reach.calibrations,
            settings.target_controllers,
            reach.clock,
            settings.calibration.valid_for,
        )
        self.queue = QueueApi(
            settings=settings,
            journal=journal,
            dispatch=dispatch,
            instruments=reach.instruments,
            projects=reach.projects,
            clock=reach.clock,
            privacy=self.privacy,
        )
        self.controllers = ControllersApi(
            settings, reach.bus, reach.instruments, reach.guards, self.privacy
        )
        self.station = StationApi(
            name=settings.station.name,
            story=reach.story,
            journal=journal,
            dispatch=dispatch,
            instruments=reach.instruments,
            bus=reach.bus,
            feed=reach.feed,
            metrics=reach.metrics,
            clock=reach.clock,
            tasks=reach.tasks,
            views=self.views,
            privacy=self.privacy,
        )

    def _submitting(
        self, reach: Reach, fail: Callable[[Client, Request, Exception], None]
    ) -> Submitting:
        targets = reach.settings.target_controllers
        return Submitting(
            dispatch=reach.dispatch,
            journal=reach.journal,
            intake=self.intake,
            projects=reach.projects,
            bus=reach.bus,
            targets=targets,
            door=Door(reach.instruments.queue.gates, targets),
            resent=Resent(reach.journal, reach.tasks),
            limits=self.limits,
            tasks=reach.tasks,
            fail=fail,
            clock=reach.clock,
        )

    def _check_room(self, creator: str) -> None:
        """Return if a user may have another job under way, whoever asks for that.

        Raises:
            LimitReached: No.
        """
        self.limits.check_attempt(creator, self.people.person(creator).role)

    def reload(self, settings: Settings) -> None:
        """Go by another configuration from now on: its users, their keys, roles and limits."""
        self.people.reload(_roles(settings))
        self._access.reload(settings)
        self.limits.reload(settings.limits, _own_limits(settings))
        self.calibrations.valid_for = settings.calibration.valid_for
        self.privacy.readers = settings.api.jobs_are_read_by


def _follow_deletions(reach: Reach) -> None:
    """Let what everybody and every project has be counted without what is deleted."""
    dispatch, forgetting = reach.dispatch, reach.forgetting
    forgetting.watch(dispatch.holdings.deleted)
    forgetting.watch(dispatch.quotas.deleted)
    dispatch.quotas.deleting = forgetting.at_work


def _own_limits(settings: Settings) -> dict[str, Otherwise | None]:
    return {name: user.limits for name, user in settings.users.items()}


def _roles(settings: Settings) -> dict[str, Role]:
    return {name: user.role for name, user in settings.users.items()}
