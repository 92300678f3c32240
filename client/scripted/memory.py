"""What a scripted station remembers, and how its jobs climb."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Final

import msgspec

from stationd.client.scripted.calibrations import ScriptedCalibrations
from stationd.client.scripted.provenance import scripted_provenance
from stationd.client.scripted.standing import AboutTheStation, ScriptedStanding
from stationd.proto import jobs_protocol as wire
from stationd.proto import project_requests as records
from stationd.proto.audit_requests import ReadAudit
from stationd.proto.compiled_requests import Compiled, CompiledItem, ReadCompiled
from stationd.proto.error import (
    ErrorInfo,
    JobNotFinished,
    RequestError,
    UnknownJob,
)
from stationd.proto.guard_requests import ListGuards
from stationd.proto.job import (
    ArtifactRef,
    ItemView,
    JobId,
    JobSpec,
    JobView,
    TimelineEntry,
    place_of,
)
from stationd.proto.matching import matches
from stationd.proto.program import Circuits, Sweep
from stationd.proto.project_requests import GetInput
from stationd.proto.provenance import ReadProvenance
from stationd.proto.queue_requests import ListQueue
from stationd.proto.result import Result, encode_result
from stationd.proto.result_requests import Peek
from stationd.proto.search import compare
from stationd.proto.station_requests import ReadLog, Survey
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy
from stationd.proto.version_requests import ReadVersions

WHOLE_WAY: Final = tuple(
    status
    for status in JobExecutorStatus
    if status not in (JobExecutorStatus.FAILED, JobExecutorStatus.ABORTED)
)
"""The rungs of a job that succeeds."""
_NOT_EXECUTED: Final = frozenset(
    {
        JobExecutorStatus.SAVE_SWEEP_METADATA_STARTED,
        JobExecutorStatus.SAVE_SWEEP_METADATA_ENDED,
        JobExecutorStatus.PENDING_EXECUTION,
        JobExecutorStatus.EXECUTION_STARTED,
        JobExecutorStatus.EXECUTION_ENDED,
    }
)


class ScriptedMemory(ScriptedStanding, ScriptedCalibrations):
    """Jobs and results, and the orders that a test gives."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[JobId, JobView] = {}
        self.specs: dict[JobId, JobSpec] = {}
        self.artifacts: dict[str, bytes] = {}
        self.compiled: dict[JobId, tuple[CompiledItem, ...]] = {}
        self.facts: list[wire.FeedEvent] = []
        """The feed; the first has the sequence number 1."""
        self.plan: Callable[[JobSpec], Sequence[JobExecutorStatus]] = _stay
        """Which rungs a new job reaches at once, after RECEIVED."""
        self.answer: Callable[[JobSpec], Result] | None = None
        """What each item of a job that gets as far as READY has for a result."""
        self.changed: Callable[[], None] = _nobody_listens
        """Called when there are new facts."""

    def climb(
        self,
        job: JobId,
        *statuses: JobExecutorStatus,
        attempt: int = 0,
        cancelling: bool = False,
        error: ErrorInfo | None = None,
        note: str = "",
        retrying: bool = False,
    ) -> None:
        """Let a job reach some rungs, one after the other, and tell who listens."""
        for status in statuses:
            view = self.jobs[job]
            entry = TimelineEntry(
                seq=len(self.facts) + 1,
                ordinal=len(view.timeline) + 1,
                attempt=attempt or view.attempt,
                status=status,
                time_unix_s=1_700_000_000.0 + len(self.facts),
                cancelling=cancelling,
                error=error,
                note=note,
                retrying=retrying,
            )
            self.facts.append(wire.FeedEvent(job, entry))
            self.jobs[job] = msgspec.structs.replace(
                view,
                status=status,
                attempt=entry.attempt,
                seq=entry.seq,
                modified_unix_s=entry.time_unix_s,
                cancelling=cancelling,
                error=error,
                note=note,
                timeline=(*view.timeline, entry),
            )
            if status is JobExecutorStatus.READY and self.answer is not None:
                self._finish_items(job, self.answer)
        self.changed()

    def store(self, job: JobId, index: int, result: Result) -> None:
        """Give an item of a job its result."""
        data = encode_result(result)
        ref = ArtifactRef(
            id=f"{job}/1/{index}",
            size_bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        self.artifacts[ref.id] = data
        self._set_item(job, index, result=ref)

    def fail_item(self, job: JobId, index: int, error: ErrorInfo) -> None:
        """Give an item of a job its error."""
        self._set_item(job, index, error=error)

    def reply(self, request: wire.Request) -> wire.Reply:
        """Return the answer to a request that one reply answers.

        Raises:
            RequestError: The refusal.
        """
        number = request.request
        match request:
            case wire.Ping():
                return wire.Pong(number, "scripted", 1, "0.0")
            case wire.Submit():
                return self._submit(request)
            case wire.List() | records.Count() | records.Annotate():
                return self._record(request)
            case wire.Get() | Peek():
                return wire.Job(number, self.view(request.job))
            case (
                wire.Cancel()
                | wire.Retry()
                | records.Delete()
                | GetInput()
                | ReadProvenance()
                | ReadCompiled()
            ):
                return self._turn(request)
            case (
                ReadLog()
                | wire.ListControllers()
                | Survey()
                | ReadAudit()
                | ReadVersions()
                | ListQueue()
                | ListGuards()
            ):
                return self._tell(request)
            case (
                wire.ImportCalibration()
                | wire.ListCalibrations()
                | wire.GetCalibration()
                | wire.UseCalibration()
            ):
                return self.calibrate(request)
            case _:
                raise RequestError(f"a {type(request).__name__} is not answered here")

    def _tell(self, request: AboutTheStation) -> wire.Reply:
        if isinstance(request, ReadLog):
            self.view(request.job)
        return self.tell(request)

    def _submit(self, submit: wire.Submit) -> wire.Submitted:
        known = self.jobs.get(submit.job)
        if known is not None:
            return wire.Submitted(submit.request, submit.job, known.number, created=False)
        work = submit.spec.work
        names = [work.name] if isinstance(work, Sweep) else [one.name for one in work.programs]
        number = len(self.jobs) + 1
        self.specs[submit.job] = submit.spec
        self.jobs[submit.job] = JobView(
            id=submit.job,
            number=number,
            kind=submit.spec.kind,
            target="" if isinstance(work, Sweep) else work.target,
            status=JobExecutorStatus.RECEIVED,
            attempt=1,
            created_unix_s=1_700_000_000.0,
            modified_unix_s=1_700_000_000.0,
            seq=0,
            name=submit.spec.name,
            description=submit.spec.description,
            project=submit.spec.project,
            properties=submit.spec.properties,
            priority=submit.spec.priority,
            items=tuple(ItemView(index=index, name=name) for index, name in enumerate(names)),
        )
        self.climb(submit.job, JobExecutorStatus.RECEIVED, *self.plan(submit.spec))
        return wire.Submitted(
            submit.request, submit.job, number, created=True, created_unix_s=1_700_000_000.0
        )

    def _record(self, request: records.Count | records.Annotate | wire.List) -> wire.Reply:
        if isinstance(request, wire.List):
            return self._list(request)
        if isinstance(request, records.Count):
            found = sum(matches(view, request.filter) for view in self.jobs.values())
            return records.Counted(request.request, found)
        view = self.view(request.job)
        self.jobs[request.job] = view = msgspec.structs.replace(
            view,
            name=view.name if request.name is None else request.name,
            description=view.description if request.description is None else request.description,
            properties=view.properties if request.properties is None else request.properties,
        )
        return wire.Job(request.request, view)

    def _input(self, request: GetInput) -> records.Input:
        self.view(request.job)
        work = self.specs[request.job].work
        if isinstance(work, Sweep):
            return records.Input(request.request, work, 0)
        shots = work.n_shots[request.item] if isinstance(work, Circuits) else 0
        return records.Input(request.request, work.programs[request.item], shots)

    def _delete(self, request: records.Delete) -> records.Deleted:
        view = self.jobs.get(request.job)
        if view is None:
            return records.Deleted(request.request, "already_gone")
        if not view.status.is_terminal:
            raise JobNotFinished(f"job {view.id} is still under way ({view.status})")
        del self.jobs[view.id]
        for item in view.items:
            if item.result is not None:
                del self.artifacts[item.result.id]
        return records.Deleted(request.request, "deleted")

    def _list(self, request: wire.List) -> wire.Jobs:
        order = request.order
        found = [
            msgspec.structs.replace(view, timeline=(), items=())
            for view in self.jobs.values()
            if matches(view, request.filter)
            and (request.before is None or view.number < request.before)
            and (order.after is None or compare(order.after, place_of(view), order.sort) < 0)
        ]
        found.sort(
            key=cmp_to_key(lambda one, two: compare(place_of(one), place_of(two), order.sort))
        )
        found = found[order.skip :]
        page = found[: request.limit]
        return wire.Jobs(request.request, tuple(page), more=len(found) > len(page))

    def _turn(
        self,
        request: wire.Cancel
        | wire.Retry
        | records.Delete
        | GetInput
        | ReadProvenance
        | ReadCompiled,
    ) -> wire.Reply:
        match request:
            case wire.Cancel():
                return self._cancel(request)
            case wire.Retry():
                return self._retry(request)
            case records.Delete():
                return self._delete(request)
            case GetInput():
                return self._input(request)
            case ReadProvenance():
                view = self.view(request.job)
                return scripted_provenance(request, view, self.specs[view.id])
            case ReadCompiled():
                view = self.view(request.job)
                return Compiled(request.request, self.compiled.get(view.id, ()))

    def _cancel(self, request: wire.Cancel) -> wire.CancelAnswer:
        view = self.view(request.job)
        if view.status.is_terminal:
            return wire.CancelAnswer(request.request, "already_over")
        if not view.cancelling:
            self.climb(request.job, view.status, cancelling=True)
            self.climb(request.job, JobExecutorStatus.ABORTED, note="before execution")
        return wire.CancelAnswer(request.request, "accepted")

    def _retry(self, request: wire.Retry) -> wire.RetryAnswer:
        view = self.view(request.job)
        number, attempt = request.request, view.attempt
        if attempt > request.attempt:
            return wire.RetryAnswer(number, "opened", attempt)
        if not view.status.is_terminal:
            raise JobNotFinished(f"job {view.id} is still under way ({view.status})")
        if request.strategy is not RemoteRetryStrategy.FULL_RESTART:
            return wire.RetryAnswer(number, "nothing_to_collect", attempt)
        rungs = (JobExecutorStatus.RECEIVED, *self.plan(self.specs[request.job]))
        self.climb(request.job, *rungs, attempt=attempt + 1)
        return wire.RetryAnswer(number, "opened", attempt + 1)

    def view(self, job: JobId) -> JobView:
        """Return a job.

        Raises:
            UnknownJob: There is none with this id.
        """
        try:
            return self.jobs[job]
        except KeyError:
            raise UnknownJob(f"no job {job}") from None

    def _finish_items(self, job: JobId, answer: Callable[[JobSpec], Result]) -> None:
        for item in self.jobs[job].items:
            self.store(job, item.index, answer(self.specs[job]))

    def _set_item(
        self,
        job: JobId,
        index: int,
        result: ArtifactRef | None = None,
        error: ErrorInfo | None = None,
    ) -> None:
        view = self.jobs[job]
        items = tuple(
            msgspec.structs.replace(item, result=result, error=error)
            if item.index == index
            else item
            for item in view.items
        )
        self.jobs[job] = msgspec.structs.replace(view, items=items)


def _stay(_: JobSpec) -> Sequence[JobExecutorStatus]:
    return ()


def _nobody_listens() -> None:
    pass


def whole_way(spec: JobSpec) -> list[JobExecutorStatus]:
    """Return the rungs of a job of this kind that succeeds, after RECEIVED."""
    compiled_only = spec.kind == "compile"
    return [status for status in WHOLE_WAY[1:] if not (compiled_only and status in _NOT_EXECUTED)]
