"""A job in memory: which of its items an attempt runs."""

import pytest

from stationd.actors.job import Job
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import ArtifactRef, ItemView, JobId, JobSpec
from stationd.proto.program import (
    Circuits,
    CircuitsWork,
    CircuitWork,
    NativeCircuit,
    NullProgram,
    NullWork,
    OpenQasm,
    Sweep,
    SweepWork,
)
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.journal.stored import StoredJob
from stationd.runtime.live import LiveJob, StoredWork, resumed

JOB = JobId("00000000-0000-0000-0000-000000000001")
ERROR = ErrorInfo(ErrorCode.POST_PROCESSING_FAILED, "for a test")
REF = ArtifactRef(id=f"{JOB}/1/0", size_bytes=1, sha256="")
NULLS = Circuits(
    programs=tuple(NullProgram(duration=seconds) for seconds in (1.0, 2.0, 4.0)),
    n_shots=(1, 1, 1),
    target="null",
)
QASM = Circuits(programs=(OpenQasm(source=""),) * 3, n_shots=(1, 1, 1), target="qpu")


def job(work: Circuits | Sweep) -> LiveJob:
    spec = JobSpec(work=work)
    return LiveJob(Job(id=JOB, number=1, kind=spec.kind, status=S.FAILED), spec, "")


def test_a_first_attempt_runs_every_item_and_all_of_the_work() -> None:
    live = job(NULLS)
    live.work = StoredWork({"null": NullWork(duration=7.0)})
    assert live.good == (0, 1, 2)
    assert live.works() is live.work.works
    assert live.data_attempt == 1


def test_a_later_attempt_takes_only_as_long_as_its_items() -> None:
    live = job(NULLS)
    live.work = StoredWork({"null": NullWork(duration=7.0)})
    live.next_attempt([0, 2], 0, 0.0)
    assert live.works() == {"null": NullWork(duration=5.0)}


def test_a_later_attempt_executes_only_the_circuits_of_its_items() -> None:
    circuits = tuple(
        CircuitWork(item=item, circuit=NativeCircuit(instructions=(), n_bits=1), shots=1)
        for item in range(3)
    )
    live = job(QASM)
    live.work = StoredWork({"qpu": CircuitsWork(circuits=circuits, calibration={"a": 1.0})})
    live.next_attempt([1], 0, 0.0)
    assert live.works() == {"qpu": CircuitsWork(circuits=(circuits[1],), calibration={"a": 1.0})}


def test_a_sweep_is_executed_whole() -> None:
    live = job(Sweep(returns=("a.y",)))
    live.work = StoredWork({"a": SweepWork(returns=("y",))})
    live.next_attempt([0], 0, 0.0)
    assert live.works() == live.work.works


def test_errors_and_results_of_items_that_do_not_run_again_stay() -> None:
    live = job(NULLS)
    live.item_errors = {0: ERROR, 1: ERROR}
    live.complete = {2}
    live.next_attempt([1], 0, 5.0)
    assert live.item_errors == {0: ERROR}
    assert live.complete == {2}
    assert live.left_out == frozenset()
    assert live.good == (1,)
    assert live.began_unix_s == 5.0


def test_an_item_that_is_left_out_without_a_result_is_not_forgotten() -> None:
    live = job(NULLS)
    live.item_errors = {0: ERROR}
    live.next_attempt([0], 0, 0.0)
    assert live.left_out == {1, 2}


def test_what_is_collected_is_of_the_attempt_that_was_executed() -> None:
    live = job(NULLS)
    live.next_attempt(None, 1, 0.0)
    assert live.data_attempt == 1
    assert live.blocks is None


@pytest.mark.parametrize("running", [None, (1,)])
def test_a_restart_finds_the_attempt_as_it_was(running: tuple[int, ...] | None) -> None:
    live = resumed(
        StoredJob(
            number=1,
            job=JOB,
            spec=JobSpec(work=NULLS),
            target="null",
            status=S.EXECUTION_ENDED,
            attempt=3,
            ordinal=30,
            seq=30,
            created_unix_s=0.0,
            modified_unix_s=1.0,
            cancelling=False,
            error=None,
            calibration_set=None,
            ticket=None,
            items=(
                ItemView(index=0, result=REF, attempt=1),
                ItemView(index=1, error=ERROR, attempt=1),
            ),
            running=running,
            collected=2,
        )
    )
    assert live.job.attempt == 3
    # The first item's result is of attempt 1.
    assert (live.complete, live.outdone) == (
        (set(), frozenset({0})) if running is None else ({0}, frozenset())
    )
    assert live.data_attempt == 2
    assert live.good == ((0, 1, 2) if running is None else (1,))
    assert live.left_out == (frozenset() if running is None else {2})


def test_what_an_earlier_attempt_made_is_not_taken_for_made_by_this_one() -> None:
    live = job(NULLS)
    live.complete = {0, 1}
    live.next_attempt([1, 2], 0, 0.0)
    assert (live.complete, live.outdone) == ({0}, frozenset({1}))
    live.next_attempt([1, 2], 0, 0.0)
    assert live.outdone == {1}


def test_a_result_that_an_attempt_in_vain_has_not_replaced_still_counts() -> None:
    live = job(NULLS)
    live.complete = {0}
    live.next_attempt(None, 0, 0.0)
    live.next_attempt([1, 2], 0, 0.0)
    assert (live.complete, live.left_out) == ({0}, frozenset())
