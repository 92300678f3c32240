"""Clients: they submit, wait, listen and cancel over the production client, and remember."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from stationd.client import aio, shared
from stationd.client.connection import Connection
from stationd.client.references import JobStatus
from stationd.client.results import SweepData
from stationd.proto.error import (
    ErrorCode,
    JobError,
    StationError,
    StationUnreachable,
    UnknownJob,
)
from stationd.proto.job import JobId, JobView
from stationd.proto.jobs_protocol import Events, FeedEvent
from stationd.proto.socket import Socket
from stationd.proto.status import JobExecutorStatus
from tests.simulation.scenario import Order
from tests.simulation.station import JOBS, SimulatedStation, repeatable_request

T = TypeVar("T")
_TRY_AGAIN = {ErrorCode.SHUTTING_DOWN, ErrorCode.STATION_UNREACHABLE, ErrorCode.STORAGE_TROUBLE}


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
    """

    def __init__(self, station: SimulatedStation, name: str, tasks: TaskGroup) -> None:
        self._station = station
        self._trace = station.trace
        self._chance = station.trace.chance(name)
        self._tasks = tasks
        self.connection = Connection(JOBS, connect=self._connect)
        self._name = name
        self.heard: list[Heard] = []
        self.ends: list[tuple[JobId, JobExecutorStatus]] = []
        """What waits came to."""
        self.results: dict[JobId, SweepData] = {}
        self.busy: dict[str, None] = {}
        """What it is at, for people."""

    def _connect(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        network = self._station.network
        return network.connect(JOBS, "client", events, repeatable_request)

    async def run(self, orders: tuple[Order, ...], clients: "list[Client]") -> None:
        """Have all orders carried out, and return when everything has been heard."""
        with shared.using(self.connection):
            async with anyio.create_task_group() as waits:
                for order in orders:
                    await anyio.sleep(order.pause)
                    await self._submit(order)
                    if order.cancel_after is not None:
                        canceller = clients[order.canceller]
                        waits.start_soon(canceller.cancel, order.job, order.cancel_after)
                    if order.manner == "wait":
                        waits.start_soon(self._wait, order)
                    elif order.manner == "listen":
                        waits.start_soon(self._listen, order)

    async def insist(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """Call again and again until the station answers."""
        self.busy[what] = None
        try:
            while True:
                try:
                    return await call()
                except StationError as error:
                    if error.info.code not in _TRY_AGAIN:
                        raise
                    await anyio.sleep(self._chance.uniform(0, 0.1))
        finally:
            del self.busy[what]

    async def _submit(self, order: Order) -> None:
        job = await self.insist(
            f"submit {order.job}",
            lambda: aio.submit(order.work, id=order.job, priority=order.priority),
        )
        number = (await self._view(order.job)).number if job.number == 0 else job.number
        self._trace.note("acknowledged", order.job[-4:], number)
        self._station.promises.submitted[order.job] = number

    async def _view(self, job: JobId) -> JobView:
        return await self.insist(f"view {job}", lambda: aio.view(job))

    async def cancel(self, job: JobId, delay: float) -> None:
        """Cancel a job after a while."""
        await anyio.sleep(delay)
        self._station.promises.asked_to_cancel.add(job)
        with shared.using(self.connection):
            outcome = await self._known(job, f"cancel {job}", lambda: aio.cancel(job))
        self._trace.note("cancel", job[-4:], outcome)
        if outcome == "accepted":
            self._station.promises.cancels.add(job)

    async def _known(self, job: JobId, what: str, call: Callable[[], Awaitable[T]]) -> T | None:
        try:
            return await self.insist(what, call)
        except UnknownJob:
            self._trace.violation("acknowledged job", job, "is unknown to the station")
            return None

    async def _wait(self, order: Order) -> None:
        try:
            reached = await self._known(
                order.job, f"wait for {order.job}", lambda: aio.wait_for(order.job, timeout=None)
            )
        except JobError as error:
            self._trace.note("waited", order.job[-4:], error.status)
            self.ends.append((order.job, error.status))
            return
        if reached is None:
            return
        self._trace.note("waited", order.job[-4:], reached.status)
        self.ends.append((order.job, reached.status))
        await self._fetch(order)

    async def _fetch(self, order: Order) -> None:
        for result in await self.insist(f"results {order.job}", lambda: aio.results(order.job)):
            if isinstance(result, aio.ResultRef):
                data = await self.insist(f"download {order.job}", result.download_result)
                if isinstance(data, SweepData):
                    self.results[order.job] = data

    async def _listen(self, order: Order) -> None:
        """Listen to the end, and hang up now and then."""
        while True:
            heard = Heard(order.job)
            self.heard.append(heard)
            patience = self._chance.choice((0.01, 0.2, None, None))
            with anyio.move_on_after(patience):
                await self._known(order.job, f"listen {order.job}", partial(_hear, heard))
            if heard.finished:
                self._trace.note("heard", order.job[-4:], heard.statuses[-1].status)
                self.ends.append((order.job, heard.statuses[-1].status))
                return
            if self._trace.violations:
                return

    async def aclose(self) -> None:
        """Hang up."""
        await self.connection.aclose()


async def _hear(heard: Heard) -> None:
    # Whoever asks again after a station that did not answer hears the story anew.
    heard.statuses.clear()
    async for status in aio.listen_job_status(heard.job):
        heard.statuses.append(status)
    heard.finished = True


class Auditor:
    """Listens to everything from the beginning, and hangs up now and then.

    Args:
        station: The station.
    """

    def __init__(self, station: SimulatedStation) -> None:
        self._station = station
        self._chance = station.trace.chance("auditor")
        self.events: list[FeedEvent] = []

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            connection = Connection(JOBS, connect=self._connect)
            try:
                with anyio.move_on_after(self._chance.uniform(0.5, 5)):
                    await self._listen(connection)
            except StationUnreachable:
                await anyio.sleep(0.05)
            finally:
                with anyio.CancelScope(shield=True):
                    await connection.aclose()

    def _connect(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        return self._station.network.connect(JOBS, "auditor", events, repeatable_request)

    async def _listen(self, connection: Connection) -> None:
        stream = connection.listen(None, after=len(self.events))
        try:
            while True:
                frame = await stream.receive()
                if isinstance(frame, Events):
                    for event in frame.events:
                        self._take(event)
                if self._chance.random() < 0.02:
                    await anyio.sleep(0.5)
        finally:
            stream.close()

    def _take(self, event: FeedEvent) -> None:
        if event.entry.seq != len(self.events) + 1:
            self._station.trace.violation(
                "the feed told fact", event.entry.seq, "after fact", len(self.events)
            )
        self.events.append(event)
