"""A controller's host without threads: its instrument and its clocks are simulated.

Rule 1. The instrument keeps the rules of `ExecutionThread`: it goes on by itself, decides once
        whether a ticket has been begun with, and marks a ticket's place before it runs.
Rule 2. Everything that the instrument really does is written down for the checkers.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import anyio
import numpy as np
from anyio.abc import TaskGroup

from stationd.actors.controller.between_tickets import ReadingTaken
from stationd.actors.controller.data import split
from stationd.actors.controller.execution_thread import Closed, ExecutionThread, Ready
from stationd.actors.controller.host import Host, Message
from stationd.actors.controller.threads import Inbox
from stationd.actors.driver import Driver
from stationd.actors.execution.paced_word import READ, SET, Phase
from stationd.actors.line.facts import (
    BlockCame,
    Fact,
    NotWithdrawn,
    ProgressMade,
    Release,
    RunEnded,
    RunRaised,
    RunStarted,
    RunStopped,
    SpotReached,
    Step,
    Withdrawn,
)
from stationd.proto.program import Capabilities, NullWork, SweepWork, Work
from tests.simulation.manners import Manners
from tests.simulation.trace import Trace

T = TypeVar("T")


@dataclass
class Act:
    """One execution at an instrument."""

    controller: str
    ticket: int
    began: float
    ended: float | None = None
    steps: list[tuple[str, int, float]] = field(default_factory=list[tuple[str, int, float]])
    """``set`` or ``read``, the spot, and when."""
    hung: bool = False
    """It made no progress until it was stopped, or for a long time."""


class SimulatedInbox(Inbox[Message]):
    """The same without a descriptor."""

    def __init__(self) -> None:
        self._items: deque[Message] = deque()
        self._bell_rung = anyio.Event()

    def put(self, item: Message) -> None:
        self._items.append(item)
        self._bell_rung.set()

    def put_soon(self, item: Message) -> None:
        self.put(item)

    async def receive(self, within: float | None = None) -> list[Message]:
        del within
        while not self._items:
            self._bell_rung = anyio.Event()
            await self._bell_rung.wait()
        taken = list(self._items)
        self._items.clear()
        return taken

    def close(self) -> None:
        self._items.clear()


class Run:
    """A ticket at the instrument."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.taken = False
        self.withdrawn = False
        self.aborted = False
        self.stop = anyio.Event()
        self.words: deque[Step] = deque()
        self.called = anyio.Event()

    def ask_to_stop(self) -> None:
        self.aborted = True
        self.stop.set()
        self.called.set()


