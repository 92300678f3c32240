"""Traces of jobs that are over, sent from time to time.

Rule 1. Nothing waits for a trace. A job that is over is noted and no more; its spans are made
        later, from the journal, and sent by a thread.
Rule 2. What is noted is bounded. A collector that is slow or away costs traces, which are counted.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, Protocol

import anyio
from anyio import CapacityLimiter, to_thread

from stationd.actors.about import AT_WORK
from stationd.proto.error import StationError
from stationd.proto.instruments_protocol import AtRest, Failed, Finished, Started
from stationd.runtime.tracing.spans import CONTROLLER, EXECUTE, WORKER, Work, attempts, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.instruments_protocol import OneReport
    from stationd.proto.job import JobId
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.live import LiveJob
    from stationd.runtime.tracing.spans import Span

log = logging.getLogger(__name__)

MOST_WAITING: Final = 2_000
"""Jobs that are over and not sent yet."""
MOST_AT_ONCE: Final = 50
"""Jobs of one batch."""
MOST_WORKED_ON: Final = 10_000
"""Jobs of which it is remembered what workers and controllers did."""
MOST_WORKS: Final = 100
"""Of one job."""
_ENDS: Final = (Finished, Failed, AtRest)


class Sender(Protocol):
    """Where spans go. Called in a thread, and may take its time."""

    def send(self, spans: Sequence[Span]) -> bool:
        """Send spans; return whether they have arrived."""
        ...


class Tracer:
    """Makes traces and has them sent.

    Args:
        journal: Knows the timelines.
        sender: Where they go.
    """

    def __init__(self, journal: Journal, sender: Sender) -> None:
        self._journal = journal
        self._sender = sender
        self._waiting: deque[JobId] = deque()
        self._come = anyio.Event()
        self._works: OrderedDict[str, list[Work]] = OrderedDict()
        self._started: dict[tuple[int, str], float] = {}
        self._lost = False
        self.dropped = 0
        """Jobs whose traces were not sent."""

    def over(self, live: LiveJob) -> None:
        """Note that a job is over."""
        if len(self._waiting) >= MOST_WAITING:
            self._drop(1)
            self._works.pop(live.job.id, None)
            return
        self._waiting.append(live.job.id)
        self._come.set()

    def reported(self, controller: str, report: OneReport) -> None:
        """Take in how long a controller was at work on a ticket."""
        if isinstance(report, Started):
            if len(self._started) >= MOST_WORKED_ON:
                self._started.clear()
            self._started[report.ticket.number, controller] = report.time_unix_s
        elif isinstance(report, _ENDS):
            began = self._started.pop((report.ticket.number, controller), None)
            if began is not None:
                self._note(
                    report.ticket.job,
                    Work(
                        service=CONTROLLER,
                        name=controller,
                        stage=EXECUTE,
                        attempt=report.ticket.attempt,
                        start_unix_s=began,
                        end_unix_s=report.time_unix_s,
                        attributes={
                            "stationd.controller": controller,
                            "stationd.ticket": report.ticket.number,
                        },
                        error=report.detail if isinstance(report, Failed) else "",
                    ),
                )

    def called(self, function: str, asked: float, began: float, ended: float) -> None:
        """Take in how long a worker was at work; for which job is known where it was asked.

        Args:
            function: Its name.
            asked: When a worker was asked for, Unix seconds.
            began: When there was one.
            ended: When it was done.
        """
        about = AT_WORK.get()
        if about is None:
            return
        self._note(
            about.job,
            Work(
                service=WORKER,
                name=function,
                stage=about.stage,
                attempt=about.attempt,
                start_unix_s=began,
                end_unix_s=ended,
                attributes={"stationd.worker.waited_s": began - asked},
            ),
        )

    async def run(self) -> None:
        """Send traces for ever."""
        limiter = CapacityLimiter(1)
        while True:
            await self._come.wait()
            self._come = anyio.Event()
            while self._waiting:
                jobs = [
                    self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))
                ]
                batch = [span for job in jobs for span in await self._spans(job)]
                sent = await to_thread.run_sync(
                    self._sender.send, batch, limiter=limiter, abandon_on_cancel=True
                )
                self._tell(len(jobs), sent=sent)

    async def _spans(self, job: JobId) -> list[Span]:
        works = self._works.pop(job, [])
        try:
            view = await self._journal.view(job)
        except StationError:
            # The journal is busy with itself, or closed.
            return []
        if view is None:
            return []
        return [span for attempt in attempts(view) for span in spans(view, attempt, works)]

    def _note(self, job: str, work: Work) -> None:
        works = self._works.setdefault(job, [])
        if len(works) < MOST_WORKS:
            works.append(work)
        if len(self._works) > MOST_WORKED_ON:
            self._works.popitem(last=False)

    def _tell(self, jobs: int, *, sent: bool) -> None:
        if not sent:
            self._drop(jobs)
        elif self._lost:
            self._lost = False
            log.info("the collector of traces is there again; %d were dropped so far", self.dropped)

    def _drop(self, jobs: int) -> None:
        self.dropped += jobs
        if not self._lost:
            self._lost = True
            log.warning("traces are dropped: the collector is too slow, or does not answer")
