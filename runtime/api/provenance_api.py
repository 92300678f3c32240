"""Where a result comes from, gathered from what the journal has kept of it.

Rule. Only what is on record is told. What is not, such as a calibration set that was deleted, is
      left out; nothing is guessed from how the station is now.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from anyio import to_thread
from msgspec import Struct

from stationd.actors.stages.snapshot import SETTINGS
from stationd.proto.error import RequestError, StationError
from stationd.proto.program import Circuits, OpenQasm, Program, Qpy, SettingValue, Sweep
from stationd.proto.provenance import (
    CalibrationOrigin,
    CompiledOrigin,
    ControllerOrigin,
    Provenance,
    ProvenanceAnswer,
    ReadProvenance,
)
from stationd.proto.status import JobExecutorStatus as Status
from stationd.runtime.api.privacy import unknown_job
from stationd.runtime.controllers.running_now import DAEMON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.job import ItemView, JobId, JobView, TimelineEntry
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.records import VersionsSeen
    from stationd.runtime.journal.stored import StoredJob
    from stationd.runtime.work.artifacts import Artifacts

MOST_PROGRAM_BYTES: Final = 1024 * 1024
"""A larger program is asked for by itself."""
_ENCODER: Final = msgspec.msgpack.Encoder()


class _Metadata(Struct):
    """What is read of the metadata that was saved before an execution."""

    controllers: dict[str, str] = {}
    calibration_set: str | None = None
    ticket: int | None = None


class _Text(Struct):
    """What is read of a compiled circuit."""

    openqasm: str


_Standing = dict[str, SettingValue | None]
_SETTINGS: Final = msgspec.json.Decoder(dict[str, _Standing])
_TEXT: Final = msgspec.msgpack.Decoder(_Text)
_METADATA: Final = msgspec.json.Decoder(_Metadata)


class _Span(NamedTuple):
    """What the timeline says of a result."""

    executed_attempt: int
    executed_unix_s: float | None
    ended_unix_s: float | None
    versions_unix_s: float
    """When what ran is to be told."""


class ProvenanceApi:
    """Gathers where results come from.

    Args:
        journal: Has it all.
        artifacts: Have what stands in results.
        station_name: What the configuration calls the station.
    """

    def __init__(self, journal: Journal, artifacts: Artifacts, station_name: str) -> None:
        self._journal = journal
        self._artifacts = artifacts
        self._station_name = station_name

    async def answer(self, request: ReadProvenance) -> ProvenanceAnswer:
        """Return where the result of an item comes from.

        Raises:
            UnknownJob: There is no such job.
            RequestError: It has no such item.
        """
        stored = await self._journal.stored(request.job)
        view = await self._journal.view(request.job)
        if stored is None or view is None:
            raise unknown_job(request.job)
        if request.item >= stored.spec.items:
            raise RequestError(
                f"job {stored.job} has {stored.spec.items} items: there is no item {request.item}"
            )
        found = await self._provenance(stored, view, view.items[request.item])
        return ProvenanceAnswer(request.request, found)

    async def _provenance(self, stored: StoredJob, view: JobView, item: ItemView) -> Provenance:
        work = stored.spec.work
        attempt = item.attempt or stored.attempt
        span = _span(view.timeline, attempt)
        execution = await self._journal.execution(stored.number, span.executed_attempt or attempt)
        saved = execution.metadata
        metadata = _Metadata() if saved is None else _METADATA.decode(saved)
        pinned = stored.calibration_set if saved is None else metadata.calibration_set
        versions = await self._journal.versions(span.versions_unix_s)
        ran = {one.controller: one for one in versions}
        program = work if isinstance(work, Sweep) else work.programs[item.index]
        digest, size = await to_thread.run_sync(_digested, program)
        settings = await self._settings(item)
        return Provenance(
            job=stored.job,
            number=stored.number,
            item=item.index,
            attempt=attempt,
            kind=stored.spec.kind,
            station=self._journal.opening.station,
            station_name=self._station_name,
            created_unix_s=stored.created_unix_s,
            program_sha256=digest,
            program=program if size <= MOST_PROGRAM_BYTES else None,
            name=stored.spec.name,
            program_name=item.name,
            target=stored.target,
            creator=stored.spec.creator,
            project=stored.spec.project,
            artifact=item.result,
            partial=item.partial,
            executed_attempt=span.executed_attempt,
            executed_unix_s=span.executed_unix_s,
            ended_unix_s=span.ended_unix_s,
            ticket=(execution.ticket or metadata.ticket) if span.executed_attempt else None,
            n_shots=work.n_shots[item.index] if isinstance(work, Circuits) else 0,
            seed=None if isinstance(work, Sweep) else work.seed,
            optimisation_level=None if isinstance(work, Sweep) else work.optimisation_level,
            calibration=await self._calibration(pinned),
            compiled=(
                None if isinstance(work, Sweep) else await self._compiled(stored.job, item.index)
            ),
            daemon=ran[DAEMON].versions if DAEMON in ran else {},
            controllers=tuple(
                _controller(name, driver, ran.get(name), settings.get(name, {}))
                for name, driver in sorted(metadata.controllers.items())
                if span.executed_attempt
            ),
        )

    async def _settings(self, item: ItemView) -> dict[str, _Standing]:
        """Return how controllers' settings stood, as far as the result says."""
        stored = None if item.result is None else await self._journal.artifact(item.result.id)
        if stored is None:
            return {}
        try:
            said = (await self._artifacts.metadata(stored)).get(SETTINGS)
            return {} if said is None else _SETTINGS.decode(said)
        except (StationError, msgspec.MsgspecError):
            # It is away or damaged, which is told to whoever wants the result itself.
            return {}

    async def _calibration(self, pinned: str | None) -> CalibrationOrigin | None:
        if pinned is None:
            return None
        found = await self._journal.calibration(pinned)
        if found is None:
            return CalibrationOrigin(id=pinned)
        return CalibrationOrigin(id=pinned, name=found.name, created_unix_s=found.created_unix_s)

    async def _compiled(self, job: JobId, item: int) -> CompiledOrigin | None:
        # The work of a large job is megabytes: the journal's reader looks it through.
        made = {one.index: one for one in await self._journal.compiled(job)}.get(item)
        stored = None if made is None else await self._journal.artifact(made.artifact.id)
        if made is None or stored is None or stored.data is None:
            return None
        digest = await to_thread.run_sync(_text_digest, stored.data)
        return CompiledOrigin(sha256=digest, depth=made.depth, two_qubit_gates=made.two_qubit_gates)


