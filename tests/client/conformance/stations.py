"""The stations that the checklist is tried on: a scripted one, and a real daemon.

A null program with a duration runs until the test lets its job go, whichever the station.
"""

import itertools
import signal
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from stationd import JobRef, NullProgram
from stationd.client.scripted.station import DistantStation, whole_way
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, Compile, NativeCircuit, OpenQasm, Program
from stationd.proto.result import CompiledResult, NullResult, Result
from stationd.proto.status import JobExecutorStatus
from tests.client.conformance.twin import jobs
from tests.end_to_end.station import Station

BELL: Final = Path(__file__).parents[3].joinpath("examples", "bell.qasm").read_text()
BAD: Final = BELL.replace("\nh q", "\nno_such_gate q")
_DURATIONS: Final = itertools.count(1000)
_HELD: Final[dict[JobId, float]] = {}
_BROKEN: Final = ErrorInfo(ErrorCode.INVALID_JOB, "there is no gate no_such_gate")
_S = JobExecutorStatus


class Lab(Protocol):
    """A station that does what a test arranges."""

    def let_go(self, job: JobRef) -> None:
        """Let a job that is held end, and one with bad programs fail."""
        ...

    def restart(self) -> None:
        """End the daemon without a word, and start it again."""
        ...

    def frozen(self) -> AbstractContextManager[None]:
        """Let the daemon answer nothing within a block."""
        ...


def held(name: str = "", **asked: object) -> JobRef:
    """Submit a job that runs until it is let go."""
    duration = float(next(_DURATIONS))
    programs = NullProgram(duration=duration)
    job = jobs.submit(programs=programs, name=name, target="null", **asked)  # type: ignore[arg-type]
    _HELD[job.id] = duration
    return job


def quick(name: str = "", **asked: object) -> JobRef:
    """Submit a job that is soon over."""
    return jobs.submit(programs=NullProgram(), name=name, target="null", **asked)  # type: ignore[arg-type]


class ScriptedLab:
    """A scripted station that plays what a real one does.

    Args:
        distant: The station.
    """

    def __init__(self, distant: DistantStation) -> None:
        self.distant = distant
        self.station = distant.station
        self.station.plan = self._plan
        self.station.answer = _result

    def let_go(self, job: JobRef) -> None:
        spec = self.station.specs[job.id]
        bad = [place for place, one in enumerate(_programs(spec)) if _is_bad(one)]
        if bad:
            self.distant.tell(self._fail, job, bad)
            return
        view = self.station.jobs[job.id]
        way = [_S.RECEIVED, *whole_way(spec)]
        stood = [
            way.index(one.status)
            for one in view.timeline
            if one.attempt == view.attempt and one.status in way
        ]
        rungs = way[stood[-1] + 1 :]
        self.distant.tell(self.station.climb, job.id, *rungs)

    def restart(self) -> None:
        self.distant.tell(self.station.stop)
        self.distant.start()

    @contextmanager
    def frozen(self) -> Generator[None]:
        self.station.silent = True
        yield
        self.station.silent = False

    def _plan(self, spec: JobSpec) -> Sequence[JobExecutorStatus]:
        programs = _programs(spec)
        if any(map(_is_bad, programs)):
            return ()
        rungs = whole_way(spec)
        if not any(isinstance(one, NullProgram) and one.duration for one in programs):
            return rungs
        busy = any(view.status is _S.EXECUTION_STARTED for view in self.station.jobs.values())
        last = _S.PENDING_EXECUTION if busy else _S.EXECUTION_STARTED
        return rungs[: rungs.index(last) + 1]

    def _fail(self, job: JobRef, bad: Sequence[int]) -> None:
        spec = self.station.specs[job.id]
        goes_on = spec.item_errors == "continue"
        for index in range(len(_programs(spec))):
            if index in bad:
                self.station.fail_item(job.id, index, _BROKEN)
            elif goes_on:
                self.station.store(job.id, index, _result(spec))
        self.station.climb(job.id, _S.VALIDATION_STARTED, _S.FAILED, error=_BROKEN)


class RealLab:
    """A real daemon, with a controller for null programs and a simulated QPU.

    Args:
        station: The station.
    """

    def __init__(self, station: Station) -> None:
        self.station = station

    def let_go(self, job: JobRef) -> None:
        if job.id in _HELD:
            self.station.let_go(_HELD[job.id])

    def restart(self) -> None:
        self.station.kill()
        self.station.start()

    @contextmanager
    def frozen(self) -> Generator[None]:
        self.station.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.station.send_signal(signal.SIGCONT)

    def empty(self) -> None:
        """End all that a test has left under way."""
        for job in jobs.get_all(job_status=["SUBMITTED", "QUEUED", "RUNNING", "RETRYING"]):
            jobs.cancel(job)
        for job in jobs.get_all(job_status="CANCELLING"):
            for _ in jobs.listen_job_status(job):
                pass


def _programs(spec: JobSpec) -> Sequence[Program]:
    return spec.work.programs if isinstance(spec.work, Circuits | Compile) else ()


def _is_bad(program: Program) -> bool:
    return isinstance(program, OpenQasm) and program.source == BAD


def _result(spec: JobSpec) -> Result:
    if isinstance(spec.work, Compile):
        nothing = NativeCircuit(instructions=(), n_bits=2)
        return CompiledResult(native=nothing, openqasm=BELL, depth=2, two_qubit_gates=1)
    return NullResult(duration=0.0)
