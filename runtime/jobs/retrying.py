"""Retries that clients ask for: what is known is found out, and what was decided is carried out.

What a retry does is decided in `actors.retry`. Retries of one job come one after another, so
that one that is sent twice finds what the first has done.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

from stationd.actors.ladder import CollectAccepted, RequeueAccepted, RestartAccepted
from stationd.actors.retry import (
    PATIENT,
    Decision,
    Knowledge,
    decide,
    executed,
    item_status,
    lacking,
    matching,
    recorded,
)
from stationd.proto.error import Conflict, ErrorCode, ErrorInfo, RequestError, UnknownJob
from stationd.proto.jobs_protocol import RetryAnswer
from stationd.proto.program import CircuitsWork
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy
from stationd.runtime.jobs.reopening import afresh, prepared
from stationd.runtime.live import WORK_DECODER, resumed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from stationd.actors.ladder import AttemptOpened
    from stationd.proto.job import JobId, JobView
    from stationd.proto.jobs_protocol import Retry
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.leftovers import Leftovers
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.records import Record
    from stationd.runtime.journal.stored import StoredJob
    from stationd.runtime.live import LiveJob, StoredWork
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.work.stages import Stages


class Retries:
    """Opens attempts of jobs that are over.

    Args:
        journal: Knows the jobs.
        dispatch: Goes on with them.
        stages: Knows which controllers they need.
        leftovers: Knows what the controllers still hold of them.
        metrics: Counts retries.
        clock: What time it is.
        grace: Seconds to wait for controllers that are away.

    Attributes:
        check_room: Called with a job's creator before anything is done for another attempt, and
            once more in the step that opens it; raises a RequestError if there is no room for it.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        dispatch: Dispatch,
        stages: Stages,
        leftovers: Leftovers,
        metrics: Metrics,
        clock: Clock,
        grace: float,
    ) -> None:
        self._metrics = metrics
        self._journal = journal
        self._dispatch = dispatch
        self._stages = stages
        self._leftovers = leftovers
        self._clock = clock
        self._grace = grace
        self.check_room: Callable[[str], None] = _room_for_everybody
        self._locks: dict[JobId, anyio.Lock] = {}

    async def retry(self, request: Retry) -> RetryAnswer:
        """Carry a retry out; what is returned is on disk.

        Raises:
            RequestError: It cannot be done; nothing has changed.
        """
        async with self.alone(request.job):
            return await self._retry(request)

    @asynccontextmanager
    async def alone(self, job: JobId) -> AsyncGenerator[None]:
        """Keep all retries of a job away while the context lasts."""
        lock = self._locks.setdefault(job, anyio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.statistics().tasks_waiting and not lock.locked():
                self._locks.pop(job, None)

    async def _retry(self, request: Retry) -> RetryAnswer:
        # What is not on disk yet is not seen; and what ends now has ended then.
        await self._journal.flush()
        view, stored = await self._found(request.job)
        if view.attempt > request.attempt:
            return RetryAnswer(request.request, "opened", view.attempt)
        try:
            answer = await self._decide(request, view, stored)
        except RequestError:
            self._metrics.retried(request.strategy, "refused")
            raise
        self._metrics.retried(request.strategy, answer.outcome)
        return answer

    async def _decide(self, request: Retry, view: JobView, stored: StoredJob) -> RetryAnswer:
        self._check(request, view)
        self.check_room(stored.spec.creator)
        items = matching(view, request.strategy, request.retry_status)
        if not items:
            raise RequestError(_none_matches(request, view))
        live = resumed(stored)
        live.claims = self._stages.claims(live)
        if request.strategy is RemoteRetryStrategy.FULL_RESTART:
            self._check_quota(live)
            return await self._open(request, live, RestartAccepted(afresh=True), items)
        items = lacking(view, items)
        if not items:
            return RetryAnswer(request.request, "nothing_to_collect", view.attempt)
        return await self._carry_out(request, view, live, items)

    async def _found(self, job: JobId) -> tuple[JobView, StoredJob]:
        view, stored = await self._journal.view(job), await self._journal.stored(job)
        if view is None or stored is None:
            raise UnknownJob(f"there is no job {job!r} at this station")
        return view, stored

    def _check(self, request: Retry, view: JobView) -> None:
        """Refuse what cannot be retried."""
        if request.attempt > view.attempt:
            raise Conflict(
                f"job {view.id} has made {view.attempt} attempts, not {request.attempt}: ask for"
                " its status, and retry it then"
            )
        if not view.status.is_terminal or self._dispatch.get(view.id) is not None:
            raise RequestError(
                ErrorInfo(
                    ErrorCode.NOT_FINISHED,
                    f"job {view.id} is still under way ({view.status}): wait for it, or cancel it,"
                    " and retry it then",
                )
            )
        ready = view.status is JobExecutorStatus.READY
        if ready and request.strategy is not RemoteRetryStrategy.FULL_RESTART:
            raise RequestError(
                f"job {view.id} is READY and has all its results: only FULL_RESTART runs it again"
            )

    async def _carry_out(
        self, request: Retry, view: JobView, live: LiveJob, items: Sequence[int]
    ) -> RetryAnswer:
        known, attempt = await self._known(request, view, live, items)
        decision = decide(request.strategy, known)
        if decision in _ANEW:
            self._check_quota(live)
        if decision is Decision.COLLECT:
            items = executed(view, items)
            at_controllers = recorded(view, items).known is None
            if not at_controllers or await self._collected(live):
                return await self._open(request, live, CollectAccepted(), items, attempt)
            decision = Decision.UNREACHABLE
        if decision is Decision.ABORT_THEN_EXECUTE:
            at_rest = await self._leftovers.bring_to_rest(view.id, self._grace)
            decision = Decision.EXECUTE if at_rest else Decision.UNREACHABLE
        if decision is Decision.EXECUTE:
            event = await self._begin(live, items)
            return await self._open(request, live, event, items)
        if decision is Decision.UNREACHABLE:
            return RetryAnswer(request.request, "controller_unreachable", view.attempt)
        return RetryAnswer(request.request, "nothing_to_collect", view.attempt)

    def _check_quota(self, live: LiveJob) -> None:
        """Return if a job's project may have more results.

        What has been measured already is collected whatever it takes up: else it would be lost.

        Raises:
            LimitReached: They take up its quota.
        """
        self._dispatch.quotas.check(live.spec.project)

    async def _known(
        self, request: Retry, view: JobView, live: LiveJob, items: Sequence[int]
    ) -> tuple[Knowledge, int]:
        """Return what is known of the last execution, and which attempt it was in."""
        story = recorded(view, items)
        if story.known is not None:
            return story.known, story.attempt
        patience = self._grace if request.strategy in PATIENT else 0.0
        return await self._leftovers.known(view.id, live.claims, patience), story.attempt

    async def _collected(self, live: LiveJob) -> bool:
        return await self._leftovers.collect(live.job.id, live.job.number, self._grace)

    async def _begin(
        self, live: LiveJob, items: Sequence[int]
    ) -> RequeueAccepted | RestartAccepted:
        """Return where an execution begins: in the queue, if its work has been compiled."""
        data = await self._journal.work(live.job.number)
        work = None if data is None else WORK_DECODER.decode(data)
        # Without claims its target is gone: validation says so.
        if live.claims and work is not None and _covers(work, items):
            return RequeueAccepted()
        return RestartAccepted()

    async def _open(
        self,
        request: Retry,
        live: LiveJob,
        event: AttemptOpened,
        items: Sequence[int],
        collected: int = 0,
    ) -> RetryAnswer:
        # Others of the same creator may have come under way meanwhile.
        self.check_room(live.spec.creator)
        records: list[Record] = [prepared(live, items, collected, self._clock.time())]
        if isinstance(event, RestartAccepted) and event.afresh:
            records += afresh(live)
        opened = anyio.Event()
        self._dispatch.reopen(live, event, records, opened.set)
        attempt = live.job.attempt
        await opened.wait()
        self._leftovers.release(live.job.id)
        return RetryAnswer(request.request, "opened", attempt)


_ANEW: Final = frozenset({Decision.EXECUTE, Decision.ABORT_THEN_EXECUTE})
"""What ends in another execution."""


def _room_for_everybody(_creator: str) -> None:
    """Let everybody have as many jobs under way as they like."""


def _covers(work: StoredWork, items: Sequence[int]) -> bool:
    """Whether items can be executed with what was compiled before."""
    if not work.works:
        return False
    compiled = {
        one.item
        for made in work.works.values()
        if isinstance(made, CircuitsWork)
        for one in made.circuits
    }
    of_circuits = any(isinstance(made, CircuitsWork) for made in work.works.values())
    return not of_circuits or compiled.issuperset(items)


def _none_matches(request: Retry, view: JobView) -> str:
    wanted = " or ".join(request.retry_status or ("ERROR",))
    counted: dict[str, int] = {}
    for item in view.items:
        status = item_status(item, view.status)
        counted[status] = counted.get(status, 0) + 1
    are = ", ".join(f"{number} {status}" for status, number in counted.items())
    return (
        f"no item of job {view.id} is {wanted} (of its {len(view.items)}: {are}): choose with"
        " retry_status"
    )
