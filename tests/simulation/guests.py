"""Users whose keys and roles come and go, and who try all that they may not do.

Rule 1. What a guest is answered is allowed by what held at some time between question and answer.
Rule 2. What a guest changed counts as asked for only if that was allowed then.
"""

from collections.abc import Callable
from random import Random
from typing import Final
from uuid import UUID

import anyio

from stationd.client.connection.connection import Connection
from stationd.proto import jobs_protocol as wire
from stationd.proto.compiled_requests import Compiled, ReadCompiled
from stationd.proto.error import StationError
from stationd.proto.job import JobFilter, JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.project_requests import Count, Counted, GetInput, Input
from stationd.proto.provenance import ProvenanceAnswer, ReadProvenance
from stationd.proto.queue_requests import (
    Explanation,
    ListQueue,
    Placed,
    Prioritise,
    QueueListing,
    Why,
)
from stationd.proto.result_requests import Peek
from stationd.proto.socket import Socket
from stationd.proto.station_requests import JobLog, Overview, ReadLog, Survey
from stationd.proto.status import RemoteRetryStrategy
from tests.simulation.lives import JOBS, repeatable_request
from tests.simulation.rights import may, may_change, may_read
from tests.simulation.scenario import CONTROLLERS
from tests.simulation.station import SimulatedStation

Looked = tuple[Callable[[JobId], wire.Request], type[wire.Reply]]

LOOKS: Final[tuple[Looked, ...]] = (
    (lambda job: wire.Get(0, job), wire.Job),
    (lambda job: Peek(0, job), wire.Job),
    (lambda job: Why(0, job), Explanation),
    (lambda job: ReadLog(0, job), JobLog),
    (lambda job: GetInput(0, job), Input),
    (lambda job: ReadCompiled(0, job), Compiled),
    (lambda job: ReadProvenance(0, job), ProvenanceAnswer),
    (lambda job: wire.Fetch(0, f"{job}/1/0"), wire.Chunk),
)
"""Questions about a job, and what answers them."""
SURVEYS: Final[tuple[tuple[wire.Request, type[wire.Reply]], ...]] = (
    (wire.List(0, JobFilter()), wire.Jobs),
    (ListQueue(0), QueueListing),
    (wire.ListControllers(0), wire.Controllers),
    (Survey(0), Overview),
)
"""Questions about many jobs."""


class Guest:
    """One user who comes and goes.

    Args:
        station: The station.
        user: Who it is.
        chance: What they try.
    """

    def __init__(self, station: SimulatedStation, user: str, chance: Random) -> None:
        self._station = station
        self._rights = station.rights
        self._user = user
        self._chance = chance
        self._acts = (
            self._look,
            self._look,
            self._survey,
            self._count,
            self._change,
            self._retry,
            self._submit,
            self._listen,
            self._listen,
        )

    async def run(self) -> None:
        """Come and go for ever."""
        while True:
            await anyio.sleep(self._chance.expovariate(1.0))
            connection = Connection(JOBS, connect=self._connect)
            try:
                with anyio.move_on_after(self._chance.choice((0.3, 1.5))):
                    await self._visit(connection)
            finally:
                with anyio.CancelScope(shield=True):
                    await connection.aclose()

    def _connect(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        network = self._station.network
        return network.connect(JOBS, "guest", events, repeatable_request, self._user)

    async def _visit(self, connection: Connection) -> None:
        while not connection.closed:
            try:
                await self._chance.choice(self._acts)(connection)
            except StationError as error:
                self._station.trace.note(self._user, "is refused", error.info.code)
            await anyio.sleep(self._chance.uniform(0, 0.4))

    def _some_job(self) -> JobId | None:
        known = list(self._station.promises.submitted)
        return self._chance.choice(known) if known else None

    # --- looking -----------------------------------------------------------------------------

    async def _look(self, connection: Connection) -> None:
        job = self._some_job()
        if job is None:
            return
        question, answer = self._chance.choice(LOOKS)
        request, since = question(job), anyio.current_time()
        await connection.ask(request, answer)
        if not self._rights.ever(since, may_read(self._user, self._rights.creators[job])):
            kind = type(request).__name__
            self._station.trace.violation(kind, "of job", job, "was answered to", self._user)

    async def _survey(self, connection: Connection) -> None:
        await connection.ask(*self._chance.choice(SURVEYS))

    async def _count(self, connection: Connection) -> None:
        since = anyio.current_time()
        counted = await connection.ask(Count(0, JobFilter()), Counted)
        own = list(self._rights.creators.values()).count(self._user)
        if counted.count > own and not self._rights.ever(since, may_read(self._user, "")):
            self._station.trace.violation(self._user, "counts", counted.count, "jobs of", own)

    async def _listen(self, connection: Connection) -> None:
        job = self._some_job()
        everything = job is None or self._chance.random() < 0.5
        stream = connection.listen(None if everything or job is None else (job,))
        try:
            with anyio.move_on_after(self._chance.choice((0.1, 1.0))):
                while True:
                    await stream.receive()
        finally:
            stream.close()

    # --- changing ----------------------------------------------------------------------------

    async def _change(self, connection: Connection) -> None:
        job = self._some_job()
        if job is None or self._chance.random() < 0.3:
            return
        since, allowed = anyio.current_time(), may_change(self._user, self._rights.creators[job])
        asked = self._station.promises.asked_to_cancel
        try:
            if self._chance.random() < 0.5:
                await connection.ask(Prioritise(0, job, self._chance.randint(-5, 5)), Placed)
            else:
                await connection.ask(wire.Cancel(0, job), wire.CancelAnswer)
            if not self._rights.ever(since, allowed):
                self._station.trace.violation(self._user, "has changed job", job)
        finally:
            if self._rights.ever(since, allowed):
                asked.add(job)

    async def _retry(self, connection: Connection) -> None:
        job = self._some_job()
        if job is None or self._chance.random() < 0.5:
            return
        since, allowed = anyio.current_time(), may_change(self._user, self._rights.creators[job])
        strategy = self._chance.choice(tuple(RemoteRetryStrategy))
        asked = self._station.promises.asked_to_retry.setdefault(job, [])
        before = self._rights.now(allowed)
        if before:
            asked.append(strategy)
        try:
            await connection.ask(wire.Retry(0, job, 1, strategy), wire.RetryAnswer)
            if not self._rights.ever(since, allowed):
                self._station.trace.violation(self._user, "has retried job", job)
        finally:
            if not before and self._rights.ever(since, allowed):
                asked.append(strategy)

    async def _submit(self, connection: Connection) -> None:
        job = JobId(str(UUID(int=self._chance.getrandbits(128), version=4)))
        work = Circuits(
            programs=(NullProgram(duration=self._chance.uniform(0, 0.1)),),
            n_shots=(1,),
            target=self._chance.choice(CONTROLLERS),
        )
        self._rights.creators[job] = self._user
        since = anyio.current_time()
        answer = await connection.ask(wire.Submit(0, job, JobSpec(work=work)), wire.Submitted)
        self._station.promises.submitted[job] = answer.number
        if not self._rights.ever(since, may(self._user, "submitter")):
            self._station.trace.violation(self._user, "was let submit", job)