def _span(timeline: Sequence[TimelineEntry], attempt: int) -> _Span:
    """Return when a result came about: one that was collected was executed by an attempt before."""
    own = [entry for entry in timeline if entry.attempt == attempt]
    began = [
        entry
        for entry in timeline
        if entry.attempt <= attempt and entry.status is Status.EXECUTION_STARTED
    ]
    ended = [entry.time_unix_s for entry in own if entry.status.is_terminal]
    first = own[0].time_unix_s if own else 0.0
    if not began:
        return _Span(0, None, ended[0] if ended else None, first)
    # The acceptance of a cancel repeats the status.
    newest = [entry for entry in began if entry.attempt == began[-1].attempt]
    executed = newest[0].time_unix_s
    return _Span(newest[0].attempt, executed, ended[0] if ended else None, executed)


def _controller(
    name: str, driver: str, ran: VersionsSeen | None, settings: _Standing
) -> ControllerOrigin:
    return ControllerOrigin(
        name=name,
        driver=driver,
        versions={} if ran is None else ran.versions,
        since_unix_s=None if ran is None else ran.since_unix_s,
        settings=settings,
    )


def _text_digest(compiled: bytes) -> str:
    return hashlib.sha256(_TEXT.decode(compiled).openqasm.encode()).hexdigest()


def _digested(program: Program | Sweep) -> tuple[str, int]:
    """Return the digest of a program and how large it is."""
    match program:
        case OpenQasm(source=source):
            data = source.encode()
        case Qpy(data=data):
            pass
        case _:
            data = _ENCODER.encode(program)
    return hashlib.sha256(data).hexdigest(), len(data)
