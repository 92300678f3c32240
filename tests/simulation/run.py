"""One seed, one run: a station, its clients and what goes wrong, on one of the two backends."""

import logging
import traceback
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from anyio.abc import TaskGroup

from stationd.actors.line.line import Line
from stationd.client.results import download
from stationd.proto.instruments_protocol import HeldTicket
from stationd.proto.job import JobId
from stationd.runtime.journal.contents import Contents
from stationd.runtime.station import Station
from tests.simulation import loops
from tests.simulation.additions import scenario
from tests.simulation.backup import Backup
from tests.simulation.checkers import Checkers
from tests.simulation.clients import Client
from tests.simulation.disk import Disk
from tests.simulation.ears import Auditor, Ear
from tests.simulation.lives import first
from tests.simulation.loops import Backend
from tests.simulation.nemesis import Nemesis
from tests.simulation.parts import Parts, parts_of
from tests.simulation.station import SimulatedStation
from tests.simulation.trace import Trace
from tests.simulation.troubles import troubles

LONGEST_TROUBLE = 20.0
"""Virtual seconds after which nothing goes wrong any more."""
LONGEST_WAIT = 300.0
"""Virtual seconds from then on in which every wait must end. A retry waits for 120 by itself, and
once more if the connection came back meanwhile."""
LONGEST_REST = 300.0
"""Virtual seconds from then on after which nothing may be left behind: there are jobs for which no
client waits, and instruments that take seconds for each."""


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    seed: int
    backend: Backend
    parts: Parts
    lifecycles: int
    faults: Counter[str]
    violations: list[str]
    digest: str
    lines: list[str]


def simulate(
    seed: int, backend: Backend, parts: Parts | None = None, *, detailed: bool = False
) -> Result:
    """Run a seed; the same one with the same parts always gives the same.

    Args:
        seed: The seed.
        backend: On which loop.
        parts: What there is beside the base; None for those that the seed has.
        detailed: Whether messages are written down too.
    """
    parts = parts_of(seed) if parts is None else parts
    download.forget_all()  # what the run before has fetched
    trace = Trace(seed)
    trace.detailed = detailed
    simulation = Simulation(trace, parts)
    with bugs_reported(trace):
        try:
            loops.run(simulation.run, backend, seed)
        except loops.Deadlock:
            trace.violations.append("everybody waits, and nobody for time")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            trace.violations.append("".join(traceback.format_exception(first(error))))
    return Result(
        seed=seed,
        backend=backend,
        parts=parts,
        lifecycles=simulation.lifecycles,
        faults=trace.faults,
        violations=trace.violations,
        digest=trace.digest,
        lines=trace.lines,
    )


class Simulation:
    """One run.

    Args:
        trace: Of its seed.
        parts: What there is beside the base.
    """

    def __init__(self, trace: Trace, parts: Parts) -> None:
        self._trace = trace
        self._parts = parts
        self.lifecycles = 0
        self.disk = Disk(trace)

    async def run(self) -> None:
        """Let it all happen, and check it."""
        plan = scenario(self._trace, self._parts)
        station = SimulatedStation(plan, self._trace, self.disk)
        try:
            await self._run(station)
        finally:
            station.close()

    async def _run(self, station: SimulatedStation) -> None:
        async with anyio.create_task_group() as tasks:
            self._trace.on_violation = tasks.cancel_scope.cancel
            await station.run(tasks)
            auditor = Auditor(station)
            tasks.start_soon(auditor.run)
            ears = [Ear(station, number) for number in range(station.scenario.ears)]
            for ear in ears:
                tasks.start_soon(ear.run)
            people = station.scenario.people or ("",) * len(station.scenario.clients)
            clients = [
                Client(station, f"client {number}", tasks, user)
                for number, user in enumerate(people)
            ]
            try:
                await self._live(station, clients, tasks)
                contents = await self._rest(station, auditor, ears)
            finally:
                with anyio.CancelScope(shield=True):
                    for client in clients:
                        await client.aclose()
            if contents is not None:
                Checkers(station, contents, clients, auditor, ears).run()
                self.lifecycles = sum(job.timeline[-1].attempt for job in contents.jobs.values())
                self._trace.note("acts", len(station.acts))
                if "backup" in self._parts and not self._trace.violations:
                    await Backup(station, tasks).run()
            tasks.cancel_scope.cancel()

    async def _live(
        self, station: SimulatedStation, clients: list[Client], tasks: TaskGroup
    ) -> None:
        """Let the clients have what they want, with trouble at first."""
        done = anyio.Event()
        nemesis, others = Nemesis(station), troubles(station, self._parts)
        async with anyio.create_task_group() as trouble:
            trouble.start_soon(nemesis.run)
            for other in others:
                trouble.start_soon(other.run)
            tasks.start_soon(self._serve, station, clients, done)
            with anyio.move_on_after(LONGEST_TROUBLE):
                await done.wait()
            trouble.cancel_scope.cancel()
        nemesis.calm()
        station.manners.calm()
        for other in others:
            other.calm()
            if other.tidies:
                tasks.start_soon(other.tidy)
        with anyio.move_on_after(LONGEST_WAIT):
            await done.wait()
        if not done.is_set():
            waiting = [what for client in clients for what in +client.busy]
            self._trace.violation("some wait for ever:", *waiting, _state(station))

    async def _serve(
        self, station: SimulatedStation, clients: list[Client], done: anyio.Event
    ) -> None:
        async with anyio.create_task_group() as serving:
            for client, orders in zip(clients, station.scenario.clients, strict=True):
                serving.start_soon(client.run, orders, clients)
        done.set()

    async def _rest(
        self, station: SimulatedStation, auditor: Auditor, ears: Sequence[Ear]
    ) -> Contents | None:
        """Wait until nothing is under way any more; return what the journal holds."""
        left = "nothing was looked at"
        with anyio.move_on_after(LONGEST_REST):
            while left := _left_behind(station, auditor, ears):  # noqa: ASYNC110 - in virtual time
                await anyio.sleep(0.2)
        if left:
            self._trace.violation("left behind:", left, _state(station))
            return None
        return station.contents


