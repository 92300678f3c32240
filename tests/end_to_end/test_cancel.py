"""A cancel works at every status, any number of times, and says what it found."""

import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest

from stationd import jobs
from stationd.client.references.item import IncompleteJobItemRef
from stationd.client.references.job import JobRef
from stationd.client.results.outcome import CircuitResult, SweepData
from stationd.proto.error import ErrorCode, JobError
from stationd.proto.job import JobView
from stationd.proto.jobs_protocol import Cancel, CancelAnswer
from stationd.proto.program import Axis, NullProgram, Sweep
from stationd.proto.status import JobExecutorStatus, StatusEnum
from tests.end_to_end.station import FOREVER, PATIENCE, Station, on_trio

BELL = Path(__file__).parents[2] / "examples" / "bell.qasm"


def submit_null(duration: float, priority: int = 0) -> JobRef:
    """Submit a job that keeps the null controller busy for some seconds."""
    program = NullProgram(duration=duration)
    return jobs.submit(programs=program, n_shots=1, target="null", priority=priority)


def running(duration: float = FOREVER) -> JobRef:
    """Submit a job that keeps the null controller busy, and wait until it does."""
    job = submit_null(duration)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    return job


def ended(job: JobRef) -> JobView:
    """Wait until a job is over, however it ends, and return what the journal says of it."""
    for _ in jobs.listen_job_status(job):
        pass
    view = jobs.view(job)
    assert view.status.is_terminal
    return view


def check_story(view: JobView) -> None:
    """Fail unless the statuses ascend, but for the one that records the cancel."""
    assert [entry.ordinal for entry in view.timeline] == list(range(1, len(view.timeline) + 1))
    climbed = [entry.status for entry in view.timeline if not entry.cancelling]
    cancelling = [entry.status for entry in view.timeline if entry.cancelling]
    assert climbed == sorted(set(climbed))
    assert cancelling == sorted(set(cancelling))
    assert [entry.status.is_terminal for entry in view.timeline].count(True) == 1


def test_a_running_job_is_brought_to_rest_and_the_next_one_runs(station: Station) -> None:
    job = running()
    following = submit_null(0.0)

    assert jobs.cancel(job) == "accepted"

    view = ended(job)
    assert view.status is JobExecutorStatus.ABORTED
    assert view.note == "cancelled during execution; partial data is kept"
    check_story(view)
    assert jobs.wait_for(following, timeout=PATIENCE).coarse is StatusEnum.COMPLETED


def test_a_cancel_shows_until_the_instrument_is_at_rest(station: Station) -> None:
    job = running()
    assert jobs.cancel(job) == "accepted"

    coarse = [status.coarse for status in jobs.listen_job_status(job)]

    assert coarse[-1] is StatusEnum.CANCELLED
    assert set(coarse[:-1]) <= {StatusEnum.CANCELLING}
    assert any(entry.cancelling for entry in jobs.view(job).timeline)


def test_a_job_in_line_behind_another_never_runs(station: Station) -> None:
    before = len(station.tickets_executed)
    first = running()
    # One is sent ahead to the controller, the last one still waits in the queue.
    behind = [submit_null(0.0) for _ in range(5)]

    assert [jobs.cancel(job) for job in reversed(behind)] == ["accepted"] * 5
    for job in behind:
        view = ended(job)
        assert view.status is JobExecutorStatus.ABORTED
        assert view.note == "cancelled before execution"
        assert not view.reached(JobExecutorStatus.EXECUTION_STARTED)
        check_story(view)
    assert jobs.status(first).status is JobExecutorStatus.EXECUTION_STARTED
    jobs.cancel(first)
    ended(first)
    assert len(station.tickets_executed) == before + 1


def test_a_second_cancel_changes_nothing(station: Station) -> None:
    job = running()

    answers = [jobs.cancel(job) for _ in range(3)]

    view = ended(job)
    assert answers[0] == "accepted"
    assert set(answers) <= {"accepted", "already_over"}
    check_story(view)
    assert jobs.cancel(job) == "already_over"
    assert jobs.view(job).timeline == view.timeline


def test_two_clients_may_cancel_the_same_job(station: Station) -> None:
    job = running()

    answer = jobs.cancel(job)
    other = station.ask(Cancel(1, job.id), CancelAnswer).outcome

    assert answer == "accepted"
    assert other in {"accepted", "already_over"}
    view = ended(job)
    assert view.status is JobExecutorStatus.ABORTED
    check_story(view)


def test_a_job_that_is_ready_stays_ready(station: Station) -> None:
    job = submit_null(0.0)
    jobs.wait_for(job, timeout=PATIENCE)

    assert jobs.cancel(job) == "already_over"
    assert jobs.status(job).status is JobExecutorStatus.READY


