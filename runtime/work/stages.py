"""The work between the rungs: what happens where, and what it leaves in the journal.

Rule 1. Bounded work on trusted input (null programs, sweeps, small results) is done at once, in
        the loop. What reads users' circuits or may be large goes to a worker process.
Rule 2. A stage gives an event and the records that belong to the rung that the event leads to;
        both are stored together.
Rule 3. A stage can be repeated: after a restart it is.
"""

from __future__ import annotations

import platform
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from stationd import __version__
from stationd.actors.ladder import (
    Compiled,
    Effect,
    MetadataSaved,
    Validated,
)
from stationd.actors.stages.requests import CheckRequest, CompileRequest
from stationd.actors.stages.validate import (
    check_spec,
    claims,
    needs_worker,
    refusal,
    silent_controllers,
)
from stationd.actors.stages.works import circuits_work, compile_null, compile_sweep
from stationd.proto.codec import MAX_FRAME_BYTES
from stationd.proto.error import (
    ErrorCode,
    ErrorInfo,
    InvalidJob,
    Problem,
    StationError,
)
from stationd.proto.program import (
    CircuitProgram,
    Circuits,
    Compile,
    NullProgram,
    Qpu,
    Sweep,
)
from stationd.proto.result import CompiledResult
from stationd.runtime.journal.records import (
    ItemEnded,
    MetadataStored,
    Record,
    WorkStored,
)
from stationd.runtime.live import WORK_ENCODER, LiveJob, StoredWork
from stationd.runtime.work.compilation import Compilation
from stationd.runtime.work.compile_cache import CompileCache
from stationd.runtime.work.fetching_calibration import FetchingCalibration
from stationd.runtime.work.heavy import check_programs
from stationd.runtime.work.post_processing import PostProcessing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.stored import Outline
    from stationd.runtime.settings import Deadlines, Settings
    from stationd.runtime.work.calibrations import CalibrationDefaults
    from stationd.runtime.work.outcome import Outcome
    from stationd.runtime.work.workers import Workers

TINY_WORK_BYTES: Final = 2048
"""Compiled work up to this size stays in memory while the job waits in the queue."""
MOST_WORK_BYTES: Final = MAX_FRAME_BYTES - 4096
"""Of the work of one controller: it travels in one message, with its ticket and a fence."""

_JSON: Final = msgspec.json.Encoder()
_VERSIONS: Final = {"stationd": __version__, "python": platform.python_version()}


