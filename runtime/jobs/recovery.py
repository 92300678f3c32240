"""Jobs that an earlier daemon left unfinished, taken up bit by bit while the station works.

Rule 1. Before anybody is answered all of them are known in short, those that wait stand in the
        queue, and those that were at work at their controllers are taken up.
Rule 2. The others are taken up in slices, in the order of their submission. Whoever asks for one
        of them, be it a client, the queue, a controller or a deadline, has it taken up at once.
Rule 3. A job is taken up in the step in which it leaves the outlines, and so once. Nothing is
        written about it before that, and what was read of it before is still true then.
Rule 4. While some have not come as far as the queue yet, jobs behind them do not enter it: they
        would overtake.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

import anyio
from anyio.lowlevel import checkpoint

from stationd.actors.ladder import CancelAccepted, Event, Resumed
from stationd.proto.error import JournalClosed
from stationd.proto.job import Ticket
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.live import resumed

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.abc import TaskGroup

    from stationd.proto.job import JobId
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.jobs.deadlines import Deadlines
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.stored import Outline, StoredJob
    from stationd.runtime.limits.holdings import Holdings
    from stationd.runtime.live import LiveJob
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.work.stages import Stages

log = logging.getLogger(__name__)

SLICE: Final = 100
"""Jobs that are taken up before others have their turn."""
_PAGE: Final = 2000
"""Outlines that are asked for at once."""

_ABORTED: Final = "aborted when the station started again, as its [recovery] policy says"

S = JobExecutorStatus


class Recovery:
    """The jobs that have not been taken up yet.

    Args:
        journal: Where they are.
        stages: Knows which controllers they need.
        metrics: Counts them.
        deadlines: Hold for them too.
        policy: What becomes of them.
        tasks: Runs what a deadline begins.
        jobs: Those that are under way, to which it adds.
        holdings: Count what users have.
        deliver: Takes an event to a job.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        stages: Stages,
        metrics: Metrics,
        deadlines: Deadlines,
        policy: Literal["resume", "abort"],
        tasks: TaskGroup,
        jobs: dict[JobId, LiveJob],
        holdings: Holdings,
        deliver: Callable[[LiveJob, Event], None],
    ) -> None:
        self._journal = journal
        self._stages = stages
        self._metrics = metrics
        self._deadlines = deadlines
        self._policy = policy
        self._tasks = tasks
        self._jobs = jobs
        self._holdings = holdings
        self._deliver = deliver
        self._reconciling: TaskGroup | None = None
        self._outlines: dict[JobId, Outline] = {}
        self._newest = journal.opening.number
        # The last number that a slice has come to.
        self._reached = 0
        # Up to this number jobs enter the queue: all before it have asked to, or are on their way.
        self._open_to = 0
        # Those below the queue; and those that wait for them, which would overtake.
        self._climbing = 0
        self._held_back: dict[JobId, LiveJob] = {}
        self.holds = False
        """Whether some jobs must not enter the queue yet."""
        self.over = anyio.Event()
        """All have been taken up."""

    def __contains__(self, job: JobId) -> bool:
        return job in self._outlines

    def __len__(self) -> int:
        return len(self._outlines)

    def number(self, job: JobId) -> int | None:
        """Return the number of a job that has not been taken up yet."""
        outline = self._outlines.get(job)
        return None if outline is None else outline.number

    async def recover(self, instruments: Instruments) -> int:
        """Find out what is unfinished, and take up what is at work; return how many there are.

        When it returns, the tickets that are at work are known again.
        """
        found = 0
        async with anyio.create_task_group() as reconciling:
            self._reconciling = reconciling
            found = await self._look(instruments)
        self._reconciling = None
        for live in list(self._jobs.values()):
            self._begin_again(live)
        return found

    async def _look(self, instruments: Instruments) -> int:
        after = 0
        while page := await self._journal.outlines(after, _PAGE):
            after = page[-1].number
            for outline in page:
                self._note(outline, instruments)
        found = len(self._outlines)
        self.holds = self._climbing > 0
        at_work = [one.job for one in self._outlines.values() if one.status is S.EXECUTION_STARTED]
        async with anyio.create_task_group() as taking_up:
            for job in at_work:
                taking_up.start_soon(self.take_up, job)
        return found

    def _note(self, outline: Outline, instruments: Instruments) -> None:
        self._outlines[outline.job] = outline
        self._metrics.found(outline.status)
        if outline.status < S.PENDING_EXECUTION:
            self._climbing += 1
        if self._policy == "abort":
            return
        self._deadlines.expect(outline, self._late)
        if outline.status is S.PENDING_EXECUTION and not outline.cancelling:
            instruments.expect(outline, self._stages.claimed(outline))

    def _late(self, job: JobId) -> None:
        # Its deadline is set again when it is taken up, and comes then.
        self._tasks.start_soon(self.take_up, job)

    async def take_up(self, job: JobId) -> None:
        """Take up a job at once, unless it has been taken up."""
        if job in self._outlines:
            try:
                stored = await self._journal.stored(job)
            except JournalClosed:
                return
            if stored is not None:
                self._begin(stored)

    async def take_up_rest(self, instruments: Instruments) -> None:
        """Take up all that are left."""
        while self._outlines:
            try:
                page = await self._journal.unfinished(self._reached, SLICE)
            except JournalClosed:
                return
            page = [stored for stored in page if stored.number <= self._newest]
            if not page:
                break
            self._reached = page[-1].number
            for stored in page:
                self._begin(stored)
            self._advance(instruments)
            instruments.grant()
            await checkpoint()
        self._advance(instruments)
        self.over.set()

    def _begin(self, stored: StoredJob) -> None:
        outline = self._outlines.pop(stored.job, None)
        if outline is None:
            return
        if outline.status < S.PENDING_EXECUTION:
            self._climbing -= 1
        self._resume(stored, self._stages.claimed(outline))

    def _resume(self, stored: StoredJob, claims: tuple[str, ...]) -> None:
        live = resumed(stored)
        live.claims = claims
        if stored.ticket is not None:
            live.ticket = Ticket(stored.ticket, stored.job, stored.attempt)
        self._jobs[stored.job] = live
        self._holdings.begun(stored.spec.creator)
        self._deliver(live, Resumed())
        if self._reconciling is None:
            self._begin_again(live)

    def _begin_again(self, live: LiveJob) -> None:
        if self._policy == "abort" and not live.job.status.is_terminal:
            self._deliver(live, CancelAccepted(_ABORTED))
        else:
            self._deadlines.begin(live, self._deliver)

    def reconcile(self, live: LiveJob, instruments: Instruments) -> None:
        """Find a job's ticket again: in the queue, or at its controllers."""
        if live.job.status is S.PENDING_EXECUTION:
            instruments.resume(live)
        elif self._reconciling is not None:
            self._reconciling.start_soon(instruments.reconcile, live)

    # --- jobs that would overtake -------------------------------------------------------------

    def hold_back(self, live: LiveJob) -> bool:
        """Keep a job from the queue if it would overtake; tell whether it is kept."""
        if not self.holds or live.job.number <= self._open_to:
            return False
        self._held_back[live.job.id] = live
        return True

    def let_go(self, live: LiveJob) -> bool:
        """Keep a job no more, for it is to leave; tell whether it was kept."""
        return self._held_back.pop(live.job.id, None) is not None

    def _advance(self, instruments: Instruments) -> None:
        if self.holds:
            # When what this slice has written is on disk, all of it has asked to enter the queue.
            last = not self._climbing
            let_in = partial(self._let_in, instruments, self._reached, last=last)
            self._journal.write([], lambda _commit: let_in())

    def _let_in(self, instruments: Instruments, number: int, *, last: bool) -> None:
        self._open_to = number
        if last:
            self.holds = False
        for live in sorted(self._held_back.values(), key=lambda live: live.job.number):
            if last or live.job.number <= number:
                del self._held_back[live.job.id]
                instruments.enqueue(live)
