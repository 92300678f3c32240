"""A whole station on a journal in memory, with everything at the test's command.

The journal commits when the test says so, commands to controllers are written down instead of
sent, and what controllers report is what the test says.
"""

# pyright: reportPrivateUsage=false

import shutil
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import get_args
from weakref import WeakKeyDictionary

import anyio
import zmq
from anyio.lowlevel import checkpoint
from prometheus_client import generate_latest

from stationd.actors.ladder import Effect
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPLIES, REPORTS, REQUESTS, commands_in
from stationd.proto.job import Fence, JobId, JobSpec, Ticket
from stationd.proto.jobs_protocol import Events, FeedEvent, Reply, Request
from stationd.proto.program import (
    Axis,
    Capabilities,
    Circuits,
    NullProgram,
    Qpu,
    Readout,
    Setting,
    Sweep,
)
from stationd.proto.socket import Socket, bind, connect
from stationd.runtime.assembly import assemble
from stationd.runtime.audit.trail import Trail
from stationd.runtime.jobs.arrivals import NewJob
from stationd.runtime.jobs.dispatch import Dispatch
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import ControllerSeen
from stationd.runtime.live import LiveJob
from stationd.runtime.metrics import Metrics
from stationd.runtime.settings import Settings, parse
from stationd.runtime.station import Ports, Station
from stationd.runtime.stream import Stream
from stationd.runtime.work.outcome import Outcome
from stationd.runtime.work.workers import Workers

NOW = 1_000_000.0
"""Unix seconds at which the clock stands still."""
FIRST_TICKET = int(NOW * 1e6) + 1
"""Of a station that has just been made."""
BEAT = 1000.0
"""Seconds: nothing beats by itself in a test."""
GRACE = 10_000.0
NULL = Capabilities(null=True)
SOURCE = Capabilities(settings=(Setting(name="x"),), readouts=(Readout(name="y"),))
QPU = Capabilities(qpu=Qpu(qubits=("Q1", "Q2"), couplings=(("Q1", "Q2"),)))
OFFERED = {"a": NULL, "b": NULL, "c": SOURCE, "d": SOURCE, "q": QPU}
NO_DEADLINES: Mapping[str, float] = MappingProxyType({})


class StillClock:
    """A clock that stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


_UNHEARD: WeakKeyDictionary[Socket, deque[wire.OneCommand]] = WeakKeyDictionary()


async def heard(socket: Socket) -> wire.OneCommand:
    """Return what a controller hears next; several commands may come in one frame."""
    unheard = _UNHEARD.setdefault(socket, deque())
    while not unheard:
        unheard += commands_in((await socket.receive())[0])
    return unheard.popleft()


@dataclass
class WrittenLines:
    """Lines to controllers that write down what is sent."""

    names: list[str]
    sent: list[tuple[str, wire.Command]] = field(default_factory=list[tuple[str, wire.Command]])

    def send(self, controller: str, command: wire.Command) -> None:
        if controller in self.names:
            self.sent.append((controller, command))

    def has(self, controller: str) -> bool:
        return controller in self.connected()

    def connected(self) -> Sequence[str]:
        return self.names

    def to(self, controller: str) -> list[wire.Command]:
        return [command for name, command in self.sent if name == controller]


@dataclass
class Answers:
    """What a client was answered to a submit."""

    given: list[tuple[int, bool]] = field(default_factory=list[tuple[int, bool]])

    def __call__(self, number: int, created: bool) -> None:  # noqa: FBT001 - the port's signature
        self.given.append((number, created))


def as_sent(reply: Reply) -> Reply:
    """Return a reply as its client reads it."""
    return reply if isinstance(reply, get_args(Reply)) else REPLIES.decode(REPLIES.encode(reply))


def job_id(number: int) -> JobId:
    return JobId(f"00000000-0000-0000-0000-{number:012d}")


def null_spec(target: str = "a", duration: float = 0.0, priority: int = 0) -> JobSpec:
    programs = (NullProgram(duration=duration),)
    return JobSpec(work=Circuits(programs=programs, n_shots=(1,), target=target), priority=priority)


def sweep_spec() -> JobSpec:
    """Return a sweep that needs the controllers c and d."""
    axis = Axis("c.x", (1.0, 2.0))
    return JobSpec(work=Sweep(axes=((axis,),), returns=("d.y",)))


class Bench:
    """The station under test, and what it has said."""

    def __init__(
        self, station: Station, journal: MemoryJournal, clock: StillClock, metrics: Metrics
    ) -> None:
        self.station = station
        self.journal = journal
        self.clock = clock
        self.instruments = station.instruments
        self.bus = station.bus
        self.api = station.api
        dispatch = station.instruments._jobs
        assert isinstance(dispatch, Dispatch)
        self.dispatch = dispatch
        self.metrics = metrics
        self.lines = WrittenLines(list(OFFERED))
        self._published: list[FeedEvent] = []

    @property
    def published(self) -> list[FeedEvent]:
        """What a listener has been told, all that was committed before included."""
        self.dispatch._feed.publish_news()
        return self._published

    def listen(self) -> None:
        """Take down all that is published."""
        feed = self.dispatch._feed
        feed.open_snapshot(Stream(1, None, self._heard, 1_000_000), feed.position, [])

    def _heard(self, reply: Reply) -> bool:
        sent = as_sent(reply)
        if isinstance(sent, Events):
            self._published += sent.events
        return True

    @property
    def fence(self) -> Fence:
        """What goes on every command."""
        return self.station.authority.fence

    @property
    def durable(self) -> int:
        """How many facts are on disk."""
        return self.journal._contents.seq

    def submit(self, number: int, spec: JobSpec | None = None) -> Answers:
        answers = Answers()
        spec = spec or null_spec()
        target = spec.work.target if isinstance(spec.work, Circuits) else ""
        self.dispatch.submit(NewJob(job_id(number), spec, target, answers))
        return answers

    def do_nothing_ahead(self) -> None:
        """Let jobs' work begin when they are on disk, as work does that takes time."""

        def later(live: LiveJob, effect: Effect) -> Outcome | None:
            del live, effect
            return None

        self.dispatch._at_work.at_once = later  # type: ignore[method-assign]

    def live(self, number: int) -> LiveJob:
        found = self.dispatch.get(job_id(number))
        assert found is not None
        return found

    def commit(self) -> None:
        """Commit until nothing more is written."""
        while self.journal.commit():
            pass

    def queued(self, number: int, spec: JobSpec | None = None) -> Ticket:
        """Submit a job and let it climb to the queue, and out of it if it can go."""
        self.submit(number, spec)
        self.commit()
        ticket = self.live(number).ticket
        assert ticket is not None
        return ticket

    def report(self, controller: str, *reports: wire.OneReport) -> None:
        """Let a controller say something, through the bus' own door."""
        identity = controller.encode()
        peer = self.bus.peers[controller]
        self.bus._by_identity[identity] = peer
        peer.heard = self.clock.now
        for report in reports:
            self.bus._pass_on(peer, report, [b""], self.instruments)

    def run(self, controller: str, ticket: Ticket, seconds: float = 0.0) -> None:
        """Let a controller execute a ticket."""
        self.report(controller, wire.Armed(ticket), wire.Started(ticket, self.clock.now))
        self.report(controller, wire.Finished(ticket, 0, self.clock.now + seconds))
        self.commit()

    def count(self, metric: str) -> float:
        """Return a metric's value as Prometheus would scrape it."""
        for line in generate_latest(self.metrics.registry).decode().splitlines():
            if line.startswith(f"{metric} "):
                return float(line.split()[-1])
        raise AssertionError(metric)


