"""Listeners who only listen: one to everything, and some to several jobs at once."""

from random import Random

import anyio

from stationd.client.connection.connection import Connection
from stationd.client.waiting.story import Story
from stationd.proto.error import StationError, StationUnreachable
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Events, FeedEvent
from stationd.proto.socket import Socket
from stationd.runtime.journal.contents import Contents
from tests.simulation.clients import Heard
from tests.simulation.lives import JOBS, repeatable_request
from tests.simulation.station import SimulatedStation


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
        network, user = self._station.network, self._station.watcher
        return network.connect(JOBS, "auditor", events, repeatable_request, user)

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
        if self._station.is_put_back:
            return
        if event.entry.seq != len(self.events) + 1:
            self._station.trace.violation(
                "the feed told fact", event.entry.seq, "after fact", len(self.events)
            )
        self.events.append(event)


class Ear:
    """Listens to several jobs at once, for a while, and then to others.

    Args:
        station: The station.
        number: Which one it is.
    """

    def __init__(self, station: SimulatedStation, number: int) -> None:
        self._station = station
        self._name = f"ear {number}"
        self._chance: Random = station.trace.chance(self._name)
        self.heard: list[list[Heard]] = []
        """What every stream told of its jobs."""

    async def run(self) -> None:
        """Listen for ever."""
        while True:
            await anyio.sleep(self._chance.uniform(0, 0.5))
            known = list(self._station.promises.submitted)
            if not known:
                continue
            jobs = self._chance.sample(known, self._chance.randint(1, len(known)))
            connection = Connection(JOBS, connect=self._connect)
            try:
                with anyio.move_on_after(self._chance.choice((0.05, 0.5, 5, None))):
                    await self._listen(connection, tuple(jobs))
            except StationError as error:
                if not isinstance(error, StationUnreachable) and not self._station.is_put_back:
                    raise
            finally:
                with anyio.CancelScope(shield=True):
                    await connection.aclose()

    def missing(self, contents: Contents) -> str:
        """Return what the newest stream has not told yet."""
        for heard in self.heard[-1] if self.heard else ():
            facts = len(contents.jobs[contents.numbers[heard.job]].timeline)
            if heard.statuses and heard.statuses[-1].ordinal < facts:
                return f"{self._name} heard {heard.statuses[-1]} of {facts} facts"
        return ""

    def _connect(self, _kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        network, user = self._station.network, self._station.watcher
        return network.connect(JOBS, self._name, events, repeatable_request, user)

    async def _listen(self, connection: Connection, jobs: tuple[JobId, ...]) -> None:
        told = [(Story(job), Heard(job)) for job in jobs]
        self.heard.append([heard for _, heard in told])
        stream = connection.listen(jobs)
        try:
            while True:
                frame = await stream.receive()
                for story, heard in told:
                    heard.statuses += story.take(frame)
        finally:
            stream.close()