class Stages:
    """What the daemon does for jobs between the rungs.

    Args:
        journal: What a job has left before is there.
        workers: Do what is slow or may be hostile.
        bus: Knows what controllers offer.
        calibrations: Which set each target uses.
        clock: Tells which calibration sets have expired.
        targets: The controller of every target.
        grace: Seconds to wait for a controller that has never connected.
        deadlines: How long each stage may take.
        cache_mib: What compiled circuits that are kept for others may take in memory.
        artifacts: The directory of the artifact store.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        workers: Workers,
        bus: InstrumentBus,
        calibrations: CalibrationDefaults,
        clock: Clock,
        targets: Mapping[str, str],
        artifacts: Path,
        grace: float,
        deadlines: Deadlines,
        cache_mib: float,
    ) -> None:
        self._workers = workers
        self._bus = bus
        self._calibration = FetchingCalibration(
            journal, calibrations, clock, deadlines.fetch_calibration
        )
        self._targets = targets
        self._grace = grace
        self._deadlines = deadlines
        self.compilation = Compilation(workers, CompileCache(round(cache_mib * 2**20)))
        self.results = PostProcessing(
            journal=journal,
            workers=workers,
            bus=bus,
            artifacts=artifacts,
            seconds=deadlines.post_processing,
        )
        self._begin: dict[
            Effect, Callable[[LiveJob], Outcome | Callable[[], Awaitable[Outcome]]]
        ] = {
            Effect.VALIDATE: self._validate,
            Effect.FETCH_CALIBRATION: self._calibration.begin,
            Effect.COMPILE: self._compile,
            Effect.SAVE_METADATA: self._save_metadata,
            Effect.POST_PROCESS: partial(self.results.begin, partial_data=False),
            Effect.KEEP_DATA: partial(self.results.begin, partial_data=True),
        }

    def reload(self, settings: Settings) -> None:
        """Give stages that begin from now on the time that other settings say."""
        self._deadlines = settings.deadlines
        self._calibration.seconds = settings.deadlines.fetch_calibration
        self.compilation.cache.resize(round(settings.compilation.cache_mib * 2**20))
        self.results.seconds = settings.deadlines.post_processing

    def claims(self, live: LiveJob) -> tuple[str, ...]:
        """Return the controllers that a job needs for itself."""
        return claims(live.spec, self._targets)

    def claimed(self, outline: Outline) -> tuple[str, ...]:
        """Return the controllers that a job needs which is known in short."""
        if outline.kind != "circuits":
            return outline.controllers
        controller = self._targets.get(outline.target)
        return () if controller is None else (controller,)

    def begin(self, live: LiveJob, effect: Effect) -> Outcome | Callable[[], Awaitable[Outcome]]:
        """Do a stage's work, or return what will do it in a task.

        Raises:
            StationError: The stage cannot do its work; the job fails with that.
        """
        return self._begin[effect](live)

    # --- validation --------------------------------------------------------------------------

    def _validate(self, live: LiveJob) -> Outcome | Callable[[], Awaitable[Outcome]]:
        if live.sound == self._bus.edition and not needs_worker(live.spec):
            # Found sound at the door a moment ago, and no controller has said anything new.
            return self._validated(live, [])
        offers = self._bus.offers()
        silent = silent_controllers(live.spec, offers, self._targets)
        if silent or needs_worker(live.spec):
            return partial(self._validate_slowly, live, silent)
        return self._validated(live, self._problems(live))

    async def _validate_slowly(self, live: LiveJob, silent: Sequence[str]) -> Outcome:
        if silent:
            await self._wait_for(silent)
        spec = live.spec
        problems = self._problems(live)
        bad_items = {problem.item for problem in problems}
        programs = _circuits(live, bad_items)
        if programs and None not in bad_items and not isinstance(spec.work, Sweep):
            request = CheckRequest(
                programs=programs,
                qpu=self._qpu(live),
                measured=isinstance(spec.work, Circuits),
            )
            problems += await self._workers.call(
                check_programs, request, self._deadlines.validation
            )
        return self._validated(live, problems)

    def _problems(self, live: LiveJob) -> list[Problem]:
        """Return what is wrong with a job, and with the items that run."""
        found = check_spec(live.spec, self._bus.offers(), self._targets)
        return [problem for problem in found if problem.item is None or live.runs(problem.item)]

    async def _wait_for(self, silent: Sequence[str]) -> None:
        missing = await self._bus.wait_described(silent, self._grace)
        if missing:
            raise StationError(
                ErrorInfo(
                    ErrorCode.CONTROLLER_UNREACHABLE,
                    f"the controller {missing[0]!r} has not connected within {self._grace:g} s:"
                    " start it, then submit again",
                )
            )

    def _validated(self, live: LiveJob, problems: list[Problem]) -> Outcome:
        live.claims = self.claims(live)
        if not problems:
            return Validated(), []
        bad = {problem.item for problem in problems}
        if live.spec.item_errors == "stop" or None in bad or bad.issuperset(live.good):
            raise InvalidJob(refusal(live.spec, problems, self._bus.offers(), self._targets))
        records = [
            self._item_failed(live, item, "the item cannot run", problems)
            for item in sorted(item for item in bad if item is not None)
        ]
        return Validated(), list(records)

    def _item_failed(
        self, live: LiveJob, item: int, detail: str, problems: Sequence[Problem]
    ) -> ItemEnded:
        own = tuple(problem for problem in problems if problem.item == item)
        error = ErrorInfo(ErrorCode.INVALID_JOB, detail, own)
        live.item_errors[item] = error
        return ItemEnded(live.job.number, item, live.job.attempt, error=error)

    # --- compilation -------------------------------------------------------------------------

    def _compile(self, live: LiveJob) -> Outcome | Callable[[], Awaitable[Outcome]]:
        match live.spec.work:
            case Sweep() as sweep:
                return self._compiled(live, StoredWork({**compile_sweep(sweep)}))
            case Circuits() as circuits if not needs_worker(live.spec):
                null = compile_null(circuits)
                return self._compiled(live, StoredWork({live.claims[0]: null}))
            case Compile() if not needs_worker(live.spec):
                return self._compiled(live, StoredWork({}))
            case work:
                return partial(self._compile_slowly, live, work)

    async def _compile_slowly(self, live: LiveJob, work: Circuits | Compile) -> Outcome:
        programs = _circuits(live, set())
        values = await self._calibration.values(live)
        request = CompileRequest(
            programs=programs,
            qpu=self._qpu(live),
            calibration=values,
            optimisation_level=work.optimisation_level,
            seed=work.seed,
        )
        made = await self.compilation.compile(
            request,
            live.job.calibration_set,
            self._deadlines.compilation,
            stop=live.spec.item_errors == "stop",
        )
        compiled: dict[int, CompiledResult] = {}
        records: list[Record] = []
        for (item, _), result in zip(programs, made, strict=True):
            if isinstance(result, CompiledResult):
                compiled[item] = result
            else:
                records.append(self._not_compiled(live, item, result))
        if isinstance(work, Compile) or not compiled:
            return self._compiled(live, StoredWork({}, compiled), records)
        executable = circuits_work(work, compiled, values)
        return self._compiled(live, StoredWork({live.claims[0]: executable}, compiled), records)

    def _not_compiled(self, live: LiveJob, item: int, error: ErrorInfo) -> ItemEnded:
        if live.spec.item_errors == "stop" or live.spec.items == 1:
            raise StationError(
                ErrorInfo(error.code, f"item {item}: {error.detail}", error.problems)
            )
        live.item_errors[item] = error
        return ItemEnded(live.job.number, item, live.job.attempt, error=error)

    def _compiled(self, live: LiveJob, work: StoredWork, records: Sequence[Record] = ()) -> Outcome:
        if not live.good:
            raise StationError(
                ErrorInfo(ErrorCode.COMPILATION_FAILED, "none of the items could be compiled")
            )
        data = WORK_ENCODER.encode(work)
        if len(data) > MOST_WORK_BYTES:
            _check_sizes(work)
        tiny = len(data) <= TINY_WORK_BYTES or live.spec.kind == "compile"
        live.work = work if tiny else None
        return Compiled(), [*records, WorkStored(live.job.number, live.job.attempt, data)]

    def _qpu(self, live: LiveJob) -> Qpu:
        offered = self._bus.offers().get(self._targets.get(live.target, ""))
        if offered is None or offered.qpu is None:
            raise InvalidJob(f"the target {live.target!r} is not a QPU")
        return offered.qpu

    # --- metadata ----------------------------------------------------------------------------

    def _save_metadata(self, live: LiveJob) -> Outcome:
        metadata: dict[str, object] = {
            "job": live.job.id,
            "attempt": live.job.attempt,
            "name": live.spec.name,
            "kind": live.job.kind,
            "target": live.target,
            "controllers": {
                name: self._bus.peers[name].driver
                for name in live.claims
                if name in self._bus.peers
            },
            "calibration_set": live.job.calibration_set,
            "versions": _VERSIONS,
        }
        if isinstance(live.spec.work, Sweep):
            metadata["sweep"] = live.spec.work
        stored = MetadataStored(live.job.number, live.job.attempt, _JSON.encode(metadata))
        return MetadataSaved(), [stored]


def _check_sizes(work: StoredWork) -> None:
    """Refuse what could not be sent: it would be tried when nobody waits for an answer any more.

    Raises:
        StationError: The work of a controller fits into no message.
    """
    for controller, part in work.works.items():
        size = len(WORK_ENCODER.encode(part))
        if size > MOST_WORK_BYTES:
            raise StationError(
                ErrorInfo(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    f"compiled, what controller {controller!r} is to do takes {size:,} bytes; at"
                    f" most {MOST_WORK_BYTES:,} fit into one message: make several jobs of it",
                )
            )


def _circuits(
    live: LiveJob, without: set[int | None] | set[int]
) -> tuple[tuple[int, CircuitProgram], ...]:
    work = live.spec.work
    if isinstance(work, Sweep):
        return ()
    return tuple(
        (item, program)
        for item in live.good
        if not isinstance(program := work.programs[item], NullProgram) and item not in without
    )
