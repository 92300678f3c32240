"""Another attempt, with real processes: nothing is lost, and nothing is executed unasked."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

import stationd
from stationd import jobs
from stationd.client.references.job import JobRef, JobStatus
from stationd.client.results.outcome import CircuitResult
from stationd.proto.calibration import Observation
from stationd.proto.error import ErrorCode, JobError, JobNotFinished, RequestError
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Retry, RetryAnswer
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy as R
from stationd.proto.status import StatusEnum
from tests.end_to_end import faulty_driver
from tests.end_to_end.station import (
    FOREVER,
    GATED,
    HELD,
    NULL,
    PATIENCE,
    QPU,
    Station,
    on_asyncio,
    on_asyncio_daily,
    on_trio,
    on_trio_daily,
    until,
)

NewStation = Callable[..., Station]

BELL = Path(__file__).parents[2] / "examples" / "bell.qasm"
BY_HAND = GATED.replace("[controllers.nothing]\n", "[controllers.nothing]\nstart = false\n")
PATIENT = "[instruments]\ngrace = 600.0\n"
IMPATIENT = "[instruments]\ngrace = 0.6\n"
FAULTY = """
[controllers.nothing]
driver = "tests.end_to_end.faulty_driver:FaultyDriver"
[targets.null]
controller = "nothing"
"""
LARGE = 100_000
"""Shots whose result does not fit into the journal."""


def submit_null(duration: float, **asked: object) -> JobRef:
    programs = NullProgram(duration=duration)
    return jobs.submit(programs=programs, n_shots=1, target="null", **asked)  # type: ignore[arg-type]


def story(job: JobRef) -> list[JobStatus]:
    """Listen to a job until it is over, however it ends."""
    return list(jobs.listen_job_status(job))


def rungs(job: JobRef, attempt: int) -> list[S]:
    return [entry.status for entry in jobs.view(job).timeline if entry.attempt == attempt]


def check_ascending(job: JobRef) -> None:
    """Fail unless the statuses of every attempt ascend, and its last one alone is terminal."""
    timeline = jobs.view(job).timeline
    assert [entry.ordinal for entry in timeline] == list(range(1, len(timeline) + 1))
    for attempt in range(1, timeline[-1].attempt + 1):
        # An accepted cancel repeats a rung.
        statuses = list(dict.fromkeys(rungs(job, attempt)))
        assert statuses == sorted(set(statuses), key=lambda status: status.rung)
        assert [status.is_terminal for status in statuses] == [False] * (len(statuses) - 1) + [True]


@contextlib.contextmanager
def controller(station: Station) -> Generator[subprocess.Popen[bytes]]:
    """Run a controller by hand."""
    process = subprocess.Popen(
        station.command("controller", "nothing"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=station.environment,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)


@pytest.fixture
def faulty(backend: str) -> Iterator[Station]:
    """A station whose driver does wrong when it is asked to, and says so in its log."""
    station = Station(backend, FAULTY).start()
    try:
        stationd.connect(station.endpoint)
        station.wait_connected("nothing")
        yield station
        jobs.close()
    finally:
        station.close()


# --- by the table ------------------------------------------------------------------------------


@pytest.mark.campaign
@on_trio
@pytest.mark.parametrize("strategy", [R.DEFAULT, R.ALLOW_RESUBMIT, R.FORCE_RESUBMIT])
def test_a_result_that_was_left_at_a_lost_controller_is_collected(
    new_station: NewStation, strategy: R
) -> None:
    station = new_station(BY_HAND, PATIENT).start()
    with controller(station) as process:
        station.wait_connected("nothing")
        job = submit_null(HELD)
        jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
        station.kill()
        station.let_go()
        until(lambda: station.tickets("nothing", "end IS NOT NULL"), "the execution ends")
        # It finished without a daemon; now it does not speak to the next one in time.
        os.kill(process.pid, signal.SIGSTOP)
        station.change(PATIENT, IMPATIENT)
        station.start()
        with pytest.raises(JobError, match="went away") as lost:
            jobs.wait_for(job, timeout=PATIENCE)
        assert lost.value.error is not None
        assert lost.value.error.code is ErrorCode.INSTRUMENT_LOST
        station.kill()
        station.change(IMPATIENT, PATIENT)
        station.start()
        os.kill(process.pid, signal.SIGCONT)

        if strategy is R.ALLOW_RESUBMIT:  # does not wait for a controller that is not back yet
            until(lambda: jobs.retry_submission(job, None, strategy) == "opened", "it is back")
        else:
            assert jobs.retry_submission(job, None, strategy) == "opened"
        assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
        (result,) = jobs.results(job)
        assert isinstance(result, jobs.ResultRef)
        assert not result.partial
        assert rungs(job, 2)[0] is S.EXECUTION_ENDED
        assert len(station.tickets_executed) == 1
        check_ascending(job)


@on_asyncio
def test_what_a_controller_that_died_has_forgotten_is_executed_only_by_force(
    new_station: NewStation,
) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    job = submit_null(HELD)
    jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
    station.wait_executions(1)
    station.kill_controller("nothing")
    station.let_go()
    with pytest.raises(JobError):
        jobs.wait_for(job, timeout=PATIENCE)

    assert jobs.retry_submission(job) == "nothing_to_collect"
    assert jobs.retry_submission(job, None, R.ALLOW_RESUBMIT) == "nothing_to_collect"
    assert jobs.view(job).attempt == 1
    assert jobs.retry_submission(job, None, R.FORCE_RESUBMIT) == "opened"
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    assert rungs(job, 2)[0] is S.PENDING_EXECUTION
    assert len(station.tickets_executed) == 2
    check_ascending(job)


@pytest.mark.campaign
@on_asyncio
def test_an_unreachable_controller_is_waited_for_and_nothing_is_executed_on_a_guess(
    new_station: NewStation,
) -> None:
    station = new_station(BY_HAND, PATIENT).start()
    with controller(station):
        station.wait_connected("nothing")
        job = submit_null(HELD)
        jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
    station.kill()
    station.change(PATIENT, IMPATIENT)
    station.start()
    with pytest.raises(JobError):
        jobs.wait_for(job, timeout=PATIENCE)

    assert jobs.retry_submission(job) == "nothing_to_collect"
    assert jobs.retry_submission(job, None, R.ALLOW_RESUBMIT) == "nothing_to_collect"
    assert jobs.retry_submission(job, None, R.FORCE_RESUBMIT) == "controller_unreachable"
    assert jobs.view(job).attempt == 1
    assert jobs.retry_submission(job, None, R.FULL_RESTART) == "opened"
    assert jobs.cancel(job) == "accepted"
    assert story(job)[-1].status is S.ABORTED


@on_trio
def test_what_was_never_executed_is_executed_once_if_that_is_allowed(
    new_station: NewStation,
) -> None:
    station = new_station(NULL).start()
    station.wait_connected("nothing")
    in_front = submit_null(FOREVER)
    jobs.wait_for(in_front, S.EXECUTION_STARTED, timeout=PATIENCE)
    job = submit_null(0.0)
    jobs.wait_for(job, S.PENDING_EXECUTION, timeout=PATIENCE)
    jobs.cancel(job)
    assert story(job)[-1].status is S.ABORTED
    jobs.cancel(in_front)

    cancelled = [StatusEnum.CANCELLED]
    assert jobs.retry_submission(job, cancelled) == "nothing_to_collect"
    assert jobs.retry_submission(job, cancelled, "ALLOW_RESUBMIT") == "opened"
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    assert len(station.tickets_executed) == 2
    check_ascending(job)


@pytest.mark.campaign
@on_asyncio_daily
def test_a_full_restart_runs_a_ready_job_again_with_the_newest_calibration_set(
    station: Station,
) -> None:
    first = jobs.import_calibration("qpu", [Observation(path="QB1.t1", value=3e-5)], use=True)
    job = jobs.submit(programs=BELL, n_shots=100, target="qpu")
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    before = jobs.view(job)
    assert before.calibration_set == first.id
    second = jobs.import_calibration("qpu", [Observation(path="QB1.t1", value=4e-5)], use=True)

    with pytest.raises(RequestError, match="only FULL_RESTART"):
        jobs.retry_submission(job, None, R.FORCE_RESUBMIT)
    assert jobs.retry_submission(job, None, R.FULL_RESTART) == "opened"
    assert jobs.wait_for(job, StatusEnum.RETRYING, timeout=PATIENCE).attempt == 2
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    after = jobs.view(job)
    assert after.calibration_set == second.id
    assert after.timeline[: len(before.timeline)] == before.timeline
    assert rungs(job, 1) == rungs(job, 2)
    (result,) = jobs.results(job)
    assert isinstance(result, jobs.ResultRef)
    assert result.artifact.id == f"{job.id}/2/0"
    assert isinstance(result.download_result(), CircuitResult)


# --- items -------------------------------------------------------------------------------------


@pytest.mark.campaign
@on_asyncio
def test_a_result_that_could_not_be_stored_is_made_of_the_data_and_the_other_item_stays(
    new_station: NewStation,
) -> None:
    quick = QPU.replace("qubits = 5", "qubits = 5\ntime_per_shot = 0")
    station = new_station(quick).start()
    station.wait_connected("qpu")
    in_the_way = station.folder / "state" / "artifacts"
    in_the_way.write_text("")
    job = jobs.submit(programs=[BELL, BELL], n_shots=[10, LARGE], target="qpu")
    with pytest.raises(JobError, match="could not be stored"):
        jobs.wait_for(job, timeout=PATIENCE)
    in_the_way.unlink()

    assert jobs.retry_submission(job) == "opened"
    # Which item runs again, and of which data, is on disk with that.
    station.kill()
    station.start()
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    small, large = jobs.results(job)
    assert isinstance(small, jobs.ResultRef)
    assert isinstance(large, jobs.ResultRef)
    assert (small.artifact.id, large.artifact.id) == (f"{job.id}/1/0", f"{job.id}/2/1")
    data = large.download_result()
    assert isinstance(data, CircuitResult)
    assert len(data.bits) == LARGE
    assert rungs(job, 2)[0] is S.EXECUTION_ENDED
    check_ascending(job)


@pytest.mark.campaign
@on_trio
def test_only_the_items_that_were_cut_short_are_executed_again(new_station: NewStation) -> None:
    slow, quick = "time_per_shot = 0.01", "time_per_shot = 0"
    options = f"qubits = 5\nshots_per_block = 10\n{slow}"
    station = new_station(QPU.replace("qubits = 5", options)).start()
    station.wait_connected("qpu")
    job = jobs.submit(programs=[BELL, BELL], n_shots=[10, 20_000], target="qpu", seed=1)
    for status in jobs.listen_job_status(job):
        if status.progress is not None and status.progress.done > 10:
            jobs.cancel(job)
    before = jobs.results(job, allow_incomplete=True)
    assert [one.partial for one in before if isinstance(one, jobs.ResultRef)][:1] == [False]
    assert station.stop() == 0
    station.change(slow, quick)
    station.start()

    assert jobs.retry_submission(job, ["CANCELLED"], R.FORCE_RESUBMIT) == "opened"
    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    done, again = jobs.results(job)
    assert isinstance(done, jobs.ResultRef)
    assert isinstance(again, jobs.ResultRef)
    assert (done.artifact.id, again.artifact.id) == (f"{job.id}/1/0", f"{job.id}/2/1")
    data = again.download_result()
    assert isinstance(data, CircuitResult)
    assert len(data.bits) == 20_000


# --- by itself ---------------------------------------------------------------------------------


@on_trio_daily
def test_a_job_whose_controller_is_killed_runs_again_and_nobody_sees_an_error(
    new_station: NewStation,
) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    job = submit_null(HELD, on_lost="requeue")
    jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
    station.wait_executions(1)

    heard: list[JobStatus] = []
    for status in jobs.listen_job_status(job):
        if not heard:
            station.kill_controller("nothing")
            station.let_go()
        heard.append(status)

    assert StatusEnum.ERROR not in [status.coarse for status in heard]
    retrying = [status for status in heard if status.coarse is StatusEnum.RETRYING]
    assert [status.status for status in retrying] == [S.FAILED]
    assert retrying[0].message == StatusEnum.RETRYING.value
    assert heard[-1].status is S.READY
    assert heard[-1].attempt == 2
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 2
    ended = next(entry for entry in jobs.view(job).timeline if entry.status is S.FAILED)
    assert ended.retrying
    assert ended.error is not None
    assert ended.error.code is ErrorCode.INSTRUMENT_LOST
    check_ascending(job)


@pytest.mark.campaign
@on_asyncio
def test_a_daemon_that_is_killed_between_attempts_goes_on_with_the_next(
    new_station: NewStation,
) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    job = submit_null(HELD, on_lost="requeue")
    jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
    station.wait_executions(1)
    station.kill_controller("nothing")
    jobs.wait_for(job, StatusEnum.RETRYING, timeout=PATIENCE)
    station.kill()
    station.start()
    station.let_go()

    assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY
    assert jobs.view(job).attempt == 2
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 2
    check_ascending(job)


@on_trio
def test_every_attempt_of_a_driver_that_fails_is_counted_and_shown(
    faulty: Station,
) -> None:
    job = submit_null(faulty_driver.RAISING, max_attempts=3)
    with pytest.raises(JobError, match="the fridge is warm"):
        jobs.wait_for(job, timeout=PATIENCE)
    once = submit_null(faulty_driver.RAISING)
    other = submit_null(faulty_driver.RAISING, max_attempts=3, retry_on=(ErrorCode.WORKER_DIED,))
    for unasked in (once, other):
        assert story(unasked)[-1].attempt == 1

    view = jobs.view(job)
    assert view.attempt == 3
    ends = [entry for entry in view.timeline if entry.status is S.FAILED]
    assert [entry.retrying for entry in ends] == [True, True, False]
    assert all("the fridge is warm" in str(entry.error) for entry in ends)
    shown = subprocess.run(
        [str(Path(sys.executable).with_name("stationctl")), "show", job.id],
        capture_output=True,
        check=True,
        text=True,
        env=faulty.environment,
    ).stdout
    assert [f"attempt {number}\n" in shown for number in (1, 2, 3)] == [True] * 3
    assert shown.count("the fridge is warm") >= 3
    check_ascending(job)


# --- once, and refused -------------------------------------------------------------------------


def test_a_retry_that_is_sent_twice_opens_one_attempt(station: Station) -> None:
    job = submit_null(0.0)
    jobs.wait_for(job, timeout=PATIENCE)
    request = Retry(1, job.id, 1, R.FULL_RESTART)
    for _ in range(2):
        assert station.ask(request, RetryAnswer) == RetryAnswer(1, "opened", 2)
    assert jobs.wait_for(job, timeout=PATIENCE).attempt == 2


def test_what_cannot_be_retried_is_refused_with_a_reason(station: Station) -> None:
    job = submit_null(FOREVER)
    jobs.wait_for(job, S.EXECUTION_STARTED, timeout=PATIENCE)
    for strategy in R:
        with pytest.raises(JobNotFinished, match=r"still under way \(execution_started\)"):
            jobs.retry_submission(job, None, strategy)
    jobs.cancel(job)
    assert story(job)[-1].status is S.ABORTED
    with pytest.raises(RequestError, match=r"no item .* is ERROR .* 1 CANCELLED"):
        jobs.retry_submission(job)
    with pytest.raises(RequestError, match="'QUEUED' is not"):
        jobs.retry_submission(job, [StatusEnum.QUEUED])
    with pytest.raises(RequestError, match="no groups of users"):
        jobs.retry_submission(job, user_group="physics")
    with pytest.raises(RequestError, match="is no strategy"):
        jobs.retry_submission(job, remote_retry_strategy="HARDER")
    with pytest.raises(RequestError, match="there is no job"):
        jobs.retry_submission(JobId("00000000-0000-0000-0000-000000000001"))
