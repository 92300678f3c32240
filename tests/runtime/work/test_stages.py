"""The work between the rungs: what takes too long or dies costs its job alone, and says why."""

# pyright: reportPrivateUsage=false

import os
import signal
from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

import anyio
import msgspec
import pytest

from stationd.actors.stages.works import compile_sweep
from stationd.proto.codec import COMMANDS
from stationd.proto.error import ErrorCode, Problem
from stationd.proto.instruments_protocol import Arm
from stationd.proto.job import Fence, JobSpec, Ticket, TimelineEntry
from stationd.proto.program import Circuits, OpenQasm, Sweep, SweepWork
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.live import WORK_ENCODER
from stationd.runtime.work import compilation, post_processing, stages
from tests.runtime.bench import Bench, a_bench, committed_until, job_id, null_spec, sweep_spec

pytestmark = pytest.mark.anyio

BELL = OpenQasm(source="OPENQASM 3.0; qubit[2] q; bit[2] c; c = measure q;")
CIRCUIT = JobSpec(work=Circuits(programs=(BELL,), n_shots=(1,), target="q"))


class ByWorker(NamedTuple):
    """A stage that a worker does."""

    deadline: str
    module: ModuleType
    function: str
    """What the worker does, and where it stands."""
    spec: JobSpec
    """A job that needs it."""
    rung: S
    """Where that job is meanwhile."""


BY_WORKERS = [
    ByWorker("validation", stages, "check_programs", CIRCUIT, S.VALIDATION_STARTED),
    ByWorker("compilation", compilation, "compile_circuits", CIRCUIT, S.COMPILATION_STARTED),
    ByWorker(
        "post_processing", post_processing, "post_process", null_spec(), S.POST_PROCESSING_STARTED
    ),
]


def hang(_: object) -> None:
    signal.pause()


def die(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _never(_: object) -> bool:
    return False


def find_nothing_wrong(_: object) -> list[Problem]:
    return []


async def ended(bench: Bench, number: int, spec: JobSpec) -> list[TimelineEntry]:
    """Submit a job, execute it if it comes to that, and return its story."""
    bench.submit(number, spec)
    job = job_id(number)

    def is_over() -> bool:
        return bench.dispatch.get(job) is None

    def is_granted() -> bool:
        live = bench.dispatch.get(job)
        return live is not None and live.ticket is not None

    await committed_until(bench, lambda: is_over() or is_granted())
    if not is_over():
        ticket = bench.live(number).ticket
        assert ticket is not None
        bench.run("a", ticket)
    await committed_until(bench, is_over)
    return [told.entry for told in bench.published if told.job == job]


@pytest.mark.slow
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
@pytest.mark.parametrize("stage", BY_WORKERS, ids=lambda stage: stage.deadline)
@pytest.mark.parametrize(
    ("misdeed", "code"), [(hang, ErrorCode.STAGE_TIMEOUT), (die, ErrorCode.WORKER_DIED)]
)
async def test_a_worker_that_hangs_or_dies_costs_its_job_alone(
    monkeypatch: pytest.MonkeyPatch,
    stage: ByWorker,
    misdeed: Callable[[object], None],
    code: ErrorCode,
) -> None:
    deadlines = {stage.deadline: 0.1} if misdeed is hang else {}
    async with a_bench(deadlines=deadlines) as bench:
        bench.listen()
        monkeypatch.setattr(stages, "check_programs", find_nothing_wrong)
        monkeypatch.setattr(post_processing, "fits_inline", _never)
        monkeypatch.setattr(post_processing, "MOST_ITEMS", 0)  # null programs need no worker
        monkeypatch.setattr(stage.module, stage.function, misdeed)
        *_, reached, end = await ended(bench, 1, stage.spec)
        assert (reached.status, end.status) == (stage.rung, S.FAILED)
        assert end.error is not None
        assert end.error.code is code

        monkeypatch.undo()
        assert (await ended(bench, 2, null_spec()))[-1].status is S.READY


async def test_a_calibration_set_that_does_not_come_fails_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def never(_: str) -> None:
        await anyio.sleep_forever()

    async with a_bench(deadlines={"fetch_calibration": 0.001}) as bench:
        bench.listen()
        monkeypatch.setattr(bench.journal, "calibration", never)
        spec: JobSpec = msgspec.structs.replace(null_spec(), calibration_set="slow")
        end = (await ended(bench, 1, spec))[-1]
        assert end.status is S.FAILED
        assert end.error is not None
        assert end.error.code is ErrorCode.STAGE_TIMEOUT


async def test_work_that_fits_into_no_message_fails_its_job_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = sweep_spec()
    assert isinstance(spec.work, Sweep)
    largest = max(_size(part) for part in compile_sweep(spec.work).values())
    async with a_bench() as bench:
        bench.listen()
        monkeypatch.setattr(stages, "MOST_WORK_BYTES", largest - 1)
        end = (await ended(bench, 1, spec))[-1]
        assert end.status is S.FAILED
        assert end.error is not None
        assert end.error.code is ErrorCode.MESSAGE_TOO_LARGE
        assert "make several jobs of it" in end.error.detail

        # Each controller's part is a message of its own.
        monkeypatch.setattr(stages, "MOST_WORK_BYTES", largest)
        bench.queued(2, spec)
        assert [type(command) for command in bench.lines.to("c")] == [Arm]


def test_the_largest_work_fits_into_the_message_that_arms_it() -> None:
    beside = _size(SweepWork(settings=(("x", "v" * 2**16),))) - 2**16
    work = SweepWork(settings=(("x", "v" * (stages.MOST_WORK_BYTES - beside)),))
    assert _size(work) == stages.MOST_WORK_BYTES
    fence = Fence("00000000-0000-0000-0000-000000000000", 2**62)
    COMMANDS.encode(Arm(fence, Ticket(2**62, job_id(1), 100), work, start=True))


def _size(work: SweepWork) -> int:
    return len(WORK_ENCODER.encode(work))
