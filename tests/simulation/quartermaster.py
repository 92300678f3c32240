"""Quotas and limits that change, and a user who submits more at once than there is room for."""

from uuid import UUID

import anyio
import msgspec

from stationd.client.connection.connection import Connection
from stationd.proto import jobs_protocol as wire
from stationd.proto.error import ErrorCode, StationError
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.project_requests import ChangeProject, CreateProject, Projects
from stationd.proto.socket import Socket
from tests.simulation.additions import some_limits
from tests.simulation.lives import JOBS
from tests.simulation.parts import Part
from tests.simulation.scenario import CONTROLLERS
from tests.simulation.station import SimulatedStation
from tests.simulation.trouble import Trouble

_PLENTY = 2**50


class Quartermaster(Trouble):
    """Says how much there is for everybody."""

    tidies = True

    def __init__(self, station: SimulatedStation, part: Part) -> None:
        super().__init__(station, part)
        self._crowd = (*station.scenario.people, "")[0]

    async def run(self) -> None:
        """Make the projects, and say now and then how much there is."""
        for project in self.station.scenario.projects:
            await self._make(project)
        await super().run()

    async def tidy(self) -> None:
        """Let everybody have what they want."""
        for project in self.station.scenario.projects:
            await self._make(project)
            await self._insist(ChangeProject(0, project, quota_bytes=_PLENTY))

    async def strike(self) -> None:
        """Say something else, or submit too much."""
        kind = self.chance.random()
        if kind < 0.4:
            await self._crowd_in()
        elif kind < 0.8:
            quota = self.chance.choice((0, 1, 60, 400, 4000))
            self.trace.fault("other quotas", quota)
            project = self.chance.choice(self.station.scenario.projects)
            with anyio.move_on_after(2.0):
                await self._insist(ChangeProject(0, project, quota_bytes=quota))
        else:
            self.trace.fault("other limits")
            settings = self.station.rights.settings
            limits = some_limits(self.chance)
            self.station.configure(msgspec.structs.replace(settings, limits=limits))

    async def _make(self, project: str) -> None:
        await self._insist(CreateProject(0, project, f"project {project[:8]}"))

    async def _insist(self, request: CreateProject | ChangeProject) -> None:
        connection = Connection(JOBS, connect=self._watcher)
        try:
            while True:
                try:
                    await connection.ask(request, Projects)
                except StationError as error:
                    if error.info.code not in {
                        ErrorCode.STATION_UNREACHABLE,
                        ErrorCode.STORAGE_TROUBLE,
                    }:
                        raise
                    await anyio.sleep(0.1)
                else:
                    return
        finally:
            with anyio.CancelScope(shield=True):
                await connection.aclose()

    def _watcher(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        network, user = self.station.network, self.station.watcher
        return network.connect(JOBS, "quartermaster", events, user=user)

    # --- a crowd -----------------------------------------------------------------------------

    async def _crowd_in(self) -> None:
        jobs = tuple(self._job() for _ in range(self.chance.randint(1, 6)))
        for new in jobs:
            self.station.rights.creators[new.job] = self._crowd
        connection = Connection(JOBS, connect=self._crowded)
        try:
            answer = await connection.ask(wire.SubmitMany(0, jobs), wire.SubmittedMany)
        except StationError as error:
            self.trace.note("crowd", error.info.code)
            return
        finally:
            with anyio.CancelScope(shield=True):
                await connection.aclose()
        for new, one in zip(jobs, answer.answers, strict=True):
            if one.error is None:
                self.station.promises.submitted[new.job] = one.number
            else:
                self.trace.fault("refused in a crowd", one.error.code)
                self.station.promises.refused.add(new.job)

    def _job(self) -> wire.NewJob:
        chance = self.chance
        work = Circuits(
            programs=(NullProgram(duration=chance.choice((0.0, chance.uniform(0, 0.2)))),),
            n_shots=(1,),
            target=chance.choice(CONTROLLERS),
        )
        project = chance.choice(("", *self.station.scenario.projects))
        job = JobId(str(UUID(int=chance.getrandbits(128), version=4)))
        return wire.NewJob(job, JobSpec(work=work, project=project))

    def _crowded(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        return self.station.network.connect(JOBS, "crowd", events, user=self._crowd)