def settings_in(
    folder: Path, policy: str = "resume", deadlines: Mapping[str, float] = NO_DEADLINES
) -> Settings:
    null = {"driver": "null", "start": False}
    bench = {"driver": "simulated-source", "start": False}
    return parse(
        {
            "station": {"state": str(folder), "runtime": str(folder)},
            "instruments": {"beat_interval": BEAT, "grace": GRACE},
            "metrics": {"listen": ""},
            "recovery": {"policy": policy},
            "workers": {"prewarm": False},
            "deadlines": dict(deadlines),
            "controllers": {"a": null, "b": null, "c": bench, "d": bench, "q": bench},
            "targets": {name: {"controller": name} for name in ("a", "b", "q")},
        },
        "bench",
    )


@asynccontextmanager
async def a_bench(
    journal: MemoryJournal | None = None,
    *,
    lazily: bool = False,
    policy: str = "resume",
    deadlines: Mapping[str, float] = NO_DEADLINES,
    trail: Trail | None = None,
) -> AsyncGenerator[Bench]:
    """Start a station; nothing commits, and no controller hears or says a word, by itself.

    Args:
        journal: What it finds.
        lazily: Do not wait until it has taken up all unfinished jobs.
        policy: What becomes of those.
        deadlines: How long stages may take, if not as long as usual.
        trail: Where the audit log goes.
    """
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    clock, journal = StillClock(), journal or MemoryJournal(manual=True)
    for name, offered in OFFERED.items():
        seen = ControllerSeen(name, "null", "ledger", "0", clock.now, offered)
        journal.write([seen], lambda _: None)
    journal.commit()
    settings = settings_in(folder, policy, deadlines)
    metrics = Metrics(list(settings.controllers))
    try:
        with (
            bind(zmq.ROUTER, settings.instruments_endpoint) as instruments,
            bind(zmq.ROUTER, settings.api_endpoints[0]) as api,
            anyio.fail_after(60),
        ):
            ports = Ports(
                journal=journal,
                instruments=instruments,
                api=[api],
                clock=clock,
                workers=Workers(1),
                trail=trail,
            )
            async with anyio.create_task_group() as tasks:
                station = await assemble(settings, ports, metrics, tasks)
                bench = Bench(station, journal, clock, metrics)
                if not lazily:
                    await bench.dispatch.recovered()
                bench.instruments.attach(bench.lines)
                yield bench
                tasks.cancel_scope.cancel()
    finally:
        shutil.rmtree(folder)


class Peer:
    """A client or a controller at the other end of a real socket."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket

    async def say(self, *messages: Request | wire.Report) -> None:
        for message in messages:
            frame = (
                REPORTS.encode(message)  # type: ignore[arg-type]
                if type(message).__module__.endswith("instruments_protocol")
                else REQUESTS.encode(message)  # type: ignore[arg-type]
            )
            await self.socket.send([frame])

    async def reply(self) -> Reply:
        with anyio.fail_after(60):
            return REPLIES.decode((await self.socket.receive())[0])


def client_of(bench: Bench) -> Peer:
    return Peer(connect(zmq.DEALER, bench.station.settings.api_endpoints[0]))


def controller_of(bench: Bench) -> Peer:
    return Peer(connect(zmq.DEALER, bench.station.settings.instruments_endpoint))


def hello(name: str, *held: wire.HeldTicket, ledger: str = "ledger") -> wire.Hello:
    return wire.Hello(name, "null", ledger, None, 0, held, NULL, "0", 1)


async def committed_until(bench: Bench, condition: Callable[[], bool]) -> None:
    """Commit whatever is written until something holds."""
    with anyio.fail_after(60):
        while bench.journal.commit() or not condition():
            await checkpoint()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    with anyio.fail_after(60):
        while not condition():
            await checkpoint()
