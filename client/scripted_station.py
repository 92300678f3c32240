"""A station without a daemon, for tests of whatever talks to one.

It keeps its jobs in memory, answers on a real socket, and does what it is told: lets a job
climb, goes silent, drops its clients, comes back, sends garbage.

    async with scripted_station(endpoint) as station:
        station.plan = lambda spec: station.whole_way(spec)
        ...
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
import msgspec
import zmq

from stationd.proto import jobs_protocol as wire
from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.error import (
    ErrorInfo,
    ProtocolViolation,
    RequestError,
    StationError,
    StationUnreachable,
    UnknownArtifact,
    UnknownCalibrationSet,
    UnknownJob,
)
from stationd.proto.job import (
    ArtifactRef,
    ItemView,
    JobId,
    JobSpec,
    JobView,
    Progress,
    TimelineEntry,
)
from stationd.proto.program import Sweep
from stationd.proto.result import Result, encode_result
from stationd.proto.socket import PeerGone, Socket, bind
from stationd.proto.status import JobExecutorStatus, JobStatusEnum

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


class _Stream:
    """What one client listens to."""

    def __init__(self, peer: bytes, listen: wire.Listen) -> None:
        self.peer = peer
        self.number = listen.request
        self.jobs = listen.jobs
        self.seq = listen.after or 0
        self.credit = listen.credit


class ScriptedStation:
    """The station's memory, and the orders that a test gives it.

    Args:
        endpoint: Where it listens: ``ipc://`` and a path.
    """

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.received: list[wire.Request] = []
        """Every request that was read, in order."""
        self.jobs: dict[JobId, JobView] = {}
        self.specs: dict[JobId, JobSpec] = {}
        self.artifacts: dict[str, bytes] = {}
        self.calibrations: dict[str, CalibrationSet] = {}
        self.defaults: dict[str, str] = {}
        self.controllers: tuple[wire.ControllerView, ...] = ()
        self.targets: tuple[wire.TargetView, ...] = ()
        self.plan: Callable[[JobSpec], Sequence[JobExecutorStatus]] = lambda _: ()
        """Which rungs a new job reaches at once, after RECEIVED."""
        self.answer: Callable[[JobSpec], Result] | None = None
        """What each item of a job that gets as far as READY has for a result."""
        self.silent = False
        """Read everything and answer nothing."""
        self.forgetful = False
        """Treat every resume as too old, and begin with a snapshot."""
        self._facts: list[wire.FeedEvent] = []
        self._streams: dict[tuple[bytes, int], _Stream] = {}
        self._peers: dict[bytes, None] = {}
        self._socket: Socket | None = None

    # --- orders --------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen, from now on."""
        with anyio.fail_after(5):
            while self._socket is None:
                try:
                    self._socket = bind(zmq.ROUTER, self.endpoint)
                except StationUnreachable:
                    # ZeroMQ lets go of an endpoint some time after the socket was closed.
                    await anyio.sleep(0.005)

    def stop(self) -> None:
        """Drop all clients and listen no more. What is stored stays."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._streams.clear()
        self._peers.clear()

    async def serve(self) -> None:
        """Answer requests for as long as the task lives, over stops and starts."""
        while True:
            if self._socket is None:
                await anyio.sleep(0.005)
                continue
            try:
                peer, frame, *_ = await self._socket.receive()
            except anyio.ClosedResourceError:
                continue
            self._take(peer, frame)

    def climb(
        self,
        job: JobId,
        *statuses: JobExecutorStatus,
        attempt: int = 0,
        cancelling: bool = False,
        error: ErrorInfo | None = None,
        note: str = "",
    ) -> None:
        """Let a job reach some rungs, one after the other, and tell who listens."""
        for status in statuses:
            view = self.jobs[job]
            entry = TimelineEntry(
                seq=len(self._facts) + 1,
                ordinal=len(view.timeline) + 1,
                attempt=attempt or view.attempt,
                status=status,
                time_unix_s=1_700_000_000.0 + len(self._facts),
                cancelling=cancelling,
                error=error,
                note=note,
            )
            self._facts.append(wire.FeedEvent(job, entry))
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
        self._publish()

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

    def report(self, job: JobId, progress: Progress | None, queue_position: int | None) -> None:
        """Tell who listens how far a job has come."""
        for stream in list(self._streams.values()):
            report = wire.ProgressReport(stream.number, job, progress, queue_position)
            self._send(stream.peer, report)

    def send_to_all(self, *frames: bytes) -> None:
        """Send frames, whatever they are, to every client."""
        for peer in self._peers:
            self._send_frames(peer, frames)

    def beat(self) -> None:
        """Tell all streams that nothing has happened."""
        for stream in list(self._streams.values()):
            self._send(stream.peer, wire.StreamBeat(stream.number))

    # --- how it answers ------------------------------------------------------------------

    def _take(self, peer: bytes, frame: bytes) -> None:
        self._peers[peer] = None
        try:
            request = REQUESTS.decode(frame)
        except ProtocolViolation as error:
            self._send(peer, wire.Failure(0, error.info))
            return
        self.received.append(request)
        if self.silent:
            return
        try:
            self._answer(peer, request)
        except StationError as error:
            self._send(peer, wire.Failure(request.request, error.info))

    def _answer(self, peer: bytes, request: wire.Request) -> None:
        match request:
            case wire.Listen():
                self._listen(peer, request)
            case wire.Grant():
                if (stream := self._streams.get((peer, request.request))) is not None:
                    stream.credit += request.credit
                    self._pump(stream)
            case wire.Unlisten():
                self._streams.pop((peer, request.request), None)
            case wire.Fetch():
                self._fetch(peer, request)
            case _:
                self._send(peer, self._reply(request))

    def _reply(self, request: wire.Request) -> wire.Reply:
        number = request.request
        match request:
            case wire.Ping():
                return wire.Pong(number, "scripted", 1, "0.0")
            case wire.Submit():
                return self._submit(request)
            case wire.Get():
                return wire.Job(number, self._view(request.job))
            case wire.List():
                return self._list(request)
            case wire.Cancel():
                return self._cancel(request)
            case wire.ListControllers():
                return wire.Controllers(number, self.targets, self.controllers)
            case wire.ListCalibrations():
                return wire.Calibrations(number, self._summaries(request.target))
            case _:
                return self._calibration(request)

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
            priority=submit.spec.priority,
            items=tuple(ItemView(index=index, name=name) for index, name in enumerate(names)),
        )
        self.climb(submit.job, JobExecutorStatus.RECEIVED, *self.plan(submit.spec))
        return wire.Submitted(submit.request, submit.job, number, created=True)

    def _list(self, request: wire.List) -> wire.Jobs:
        found = [
            msgspec.structs.replace(view, timeline=(), items=())
            for view in sorted(self.jobs.values(), key=lambda view: -view.number)
            if _matches(view, request) and (request.before is None or view.number < request.before)
        ]
        page = found[: request.limit]
        return wire.Jobs(request.request, tuple(page), more=len(found) > len(page))

    def _cancel(self, request: wire.Cancel) -> wire.CancelAnswer:
        view = self._view(request.job)
        if view.status.is_terminal:
            return wire.CancelAnswer(request.request, "already_over")
        if not view.cancelling:
            self.climb(request.job, view.status, cancelling=True)
            self.climb(request.job, JobExecutorStatus.ABORTED, note="before execution")
        return wire.CancelAnswer(request.request, "accepted")

    def _fetch(self, peer: bytes, request: wire.Fetch) -> None:
        data = self.artifacts.get(request.artifact)
        if data is None:
            raise UnknownArtifact(f"no result {request.artifact}")
        piece = data[request.offset : request.offset + wire.CHUNK_BYTES]
        ref = ArtifactRef(
            id=request.artifact, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
        )
        self._send(peer, wire.Chunk(request.request, ref, request.offset), piece)

    def _calibration(self, request: wire.Request) -> wire.Reply:
        match request:
            case wire.ImportCalibration():
                stored = CalibrationSet(
                    id=request.id,
                    target=request.target,
                    observations=request.observations,
                    created_unix_s=1_700_000_000.0,
                    name=request.name,
                )
                self.calibrations.setdefault(request.id, stored)
                if request.use:
                    self.defaults[request.target] = request.id
            case wire.GetCalibration():
                stored = self._stored_calibration(request.id)
            case wire.UseCalibration():
                stored = self._stored_calibration(request.id)
                self.defaults[stored.target] = stored.id
            case _:
                raise RequestError(f"a {type(request).__name__} is not answered here")
        default = self.defaults.get(stored.target) == stored.id
        return wire.Calibration(request.request, stored, default)

    def _summaries(self, target: str) -> tuple[CalibrationSummary, ...]:
        return tuple(
            CalibrationSummary(
                id=stored.id,
                target=stored.target,
                created_unix_s=stored.created_unix_s,
                observations=len(stored.observations),
                default=self.defaults.get(stored.target) == stored.id,
                name=stored.name,
            )
            for stored in self.calibrations.values()
            if target in ("", stored.target)
        )

    def _stored_calibration(self, number: str) -> CalibrationSet:
        try:
            return self.calibrations[number]
        except KeyError:
            raise UnknownCalibrationSet(f"no calibration set {number}") from None

    def _view(self, job: JobId) -> JobView:
        try:
            return self.jobs[job]
        except KeyError:
            raise UnknownJob(f"no job {job}") from None

    def _listen(self, peer: bytes, listen: wire.Listen) -> None:
        views = tuple(self._view(job) for job in listen.jobs or ())
        stream = self._streams[peer, listen.request] = _Stream(peer, listen)
        if listen.after is None or self.forgetful:
            stream.seq = len(self._facts)
            self._send(peer, wire.Snapshot(listen.request, stream.seq, views))
        self._pump(stream)

    def _publish(self) -> None:
        for stream in list(self._streams.values()):
            self._pump(stream)

    def _pump(self, stream: _Stream) -> None:
        events = [
            fact
            for fact in self._facts[stream.seq :]
            if stream.jobs is None or fact.job in stream.jobs
        ][: stream.credit]
        if events and not self.silent:
            stream.credit -= len(events)
            stream.seq = events[-1].entry.seq
            self._send(stream.peer, wire.Events(stream.number, tuple(events)))

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

    def _send(self, peer: bytes, reply: wire.Reply, *data: bytes) -> None:
        self._send_frames(peer, [REPLIES.encode(reply), *data])

    def _send_frames(self, peer: bytes, frames: Sequence[bytes]) -> None:
        if self._socket is None:
            return
        try:
            self._socket.send_nowait([peer, *frames])
        except PeerGone:
            self._peers.pop(peer, None)


@asynccontextmanager
async def scripted_station(endpoint: str) -> AsyncGenerator[ScriptedStation]:
    """Run a scripted station for as long as the block lasts."""
    station = ScriptedStation(endpoint)
    await station.start()
    async with anyio.create_task_group() as group:
        group.start_soon(station.serve)
        try:
            yield station
        finally:
            group.cancel_scope.cancel()
            station.stop()


def whole_way(spec: JobSpec) -> list[JobExecutorStatus]:
    """Return the rungs of a job of this kind that succeeds, after RECEIVED."""
    compiled_only = spec.kind == "compile"
    return [status for status in WHOLE_WAY[1:] if not (compiled_only and status in _NOT_EXECUTED)]


def _matches(view: JobView, request: wire.List) -> bool:
    wanted = request.filter
    coarse = JobStatusEnum.__members__.get(view.coarse.name)
    return (
        wanted.name_like.lower() in view.name.lower()
        and (not wanted.statuses or view.status in wanted.statuses)
        and (not wanted.coarse or coarse in wanted.coarse)
        and (not wanted.kinds or view.kind in wanted.kinds)
        and wanted.target in ("", view.target)
    )