def _left_behind(station: SimulatedStation, auditor: Auditor, ears: Sequence[Ear]) -> str:
    contents = station.contents
    daemon = station.daemon
    if contents is None or daemon is None or daemon.running is None:
        return "there is no daemon"
    return (
        _unfinished(daemon.running, contents)
        or _untold(contents, auditor)
        or station.intake.not_given_back(daemon.running, contents)
        or _held(contents, station)
        or next((left for ear in ears if (left := ear.missing(contents))), "")
    )


def _unfinished(running: Station, contents: Contents) -> str:
    for job in contents.jobs.values():
        if not job.timeline[-1].status.is_terminal:
            return f"job {job.record.job} is {job.timeline[-1].status}"
    if under_way := len(running.dispatch):
        return f"{under_way} jobs are under way, of which the journal does not know yet"
    instruments = running.instruments
    if instruments.out or len(instruments.queue):
        return f"{instruments.out} tickets are out, {len(instruments.queue)} jobs are queued"
    return ""


def _untold(contents: Contents, auditor: Auditor) -> str:
    if len(auditor.events) < len(contents.facts):
        return f"the feed told {len(auditor.events)} of {len(contents.facts)} facts"
    return ""


def _held(contents: Contents, station: SimulatedStation) -> str:
    for name, life in station.controllers.items():
        if held := _in_vain(contents, life.line):
            return f"{name} holds {held}"
    return ""


def _in_vain(contents: Contents, line: Line | None) -> list[HeldTicket]:
    """Return what a controller holds and nobody will ever want."""
    return [
        held
        for held in (line.held() if line is not None else ())
        # A result of a job that has failed may still be collected by a retry.
        if held.state != "finished" or not _failed(contents, held.ticket.job)
    ]


def _failed(contents: Contents, job: JobId) -> bool:
    number = contents.numbers.get(job, 0)
    return number in contents.jobs and contents.jobs[number].timeline[-1].error is not None


def _state(station: SimulatedStation) -> str:
    contents = station.contents
    if contents is None:
        return "(no daemon)"
    jobs = [
        f"{job.record.job}: {job.timeline[-1].status} {job.timeline[-1].cancelling}"
        for job in contents.jobs.values()
        if not job.timeline[-1].status.is_terminal
    ]
    lines = {
        name: [(held.ticket.number, held.state) for held in life.line.held()]
        for name, life in station.controllers.items()
        if life.line is not None
    }
    return f"jobs {jobs}, lines {lines}"


class _Bugs(logging.Handler):
    """Takes what the station itself calls a bug."""

    def __init__(self, trace: Trace) -> None:
        super().__init__(logging.ERROR)
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            error = record.exc_info[1]
            self._trace.violation("logged:", record.getMessage(), repr(error))


@contextmanager
def bugs_reported(trace: Trace) -> Generator[None]:
    """Take what the station calls a bug for a violation; keep the rest of its log quiet."""
    logger = logging.getLogger("stationd")
    before = (logger.level, logger.propagate)
    handler = _Bugs(trace)
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