class SimulatedInstrument(ExecutionThread):
    """The instrument of one life of a controller."""

    def __init__(
        self,
        host: "SimulatedHost",
        mark_started: Callable[[int], None],
        tell: Callable[[Message], None],
    ) -> None:
        self._host = host
        self._trace = host.trace
        self._luck = host.chance
        self._mark = mark_started
        self._report = tell
        self._runs: dict[int, Run] = {}
        self._next: deque[Run] = deque()
        self._bell = anyio.Event()
        self._now: Run | None = None
        self._asked: dict[str, int] = {}
        self._closing = False

    # --- called by the controller ------------------------------------------------------------

    def start(self) -> None:
        self._host.tasks.start_soon(self._serve)

    def release(self, release: Release) -> None:
        run = Run(release)
        self._runs[release.number] = run
        self._next.append(run)
        self._bell.set()

    def withdraw(self, number: int) -> Fact:
        return Withdrawn(number) if self._give_back(number) else NotWithdrawn(number)

    def stop(self, number: int) -> Fact | None:
        if self._give_back(number):
            return Withdrawn(number)
        if number in self._runs:
            self._runs[number].ask_to_stop()
        return None

    def advance(self, word: Step) -> None:
        run = self._runs.get(word.number)
        if run is not None:
            run.words.append(word)
            run.called.set()

    def read(self, number: int, readout: str) -> None:
        self._asked[readout] = number
        self._bell.set()

    def stored(self, size_bytes: int) -> None:
        return

    def forget(self, number: int) -> None:
        self._runs.pop(number, None)

    def close(self) -> None:
        self._closing = True
        if self._now is not None:
            self._now.ask_to_stop()
        self._bell.set()

    def join(self, timeout: float) -> None:
        return

    def _give_back(self, number: int) -> bool:
        run = self._runs.get(number)
        if run is None or run.taken:
            return False
        run.withdrawn = True
        del self._runs[number]
        return True

    # --- the instrument ----------------------------------------------------------------------

    async def _serve(self) -> None:
        await anyio.sleep(self._luck.uniform(0, 0.1))
        self._report(Ready(self._host.capabilities))
        while not self._closing:
            await self._read()
            if not self._next:
                self._bell = anyio.Event()
                await self._bell.wait()
                continue
            run = self._next.popleft()
            if not run.withdrawn:
                run.taken = True
                self._now = run
                await self._carry_out(run)
                self._now = None
        self._report(Closed())

    async def _read(self) -> None:
        """Take the readings that are asked for, between two tickets."""
        while self._asked:
            readout, number = self._asked.popitem()
            await anyio.sleep(self._luck.choice((0.0, 0.001, 0.05)))
            value = 1.0 if self._host.fair() else 0.0
            failed = not self._host.manners.answers(self._luck)
            taken = ReadingTaken(
                number,
                readout,
                None if failed else value,
                "OSError: no answer" if failed else "",
                self._host.time(),
            )
            self._report(taken)

    async def _carry_out(self, run: Run) -> None:
        number = run.release.number
        await anyio.sleep(self._luck.choice((0.0, 0.0005, 0.01)))
        if run.aborted:
            self._report(Withdrawn(number))
            return
        if self._luck.random() < self._host.refuses:
            self._fail(number)
            self._report(RunRaised(number, "refused", self._host.time()))
            return
        act = Act(self._host.name, number, anyio.current_time())
        self._host.acts.append(act)
        self._trace.note("starts", self._host.name, number)
        self._mark(run.release.place)
        self._report(RunStarted(number, self._host.time()))
        try:
            fails = self._luck.random() < self._host.refuses
            await self._run_work(run, run.release.work, act)
        finally:
            # Of a controller that dies as well: its instruments come to rest with it.
            act.ended = anyio.current_time()
            self._trace.note("at rest", self._host.name, number)
        now = self._host.time()
        if run.aborted:
            self._report(RunStopped(number, now))
        elif fails:
            self._fail(number)
            self._report(RunRaised(number, "broken", now))
        else:
            self._report(RunEnded(number, now))

    def _fail(self, number: int) -> None:
        self._trace.fault("driver failures", self._host.name, number)
        self._host.failed.add(number)

    async def _run_work(self, run: Run, work: Work, act: Act) -> None:
        manner = self._host.manners.draw(self._host.name)
        if manner.hangs:
            act.hung = True
            await self._host.manners.hang(self._host.name, run.stop)
        await self._do_work(run, work, act)
        if run.aborted:
            await anyio.sleep(self._luck.uniform(0, 0.05))
            await self._host.manners.resist(self._host.name, manner)

    async def _do_work(self, run: Run, work: Work, act: Act) -> None:
        match work:
            case NullWork():
                with anyio.move_on_after(work.duration):
                    await run.stop.wait()
            case SweepWork() if work.paced:
                await self._pace(run, work, act)
            case SweepWork():
                for spot in range(work.first, work.spots):
                    for phase in _phases(work):
                        if not run.aborted:
                            await self._step(run, work, act, phase, spot)
                    self._report(ProgressMade(run.release.number, spot + 1, work.spots, "spots"))
            case _:
                raise TypeError(f"no simulated instrument runs {type(work).__name__}")

    async def _pace(self, run: Run, work: SweepWork, act: Act) -> None:
        phases = _phases(work)
        last, final = work.first * len(phases) - 1, work.spots * len(phases) - 1
        while last < final and not run.aborted:
            if not run.words:
                run.called = anyio.Event()
                await run.called.wait()
                continue
            word = run.words.popleft()
            first = end = word.spot * len(phases) + phases.index(word.phase)
            if word.through is not None:
                end = (word.through + 1) * len(phases) - 1
            for place in range(max(first, last + 1), end + 1):
                if run.aborted:
                    return
                spot, number = divmod(place, len(phases))
                await self._step(run, work, act, phases[number], spot)
                last = place
            spot, number = divmod(end, len(phases))
            self._report(SpotReached(run.release.number, spot, phases[number]))

    async def _step(self, run: Run, work: SweepWork, act: Act, phase: str, spot: int) -> None:
        await anyio.sleep(self._luck.uniform(0.0001, 0.004))
        act.steps.append((phase, spot, anyio.current_time()))
        if phase == "read":
            for name in work.returns:
                values = np.asarray([reading(run.release.number, spot)])
                for first, dtype, shape, content in split(values, spot):
                    self._report(
                        BlockCame(run.release.number, name, 0, first, dtype, shape, content)
                    )


def reading(ticket: int, spot: int) -> float:
    """What an instrument reads at a spot: a float has no room for all of a ticket's number."""
    return ticket % 999_983 * 1000.0 + spot


def _phases(work: SweepWork) -> list[Phase]:
    phases: list[Phase] = [SET] if work.moves else []
    return [*phases, READ] if work.returns else phases


class SimulatedHost(Host):
    """The machine of one life of a controller."""

    def __init__(
        self,
        *,
        name: str,
        capabilities: Capabilities,
        acts: list[Act],
        trace: Trace,
        chance: Random,
        tasks: TaskGroup,
        wall: Callable[[], float],
        refuses: float,
        manners: Manners,
        failed: set[int],
        fair: Callable[[], bool],
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.acts = acts
        self.trace = trace
        self.chance = chance
        self.tasks = tasks
        self.refuses = refuses
        self.manners = manners
        self.failed = failed
        """Tickets of which a driver has failed."""
        self.fair = fair
        """Whether what guards look at is right."""
        self._wall = wall

    def time(self) -> float:
        return self._wall()

    def monotonic(self) -> float:
        return anyio.current_time()

    async def in_thread(self, function: Callable[[], T]) -> T:
        await anyio.sleep(self.chance.choice((0.0, 0.001)))
        return function()

    def inbox(self) -> Inbox[Message]:
        return SimulatedInbox()

    def instrument(
        self,
        make: Callable[[], Driver],
        mark_started: Callable[[int], None],
        tell: Callable[[Message], None],
        tell_soon: Callable[[Message], None],
    ) -> ExecutionThread:
        del tell_soon
        return SimulatedInstrument(self, mark_started, tell)
