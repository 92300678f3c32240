"""Jobs that wait for their controllers, and their way out of the queue.

The queue decides who goes. Who goes may have to be read from the journal first, its work or,
after a restart, all of it; the order of the grants holds nevertheless.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import anyio

from stationd.actors.execution.part import Tell
from stationd.actors.ladder import Course, LeftQueue
from stationd.runtime.controllers.standing import entry, outlined
from stationd.runtime.live import LiveJob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.executions import Executions
    from stationd.runtime.controllers.under_way import Jobs
    from stationd.runtime.journal.stored import Outline
    from stationd.runtime.queue.queue import Queue

log = logging.getLogger(__name__)


class Expected(NamedTuple):
    """A job in the queue that has not been taken up yet."""

    number: int
    job: JobId
    claims: tuple[str, ...]


class Waiting:
    """The jobs in the queue.

    Args:
        queue: Decides who goes.
        jobs: Knows those that have not been taken up yet.
        executions: Where jobs go to.
        tasks: Runs what has to ask the journal first.
        clock: What time it is.
        freed: Called when the queue is to be looked at again.

    Attributes:
        paused: No ticket leaves the queue; for an orderly stop.
    """

    def __init__(
        self,
        *,
        queue: Queue,
        jobs: Jobs,
        executions: Executions,
        tasks: TaskGroup,
        clock: Clock,
        freed: Callable[[], None],
    ) -> None:
        self.paused = False
        self._queue = queue
        self._jobs = jobs
        self._executions = executions
        self._tasks = tasks
        self._clock = clock
        self._freed = freed
        self._came_back = False
        self._depths: Mapping[str, int] = {}
        self._waiting: dict[int, LiveJob] = {}
        # Those in the queue that have not been taken up yet, by their numbers.
        self._expected: dict[int, Expected] = {}
        self._granted: deque[LiveJob | Expected] = deque()
        self._fetching = False

    def __contains__(self, live: LiveJob) -> bool:
        return live.job.number in self._waiting

    @property
    def all_known(self) -> bool:
        """Whether all that wait have been taken up."""
        return not self._expected

    def add(self, live: LiveJob) -> None:
        """Let a job wait."""
        self._waiting[live.job.number] = live
        self._queue.add(entry(live), self._clock.time())

    def expect(self, outline: Outline, claims: tuple[str, ...]) -> None:
        """Let a job wait that has not been taken up yet."""
        self._expected[outline.number] = Expected(outline.number, outline.job, claims)
        self._queue.add(outlined(outline, claims), self._clock.time())

    def resume(self, live: LiveJob) -> None:
        """Let a job wait that has been taken up now, unless it has been granted meanwhile."""
        number = live.job.number
        if self._expected.pop(number, None) is None or number in self._queue:
            self.add(live)

    async def claiming(self, controller: str) -> list[LiveJob]:
        """Return the jobs that wait for a controller, all of them taken up."""
        for expected in list(self._expected.values()):
            if controller in expected.claims:
                await self._jobs.find(expected.job)
        return [live for live in self._waiting.values() if controller in live.claims]

    def forget(self, live: LiveJob) -> None:
        """Let a job wait no more."""
        if self._waiting.pop(live.job.number, None) is not None:
            self._queue.remove(live.job.number)

    def grant(self, depths: Mapping[str, int]) -> None:
        """Send out what can go now, and take back what must not go any more.

        Args:
            depths: How many tickets each controller takes, the running one included; one that is
                missing takes none.
        """
        for name in self._depths.keys() - depths.keys():
            self._queue.set_depth(name, 0)
        for name, depth in depths.items():
            self._queue.set_depth(name, depth)
        self._depths = depths
        decision = self._queue.decide(self._clock.time())
        for number in decision.granted:
            waiting = self._waiting.pop(number) if number in self._waiting else None
            self._granted.append(waiting or self._expected[number])
        self._send_out()
        for number in decision.recalled:
            self._executions.recall(number)
        self._look_again()

    def _look_again(self) -> None:
        if self._came_back:
            self._came_back = False
            self._freed()

    def _send_out(self) -> None:
        # In the order of the grants, though some have to be fetched first.
        while self._granted and not self._fetching:
            first = self._granted[0]
            if isinstance(first, Expected) or not first.is_complete:
                self._fetching = True
                self._tasks.start_soon(self._fetch_granted)
            else:
                self._granted.popleft()
                self._go(first)

    async def _fetch_granted(self) -> None:
        fetched = tuple(self._granted)
        async with anyio.create_task_group() as tasks:
            for one in fetched:
                tasks.start_soon(self._fetch, one)
        for one in fetched:
            self._granted.popleft()
            live = self._jobs.get(one.job) if isinstance(one, Expected) else one
            if live is None:
                log.error("job %s could not be taken up: please report this bug", one.job)
            else:
                self._go(live)
        self._fetching = False
        self._send_out()
        self._look_again()

    async def _fetch(self, one: LiveJob | Expected) -> None:
        live = one if isinstance(one, LiveJob) else await self._jobs.find(one.job)
        if live is not None:
            await self._executions.load(live)

    def _go(self, live: LiveJob) -> None:
        """Send a job's ticket, unless something came between the grant and now."""
        if live.job.course is not Course.CLIMBING:
            self._queue.release(live.job.number)
            self._executions.act(live, None, [Tell(LeftQueue())])
        elif self.paused or self._queue.is_returning(live.job.number):
            self._queue.release(live.job.number)
            self.add(live)
            self._came_back = True
        else:
            self._executions.arm(live)
