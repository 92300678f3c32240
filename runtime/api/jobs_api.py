"""What clients ask for, answered.

Rule 1. A submit or cancel is answered when it is on disk.
Rule 2. Requests about stored jobs are answered by the journal's reader, in tasks of their own;
        nothing that a client asks for stops the loop.
Rule 3. A request that cannot be carried out gets a Failure that says what to do; a frame that
        makes no sense gets one too, if it can be told which request it was.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from stationd import __version__
from stationd.proto.audit_requests import AuditTrail, ReadAudit
from stationd.proto.codec import REQUESTS, request_number
from stationd.proto.compiled_requests import Compiled, ReadCompiled
from stationd.proto.error import (
    ErrorCode,
    ErrorInfo,
    JournalClosed,
    PeerError,
    RequestError,
    StationError,
    UnknownJob,
)
from stationd.proto.guard_requests import Guards as GuardsAnswer
from stationd.proto.guard_requests import ListGuards
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Controllers,
    ControllerView,
    Fetch,
    Get,
    GetCalibration,
    Grant,
    ImportCalibration,
    Job,
    List,
    ListCalibrations,
    ListControllers,
    Listen,
    Ping,
    Pong,
    Reply,
    Request,
    ResetController,
    Retry,
    Submit,
    SubmitMany,
    TargetView,
    Unlisten,
    UseCalibration,
)
from stationd.proto.project_requests import (
    Annotate,
    ChangeProject,
    Count,
    CreateProject,
    Delete,
    GetInput,
    ListProjects,
)
from stationd.proto.provenance import ReadProvenance
from stationd.proto.queue_requests import (
    Hold,
    ListQueue,
    ListTargets,
    Lock,
    Maintain,
    Move,
    Prioritise,
    Release,
    Reserve,
    SetTarget,
    Unlock,
    Unreserve,
    Why,
)
from stationd.proto.result_requests import Peek
from stationd.proto.socket import Socket
from stationd.proto.station_requests import ReadLog, Survey
from stationd.proto.version_requests import ReadVersions
from stationd.runtime.api.admission import Admission
from stationd.runtime.api.archive_api import ArchiveApi, ArchiveRequest
from stationd.runtime.api.auditing import CHANGING, Auditing
from stationd.runtime.api.calibration_api import CalibrationApi, CalibrationRequest
from stationd.runtime.api.client import Client
from stationd.runtime.api.client_text import shown
from stationd.runtime.api.door import Door
from stationd.runtime.api.intake import check_storage
from stationd.runtime.api.people import People, Person
from stationd.runtime.api.privacy import Privacy, anonymous
from stationd.runtime.api.projects_api import ProjectRequest, ProjectsApi
from stationd.runtime.api.provenance_api import ProvenanceApi
from stationd.runtime.api.queue_api import QueueApi, QueueRequest
from stationd.runtime.api.resent import Resent
from stationd.runtime.api.results_api import ResultRequest, ResultsApi
from stationd.runtime.api.station_api import StationApi
from stationd.runtime.api.streams_api import StreamsApi
from stationd.runtime.api.submitting import Submitting
from stationd.runtime.limits.bounds import Otherwise
from stationd.runtime.limits.limits import UserLimits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId, JobView
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
    from stationd.runtime.logs.story import Story
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.security.access import Access
    from stationd.runtime.settings import Settings
    from stationd.runtime.work.artifacts import Artifacts
    from stationd.runtime.work.calibrations import CalibrationDefaults
    from stationd.runtime.work.previews import Previews
    from stationd.runtime.work.retention import Forgetting

log = logging.getLogger(__name__)

_QUEUE_REQUESTS: Final[tuple[type[QueueRequest], ...]] = (
    Hold,
    Release,
    Prioritise,
    Move,
    SetTarget,
    Reserve,
    Unreserve,
    ListTargets,
    ListQueue,
    Why,
    Maintain,
    Lock,
    Unlock,
)


_UNANSWERED: Final = (Grant, Unlisten)
"""These cost next to nothing; and a client could not be told to send them again."""


class JobsApi:
    """The daemon's end of the jobs protocol."""

    def __init__(
        self,
        *,
        settings: Settings,
        journal: Journal,
        dispatch: Dispatch,
        feed: Feed,
        retries: Retries,
        instruments: Instruments,
        guards: Guards,
        bus: InstrumentBus,
        access: Access,
        calibrations: CalibrationDefaults,
        artifacts: Artifacts,
        previews: Previews,
        trail: Trail | None,
        forgetting: Forgetting,
        projects: Projects,
        story: Story,
        metrics: Metrics,
        clock: Clock,
        tasks: TaskGroup,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._dispatch = dispatch
        self._feed = feed
        self._retries = retries
        self._instruments = instruments
        self._guards = guards
        self._bus = bus
        self._calibrations = CalibrationApi(
            journal,
            calibrations,
            settings.target_controllers,
            clock,
            settings.calibration.valid_for,
        )
        self._access = access
        self._people = People(_roles(settings), access)
        self._projects = projects
        self._auditing = Auditing(trail, clock, metrics.request_refused)
        self._limits = UserLimits(settings.limits, _own_limits(settings), dispatch.holdings)
        forgetting.watch(dispatch.holdings.deleted)
        forgetting.watch(dispatch.quotas.deleted)
        dispatch.quotas.deleting = forgetting.at_work
        self._submitting = Submitting(
            dispatch=dispatch,
            journal=journal,
            projects=projects,
            bus=bus,
            targets=settings.target_controllers,
            door=Door(instruments.queue.gates, settings.target_controllers),
            resent=Resent(journal, tasks),
            limits=self._limits,
            tasks=tasks,
            fail=self._fail,
        )
        privacy = Privacy(settings.api.jobs_are_read_by, journal, dispatch.get)
        self._privacy = privacy
        self._archive = ArchiveApi(journal, projects, self._with_live, forgetting, privacy)
        self._project_requests = ProjectsApi(journal, projects, dispatch.quotas, clock)
        self._queue = QueueApi(
            settings=settings,
            journal=journal,
            dispatch=dispatch,
            instruments=instruments,
            projects=projects,
            clock=clock,
            privacy=privacy,
        )
        self._results = ResultsApi(journal, artifacts, previews, self._view, dispatch.get)
        self._provenance = ProvenanceApi(journal, artifacts, settings.station.name)
        self._whole_station = StationApi(
            story=story,
            journal=journal,
            dispatch=dispatch,
            instruments=instruments,
            bus=bus,
            feed=feed,
            metrics=metrics,
            clock=clock,
            tasks=tasks,
        )
        self._metrics = metrics
        self._clock = clock
        self._tasks = tasks
        self._streams = StreamsApi(
            feed,
            journal,
            self._view,
            self._answer_later,
            limits=self._limits,
            privacy=privacy,
        )
        self._admission = Admission(
            self._people,
            access,
            self._streams,
            tasks,
            carry_out=self._carry_out,
            refuse=self._auditing.refuse,
        )
        self._weigh()
        self.stopping = False
        """Whether new jobs are refused."""
        # By type: a lookup costs a tenth of a match over all messages.
        self._quick: dict[type[Request], Callable[[Client, Any], None]] = {
            Ping: self._ping,
            Submit: self._submit,
            SubmitMany: self._submit_many,
            Listen: self._streams.listen,
            Grant: self._streams.grant,
            Unlisten: self._streams.unlisten,
            ListControllers: self._list_controllers,
            ResetController: self._reset_controller,
            Survey: self._survey,
            ListGuards: self._list_guards,
        }
        self._slow: dict[type[Request], Callable[[Client, Any], Awaitable[None]]] = {
            Get: self._get,
            List: self._archived,
            Count: self._archived,
            GetInput: self._archived,
            Annotate: self._archived,
            Delete: self._archived,
            ListProjects: self._project,
            CreateProject: self._project,
            ChangeProject: self._project,
            Cancel: self._cancel,
            Retry: self._retry,
            Fetch: self._result,
            Peek: self._result,
            Listen: self._streams.open,
            ImportCalibration: self._calibration,
            ListCalibrations: self._calibration,
            GetCalibration: self._calibration,
            UseCalibration: self._calibration,
            ReadLog: self._read_log,
            ReadAudit: self._read_audit,
            ReadVersions: self._read_versions,
            ReadProvenance: self._read_provenance,
            ReadCompiled: self._read_compiled,
            **dict.fromkeys(_QUEUE_REQUESTS, self._queue_request),
        }

    def reload(self, settings: Settings) -> None:
        """Go by another configuration from now on: its users, their keys, roles and limits."""
        self._people.reload(_roles(settings))
        self._access.reload(settings)
        self._limits.reload(settings.limits, _own_limits(settings))
        self._calibrations.valid_for = settings.calibration.valid_for
        self._privacy.readers = settings.api.jobs_are_read_by
        self._admission.renew()
        self._weigh()

    def _weigh(self) -> None:
        holdings = self._dispatch.holdings
        if self._limits.weighed and not holdings.weighs:
            holdings.weighs = True
            self._tasks.start_soon(holdings.weigh, self._journal)

    async def serve(self, socket: Socket) -> None:
        """Answer requests on a bound ROUTER for ever."""
        await self._people.prepare()
        socket.remember_senders()
        socket.emptied = self._journal.send_now
        while True:
            identity, *frames = await socket.receive()
            client = self._streams.client(socket, identity)
            client.sender = socket.sender
            self.take(client, frames)

    async def beat(self) -> None:
        """Tell listeners for ever that their streams are alive."""
        await self._streams.beat()

    def take(self, client: Client, frames: list[bytes]) -> None:
        """Carry out one request, or begin to."""
        try:
            request = REQUESTS.decode(frames[0])
        except IndexError:
            self._metrics.bad_frame("jobs")
            return
        except PeerError as error:
            self._metrics.bad_frame("jobs")
            self._auditing.refuse(client, request_number(frames[0]), None, error.info)
            return
        self._admission.take(client, request)

    def _carry_out(self, client: Client, request: Request) -> None:
        kind = type(request)
        quick = self._quick.get(kind)
        if kind in CHANGING:
            client = self._auditing.followed(client, request)
        try:
            if self._limits.paced and kind not in _UNANSWERED:
                self._check_pace(client.person)
            if quick is None:
                self._answer_later(client, request)
                return
            client.person.check(request)
            quick(client, request)
        except JournalClosed:
            return
        except Exception as error:  # noqa: BLE001 - one request's failure is its own
            self._fail(client, request, error)

    def _check_pace(self, person: Person) -> None:
        self._limits.check_pace(person.name, person.role, self._clock.monotonic())

    def _answer_later(self, client: Client, request: Request) -> None:
        self._tasks.start_soon(self._answer, client, request)

    async def _answer(self, client: Client, request: Request) -> None:
        try:
            client.person.check(request)
            turned_away = await self._privacy.turn_away(client.person, request)
            if turned_away is not None:
                client.send(turned_away)
                return
            await self._slow[type(request)](client, request)
        except JournalClosed:
            # This daemon is ending. An answer would end the waiting of whoever asked; without
            # one the request is sent again, to the next daemon.
            return
        except Exception as error:  # noqa: BLE001 - one request's failure is its own
            self._fail(client, request, error)

    def _fail(self, client: Client, request: Request, error: Exception) -> None:
        self._auditing.refuse(client, request.request, request, _info_of(error, request))

    # --- the station -------------------------------------------------------------------------

    def _ping(self, client: Client, request: Ping) -> None:
        name, epoch = self._settings.station.name, self._bus.epoch
        person = client.person
        client.send(Pong(request.request, name, epoch, __version__, person.name, person.role))

    def _shows(self, client: Client) -> Callable[[JobId], bool]:
        return partial(self._privacy.shows, client.person)

    def _list_controllers(self, client: Client, request: ListControllers) -> None:
        shows = self._shows(client)
        targets = tuple(
            TargetView(name=name, controller=controller)
            for name, controller in self._settings.target_controllers.items()
        )
        views = tuple(
            ControllerView(
                name=name,
                driver=self._settings.controllers[name].driver,
                connected=peer.identity is not None,
                running=anonymous(self._instruments.running(name), shows),
                line=self._instruments.queue.line(name),
                capabilities=peer.capabilities,
                quarantined=anonymous(self._instruments.quarantine.job(name), shows),
                heard_unix_s=self._bus.heard_unix_s(name),
            )
            for name, peer in self._bus.peers.items()
        )
        client.send(Controllers(request.request, targets, views))

    def _reset_controller(self, client: Client, request: ResetController) -> None:
        if request.name not in self._bus.peers:
            known = ", ".join(sorted(self._bus.peers)) or "none"
            raise RequestError(f"no controller is called {request.name!r}; known are {known}")
        self._instruments.reset(request.name)
        self._list_controllers(client, ListControllers(request.request))

    def _list_guards(self, client: Client, request: ListGuards) -> None:
        client.send(GuardsAnswer(request.request, tuple(self._guards.states())))

    def _survey(self, client: Client, request: Survey) -> None:
        client.send(self._whole_station.overview(request, self._shows(client)))

    # --- jobs --------------------------------------------------------------------------------

    def _submit(self, client: Client, request: Submit) -> None:
        self._check_open()
        self._submitting.submit(client, request)

    def _submit_many(self, client: Client, request: SubmitMany) -> None:
        self._check_open()
        self._submitting.submit_many(client, request)

    async def _get(self, client: Client, request: Get) -> None:
        client.send(Job(request.request, await self._view(request.job)))

    async def _read_log(self, client: Client, request: ReadLog) -> None:
        view = await self._view(request.job)
        client.send(await self._whole_station.log(request, view))

    async def _read_versions(self, client: Client, request: ReadVersions) -> None:
        client.send(await self._whole_station.versions(request))

    async def _read_compiled(self, client: Client, request: ReadCompiled) -> None:
        found = await self._journal.compiled(request.job)
        if not found:
            await self._view(request.job)  # there is no such job, or nothing of it is compiled
        client.send(Compiled(request.request, tuple(found)))

    async def _read_provenance(self, client: Client, request: ReadProvenance) -> None:
        client.send(await self._provenance.answer(request))

    async def _read_audit(self, client: Client, request: ReadAudit) -> None:
        lines, more = await self._auditing.read(request)
        client.send(AuditTrail(request.request, lines, more))

    async def _archived(self, client: Client, request: ArchiveRequest) -> None:
        client.send(await self._archive.answer(request, client.person))

    async def _queue_request(self, client: Client, request: QueueRequest) -> None:
        client.send(await self._queue.answer(request, client.person))

    async def _project(self, client: Client, request: ProjectRequest) -> None:
        client.send(await self._project_requests.answer(request, client.person))

    async def _cancel(self, client: Client, request: Cancel) -> None:
        live = await self._dispatch.find(request.job)
        if live is None:
            view = await self._view(request.job)
            client.person.check_owner(view.creator, f"job {view.id}")
            client.send(CancelAnswer(request.request, "already_over"))
            return
        client.person.check_owner(live.spec.creator, f"job {live.job.id}")
        over = live.job.status.is_terminal
        answer = CancelAnswer(request.request, "already_over" if over else "accepted")
        self._dispatch.cancel(live, partial(_tell, client, answer))

    async def _retry(self, client: Client, request: Retry) -> None:
        self._check_open()
        if not client.person.may("operator"):
            view = await self._view(request.job)
            client.person.check_owner(view.creator, f"job {view.id}")
        self._limits.check_attempt(client.person.name, client.person.role)
        check_storage(self._journal)
        client.send(await self._retries.retry(request))

    def _check_open(self) -> None:
        if self.stopping:
            raise StationError(
                ErrorInfo(
                    ErrorCode.SHUTTING_DOWN,
                    "the station is stopping and takes no new work: ask again when it is back",
                )
            )

    async def _result(self, client: Client, request: ResultRequest) -> None:
        await self._results.answer(client, request)

    async def _view(self, job: JobId) -> JobView:
        view = await self._journal.view(job)
        if view is None:
            raise UnknownJob(f"there is no job {shown(job)} at this station")
        return self._with_live(view)

    def _with_live(self, view: JobView) -> JobView:
        """Add what is known of a job in memory alone."""
        live = self._dispatch.get(view.id)
        if live is None and not self._dispatch.awaits(view.id):
            return view
        position = self._instruments.queue.position(view.number)
        progress = None if live is None else live.progress
        if position is None and progress is None:
            return view
        return msgspec.structs.replace(view, queue_position=position, progress=progress)

    async def _calibration(self, client: Client, request: CalibrationRequest) -> None:
        client.send(await self._calibrations.answer(request))


def _own_limits(settings: Settings) -> dict[str, Otherwise | None]:
    return {name: user.limits for name, user in settings.users.items()}


def _roles(settings: Settings) -> dict[str, Role]:
    return {name: user.role for name, user in settings.users.items()}


def _tell(client: Client, reply: Reply) -> None:
    client.send(reply)


def _info_of(error: Exception, request: Request) -> ErrorInfo:
    if isinstance(error, StationError):
        return error.info
    log.error("request %s failed", type(request).__name__, exc_info=error)
    return ErrorInfo(
        ErrorCode.INTERNAL_ERROR,
        f"the station could not answer ({type(error).__name__}: {error}): please report it",
    )