def circuit_of(gates: int) -> str:
    """Return a program that takes a while to compile."""
    numbers = random.Random(1)
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', "qubit[5] q;", "bit[5] c;"]
    for _ in range(gates // 2):
        first, second = numbers.sample(range(5), 2)
        lines += [f"cx q[{first}], q[{second}];", f"rx({numbers.random()}) q[{first}];"]
    return "\n".join([*lines, "c = measure q;"])


def cancelled_in_compilation(station: Station) -> JobView:
    """Cancel a job that is being compiled, and return what the journal says of it."""
    gates = 1000
    while True:
        job = jobs.submit(programs=circuit_of(gates), n_shots=10, target="qpu")
        jobs.wait_for(job, JobExecutorStatus.COMPILATION_STARTED, timeout=PATIENCE)
        # From here on it takes for ever, unless it was done before.
        worker = station.worker_pid
        os.kill(worker, signal.SIGSTOP)
        jobs.cancel(job)
        view = ended(job)
        if not view.reached(JobExecutorStatus.COMPILATION_ENDED):
            return view
        os.kill(worker, signal.SIGCONT)
        gates *= 2


@on_trio
def test_a_compilation_is_dropped(station: Station) -> None:
    view = cancelled_in_compilation(station)

    assert view.status is JobExecutorStatus.ABORTED
    assert view.note == "cancelled before execution"
    following = jobs.submit(programs=BELL, n_shots=10, target="qpu")
    assert jobs.wait_for(following, timeout=PATIENCE).coarse is StatusEnum.COMPLETED


def test_the_shots_taken_before_a_cancel_are_kept(station: Station) -> None:
    job = jobs.submit(programs=[BELL, BELL], n_shots=300_000, target="qpu", seed=7)
    for status in jobs.listen_job_status(job):
        if status.progress is not None and status.progress.done >= 1000:
            break

    assert jobs.cancel(job) == "accepted"

    view = ended(job)
    assert view.status is JobExecutorStatus.ABORTED
    with pytest.raises(JobError) as raised:
        jobs.results(job)
    assert raised.value.code is ErrorCode.ABORTED
    first, second = jobs.results(job, allow_incomplete=True)
    assert isinstance(first, jobs.ResultRef)
    assert first.partial
    result = first.download_result()
    assert isinstance(result, CircuitResult)
    assert 1000 <= len(result.bits) < 300_000
    assert result.shots == 300_000
    assert sum(result.counts.values()) == len(result.bits)
    # Not a single shot was taken of the second one.
    assert isinstance(second, IncompleteJobItemRef)
    assert (second.last_status, second.error) == (StatusEnum.CANCELLED, None)
    assert "not begun" in second.last_message


def test_the_spots_read_before_a_cancel_are_kept(station: Station) -> None:
    delays = tuple(np.linspace(0.0, 100e-6, 100_000).tolist())
    sweep = Sweep(axes=((Axis("source.delay", delays),),), returns=("readout.population",))
    job = jobs.submit(sweep=sweep)
    for status in jobs.listen_job_status(job):
        if status.progress is not None and status.progress.done >= 3:
            break

    jobs.cancel(job)

    view = ended(job)
    assert view.status is JobExecutorStatus.ABORTED
    (reference,) = jobs.results(job, allow_incomplete=True)
    assert isinstance(reference, jobs.ResultRef)
    assert reference.partial
    data = reference.download_result()
    assert isinstance(data, SweepData)
    population = data["readout.population"].astype(float)
    assert population.shape == (100_000,)
    assert 3 <= data.spots_done < 100_000
    assert not np.isnan(population[: data.spots_done]).any()
    assert np.isnan(population[data.spots_done :]).all()


@pytest.mark.parametrize("status", list(JobExecutorStatus)[:15], ids=str)
def test_a_cancel_that_is_accepted_aborts_the_job_whenever_it_comes(
    station: Station, status: JobExecutorStatus
) -> None:
    job = jobs.submit(programs=[BELL, BELL], n_shots=100, target="qpu")
    # The job may be further by now: each rung is tried, which one it hits is chance.
    jobs.wait_for(job, status, timeout=PATIENCE)

    answer = jobs.cancel(job)

    view = ended(job)
    expected = {"accepted": JobExecutorStatus.ABORTED, "already_over": JobExecutorStatus.READY}
    assert view.status is expected[answer]
    assert bool(view.note) == (answer == "accepted")
    check_story(view)
    assert len(jobs.results(job, allow_incomplete=True)) == 2
