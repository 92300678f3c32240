"""Clients: they submit, wait, listen, cancel and retry over the production client, and remember."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from stationd.client import aio
from stationd.client.connection import shared
from stationd.client.connection.connection import Connection
from stationd.client.references.job import JobStatus
from stationd.client.results.outcome import SweepData
from stationd.client.steering.retrying import RetryOutcome
from stationd.proto.codec import REQUESTS
from stationd.proto.error import (
    ErrorCode,
    Forbidden,
    JobError,
    JobNotFinished,
    LimitReached,
    RequestError,
    StationError,
    UnknownArtifact,
    UnknownJob,
    UnknownProject,
)
from stationd.proto.job import JobId, JobView
from stationd.proto.jobs_protocol import Cancel, Get, Submit
from stationd.proto.socket import Socket
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy
from tests.simulation.lives import JOBS
from tests.simulation.rights import may_change
from tests.simulation.scenario import Order, Retrial
from tests.simulation.station import SimulatedStation

T = TypeVar("T")
_MOST_SUBMITS = 1000
"""How often a job is asked for that is more than there is room for."""
_TRY_AGAIN = {ErrorCode.SHUTTING_DOWN, ErrorCode.STATION_UNREACHABLE, ErrorCode.STORAGE_TROUBLE}


@dataclass(frozen=True)
class End:
    """What a wait came to."""

    job: JobId
    status: JobExecutorStatus
    began: float
    ended: float
    """When it did."""


@dataclass(frozen=True)
class Fetched:
    """A result."""

    job: JobId
    attempt: int
    """The one that made it."""
    data: SweepData


@dataclass
class Heard:
    """What one listen told of a job."""

    job: JobId
    statuses: list[JobStatus] = field(default_factory=list[JobStatus])
    finished: bool = False


class Client:
    """One client with a connection of its own.

    Args:
        station: The station.
        name: Of its links.
        tasks: Runs what it does in the background.
        user: Who it is; empty where there are no users.
    """

    def __init__(
        self, station: SimulatedStation, name: str, tasks: TaskGroup, user: str = ""
    ) -> None:
        self._station = station
        self._user = user
        self._trace = station.trace
        self._chance = station.trace.chance(name)
        self._tasks = tasks
        self.connection = Connection(JOBS, connect=self._connect)
        self._name = name
        self.heard: list[Heard] = []
        self.ends: list[End] = []
        self.results: list[Fetched] = []
        self.busy = Counter[str]()
        """What it is at, for people."""

    def _connect(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        network = self._station.network
        return network.connect(JOBS, "client", events, self._may_arrive_twice, self._user)

    def _may_arrive_twice(self, frame: bytes) -> bool:
        request = REQUESTS.decode(frame)
        if isinstance(request, Submit):
            self._station.promises.doubled.add(request.job)
        return isinstance(request, Submit | Cancel | Get)

    async def run(self, orders: tuple[Order, ...], clients: "list[Client]") -> None:
        """Have all orders carried out, and return when everything has been heard."""
        with shared.using(self.connection):
            async with anyio.create_task_group() as waits:
                for order in orders:
                    await anyio.sleep(order.pause)
                    if not await self._submit(order):
                        continue
                    if order.cancel_after is not None:
                        canceller = clients[order.canceller]
                        waits.start_soon(canceller.cancel, order.job, order.cancel_after)
                    for retrial in order.retrials:
                        client = clients[retrial.client]
                        waits.start_soon(client.retry, order, retrial)
                    if order.manner == "wait":
                        waits.start_soon(self._wait, order)
                    elif order.manner == "listen":
                        waits.start_soon(self._listen, order)

    async def insist(self, what: str, call: Callable[[], Awaitable[T]], *, may: bool = True) -> T:
        """Call again and again until the station answers.

        Args:
            what: For people.
            call: What is to be done.
            may: Whether this client may do it at all.
        """
        self.busy[what] += 1
        rights, since = self._station.rights, anyio.current_time()
        try:
            while True:
                try:
                    return await call()
                except StationError as error:
                    # Streams end when it changes what their listeners may read.
                    told_anew = may and isinstance(error, Forbidden) and rights.changed(since)
                    if error.info.code not in _TRY_AGAIN and not told_anew:
                        raise
                    await anyio.sleep(self._chance.uniform(0, 0.1))
        finally:
            self.busy[what] -= 1

    async def _submit(self, order: Order) -> bool:
        """Submit a job until there is room for it; tell whether it was taken."""
        promises = self._station.promises
        self._station.rights.creators[order.job] = self._user
        for _ in range(_MOST_SUBMITS):
            try:
                number = await self._send(order)
            except (LimitReached, UnknownProject) as error:
                self._trace.fault("refused submits", order.job[-4:], error.info.code)
                if self._station.contents is not None:
                    promises.check_refused(order.job, self._station.contents, self._trace)
                await anyio.sleep(self._chance.uniform(0.2, 1.0))
                continue
            self._trace.note("acknowledged", order.job[-4:], number)
            promises.submitted[order.job] = number
            return True
        promises.refused.add(order.job)
        return False

    async def _send(self, order: Order) -> int:
        job = await self.insist(
            f"submit {order.job}",
            lambda: aio.submit(
                order.work,
                id=order.job,
                priority=order.priority,
                timeout=order.timeout,
                max_attempts=order.max_attempts,
                retry_on=order.retry_on,
                on_lost=order.on_lost,
                resume=order.resume,
                project=order.project or None,
            ),
        )
        return job.number or (await self._view(order.job)).number

    async def _view(self, job: JobId) -> JobView:
        return await self.insist(f"view {job}", lambda: aio.view(job))

    async def cancel(self, job: JobId, delay: float) -> None:
        """Cancel a job after a while."""
        await anyio.sleep(delay)
        if not self._may_change(job):
            await self._in_vain("cancel", job, lambda: aio.cancel(job))
            return
        self._station.promises.asked_to_cancel.add(job)
        with shared.using(self.connection):
            outcome = await self._known(job, f"cancel {job}", lambda: aio.cancel(job))
        self._trace.note("cancel", job[-4:], outcome)
        if outcome == "accepted":
            self._station.promises.cancels.add(job)

    def _may_change(self, job: JobId) -> bool:
        rights = self._station.rights
        return rights.now(may_change(self._user, rights.creators[job]))

    async def _in_vain(self, what: str, job: JobId, call: Callable[[], Awaitable[object]]) -> None:
        """Try to change a job that is not this client's."""
        with shared.using(self.connection):
            try:
                outcome = await self.insist(f"{what} {job}", call, may=False)
            except (Forbidden, UnknownJob) as error:
                self._trace.note(what, job[-4:], "refused to", self._user, error.info.code)
                return
        self._trace.violation(self._user, "came to", outcome, "with", what, "of job", job)

    async def _known(self, job: JobId, what: str, call: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await self.insist(what, call)
        except UnknownJob:
            self._trace.violation("acknowledged job", job, "is unknown to the station")
            return None

    async def _wait(self, order: Order) -> None:
        began = anyio.current_time()
        try:
            reached = await self._known(
                order.job, f"wait for {order.job}", lambda: aio.wait_for(order.job, timeout=None)
            )
        except JobError as error:
            self._waited(order.job, error.status, began)
            return
        if reached is not None:
            self._waited(order.job, reached.status, began)
            await self._fetch(order)

    def _waited(self, job: JobId, status: JobExecutorStatus, began: float) -> None:
        self._trace.note("waited", job[-4:], status)
        self.ends.append(End(job, status, began, anyio.current_time()))

    async def _fetch(self, order: Order) -> None:
        try:
            results = await self.insist(f"results {order.job}", lambda: aio.results(order.job))
            for result in results:
                data = await self.insist(f"download {order.job}", result.download_result)
                if isinstance(data, SweepData):
                    attempt = int(result.artifact.id.split("/")[1])
                    self.results.append(Fetched(order.job, attempt, data))
        except (JobNotFinished, JobError, UnknownArtifact):
            # It has begun afresh meanwhile.
            if order.job not in self._station.promises.asked_to_retry:
                raise

    async def retry(self, order: Order, retrial: Retrial) -> None:
        """Ask for another attempt of a job, and wait for its end."""
        promises, job = self._station.promises, order.job
        if not self._may_change(job):
            await anyio.sleep(retrial.pause)
            strategy = retrial.strategy
            await self._in_vain("retry", job, lambda: _retry(job, strategy))
            return
        with shared.using(self.connection):
            if retrial.patient:
                await self._wait(order)
            await anyio.sleep(retrial.pause)
            before = (await self._view(job)).attempt
            try:
                outcome = await self.insist(
                    f"retry {job}",
                    lambda: self._ask_for_retry(job, retrial),
                )
            except RequestError as error:
                self._trace.note("retry", job[-4:], "refused", error.info.code)
                if isinstance(error, LimitReached):
                    # Nothing has come of it.
                    promises.asked_to_retry[job].remove(retrial.strategy)
                return
            self._trace.note("retry", job[-4:], retrial.strategy, outcome)
            if outcome == "opened":
                promises.attempts[job] = max(promises.attempts.get(job, 0), before + 1)
            await self._wait(order)

    async def _ask_for_retry(self, job: JobId, retrial: Retrial) -> RetryOutcome:
        # Whether one that was not answered has opened an attempt is unknown: each of them may.
        asked = self._station.promises.asked_to_retry
        asked.setdefault(job, []).append(retrial.strategy)
        return await aio.retry_submission(
            job, retry_status=retrial.statuses, remote_retry_strategy=retrial.strategy
        )

    async def _listen(self, order: Order) -> None:
        """Listen to the end, and hang up now and then."""
        began = anyio.current_time()
        while True:
            heard = Heard(order.job)
            self.heard.append(heard)
            patience = self._chance.choice((0.01, 0.2, None, None))
            with anyio.move_on_after(patience):
                await self._known(order.job, f"listen {order.job}", partial(_hear, heard))
            if heard.finished:
                self._trace.note("heard", order.job[-4:], heard.statuses[-1].status)
                status = heard.statuses[-1].status
                self.ends.append(End(order.job, status, began, anyio.current_time()))
                return
            if self._trace.violations:
                return

    async def aclose(self) -> None:
        """Hang up."""
        await self.connection.aclose()


async def _retry(job: JobId, strategy: RemoteRetryStrategy) -> RetryOutcome:
    return await aio.retry_submission(job, remote_retry_strategy=strategy)


async def _hear(heard: Heard) -> None:
    # Whoever asks again after a station that did not answer hears the story anew.
    heard.statuses.clear()
    async for status in aio.listen_job_status(heard.job):
        heard.statuses.append(status)
    heard.finished = True
