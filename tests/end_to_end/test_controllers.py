"""A controller or driver that fails costs the job it was at work on, and nothing else."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import pytest

import stationd
from stationd import jobs
from stationd.client.blocking import portal
from stationd.client.references.job import JobRef, JobStatus
from stationd.client.waiting.logs import job_log
from stationd.proto.error import ErrorCode, JobError
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end import faulty_driver
from tests.end_to_end.station import (
    FOREVER,
    NULL,
    PATIENCE,
    Station,
    is_alive,
    on_asyncio,
    on_asyncio_daily,
    on_trio,
    on_trio_daily,
    until,
)

NewStation = Callable[..., Station]

FAULTY = """
[controllers.nothing]
driver = "tests.end_to_end.faulty_driver:FaultyDriver"
[targets.null]
controller = "nothing"
"""
BY_HAND = NULL.replace('driver = "null"', 'driver = "null"\nstart = false')


def submit_null(duration: float) -> JobRef:
    """Submit a job that keeps the null controller busy for some seconds."""
    return jobs.submit(programs=NullProgram(duration=duration), n_shots=1, target="null")


def last_status(job: JobRef) -> JobStatus:
    """Wait until a job is over, however it ends."""
    *_, last = jobs.listen_job_status(job)
    return last


def check_goes_on(station: Station) -> None:
    """Fail unless the next job runs."""
    assert last_status(submit_null(0.0)).status is JobExecutorStatus.READY, station.log


@pytest.fixture(scope="module")
def faulty_station(backend: str) -> Iterator[Station]:
    """A station whose driver does wrong when it is asked to."""
    station = Station(backend, FAULTY)
    try:
        yield station.start()
        assert station.stop() == 0
    finally:
        station.close()


@pytest.fixture
def faulty(faulty_station: Station) -> Iterator[Station]:
    """The same, which the client talks to."""
    stationd.connect(faulty_station.endpoint)
    yield faulty_station
    jobs.close()


# --- the driver ------------------------------------------------------------------------------


@on_asyncio_daily
def test_work_that_a_driver_refuses_fails_before_execution(faulty: Station) -> None:
    job = submit_null(faulty_driver.REFUSED)

    with pytest.raises(JobError, match="this work is not to my liking") as raised:
        jobs.wait_for(job, timeout=PATIENCE)
    assert raised.value.code is ErrorCode.DRIVER_FAILED
    assert not jobs.view(job).reached(JobExecutorStatus.EXECUTION_STARTED)
    check_goes_on(faulty)


@on_asyncio_daily
def test_a_driver_that_raises_fails_its_job(faulty: Station) -> None:
    job = submit_null(faulty_driver.RAISING)

    with pytest.raises(JobError, match="the fridge is warm") as raised:
        jobs.wait_for(job, timeout=PATIENCE)
    assert raised.value.code is ErrorCode.DRIVER_FAILED
    check_goes_on(faulty)


@on_asyncio_daily
def test_what_a_driver_raised_stands_in_the_jobs_log(faulty: Station) -> None:
    job = submit_null(faulty_driver.RAISING)
    assert last_status(job).status is JobExecutorStatus.FAILED

    # A thread of the controller writes it, which nobody else waits for.
    until(lambda: portal.call(job_log, job).lines, "the controller has reported its log")
    (line,) = portal.call(job_log, job).lines
    assert (line.source, line.level) == ("nothing", "WARNING")
    assert line.message.endswith("RuntimeError: the fridge is warm")
    assert "in _raise" in line.trace
    check_goes_on(faulty)


@on_asyncio_daily
def test_a_driver_that_calls_for_the_exit_fails_its_job(faulty: Station) -> None:
    job = submit_null(faulty_driver.EXITING)

    assert last_status(job).status is JobExecutorStatus.FAILED
    check_goes_on(faulty)


@on_asyncio_daily
def test_a_driver_that_takes_the_process_with_it_fails_its_job(faulty: Station) -> None:
    job = submit_null(faulty_driver.DYING)

    last = last_status(job)
    assert last.status is JobExecutorStatus.FAILED
    assert last.error is not None
    assert last.error.code is ErrorCode.INSTRUMENT_LOST
    check_goes_on(faulty)


@on_asyncio_daily
def test_a_driver_that_never_ends_is_ended_by_a_cancel(faulty: Station) -> None:
    job = submit_null(faulty_driver.HANGING)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)

    assert jobs.cancel(job) == "accepted"

    assert last_status(job).status is JobExecutorStatus.ABORTED
    check_goes_on(faulty)


@on_asyncio_daily
def test_a_driver_that_reports_without_end_does_no_harm(faulty: Station) -> None:
    job = submit_null(faulty_driver.FLOODING)

    assert last_status(job).status is JobExecutorStatus.READY
    check_goes_on(faulty)


@on_asyncio
def test_a_driver_that_cannot_start_is_named_in_the_log(new_station: NewStation) -> None:
    station = new_station(
        NULL, '[controllers.broken]\ndriver = "tests.end_to_end.faulty_driver:NoDriver"\n'
    ).start()

    until(lambda: "10.0.0.1" in station.log, "the reason is in the log")

    (line,) = [line for line in station.log.splitlines() if "10.0.0.1" in line][:1]
    assert "broken" in line
    check_goes_on(station)


# --- the controller --------------------------------------------------------------------------


@on_trio_daily
def test_a_controller_that_dies_in_mid_run_fails_its_job_and_is_started_again(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    job = submit_null(FOREVER)
    behind = [submit_null(0.0) for _ in range(5)]
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    station.wait_executions(1)

    killed = station.kill_controller("nothing")

    last = last_status(job)
    assert last.status is JobExecutorStatus.FAILED
    assert last.error is not None
    assert last.error.code is ErrorCode.INSTRUMENT_LOST
    assert "nothing" in last.error.detail
    for other in behind:
        assert last_status(other).status is JobExecutorStatus.READY
    assert station.controller_pid("nothing") != killed
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 6


@pytest.mark.campaign
@on_trio
def test_a_controller_and_daemon_that_die_together_lose_one_job_at_most(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    job = submit_null(FOREVER)
    behind = [submit_null(0.0) for _ in range(5)]
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    station.wait_executions(1)

    station.kill()
    station.kill_controller("nothing")
    station.start()

    last = last_status(job)
    assert last.error is not None
    assert last.error.code is ErrorCode.INSTRUMENT_LOST
    for other in behind:
        assert last_status(other).status is JobExecutorStatus.READY
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 6


@on_asyncio
def test_a_controller_that_is_stopped_in_mid_run_brings_its_instrument_to_rest(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    job = submit_null(FOREVER)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)

    pid = station.controller_pid("nothing")
    os.kill(pid, signal.SIGTERM)

    assert last_status(job).status is JobExecutorStatus.FAILED
    until(lambda: not is_alive(pid), "the controller has ended")
    check_goes_on(station)


@on_trio
def test_a_controller_that_stays_away_fails_its_job_after_the_grace_time(
    new_station: NewStation,
) -> None:
    station = new_station(BY_HAND, "[instruments]\ngrace = 1.0\n").start()
    controller = subprocess.Popen(station.command("controller", "nothing"), env=station.environment)
    # One that has never come is missed by its jobs after the grace time, too.
    station.wait_connected("nothing")
    job = submit_null(FOREVER)
    # On a machine that is slow enough it is taken for gone before it is.
    until(
        lambda: station.tickets_executed or jobs.status(job).status.is_terminal,
        "the job runs, or is lost already",
    )

    controller.kill()
    controller.wait(PATIENCE)

    last = last_status(job)
    assert last.error is not None
    assert last.error.code is ErrorCode.INSTRUMENT_LOST


@on_asyncio
def test_jobs_wait_for_a_controller_that_is_started_by_hand(new_station: NewStation) -> None:
    station = new_station(BY_HAND).start()
    job = submit_null(0.0)

    with subprocess.Popen(
        station.command("controller", "nothing"), env=station.environment
    ) as controller:
        assert last_status(job).status is JobExecutorStatus.READY
        controller.terminate()
        assert controller.wait(PATIENCE) == 0


@on_trio
def test_a_job_for_a_controller_that_never_came_says_so(new_station: NewStation) -> None:
    new_station(BY_HAND, "[instruments]\ngrace = 0.2\n").start()

    with pytest.raises(JobError, match="nothing") as raised:
        jobs.wait_for(submit_null(0.0), timeout=PATIENCE)
    assert raised.value.code is ErrorCode.CONTROLLER_UNREACHABLE


# --- twice -----------------------------------------------------------------------------------


@pytest.mark.campaign
def test_a_second_controller_of_the_same_name_is_refused(station: Station) -> None:
    second = station.run("controller", "nothing")

    assert second.returncode == 3
    assert str(station.controller_pid("nothing")) in second.stderr
    assert "Traceback" not in second.stderr
    check_goes_on(station)


def test_a_second_daemon_on_the_same_state_is_refused(station: Station) -> None:
    second = station.run("serve")

    assert second.returncode == 3
    assert str(station.pid) in second.stderr
    assert "Traceback" not in second.stderr
    check_goes_on(station)


def test_a_controller_that_the_configuration_does_not_know_is_refused(station: Station) -> None:
    stranger = station.run("controller", "nothnig")

    assert stranger.returncode == 1
    assert "'nothnig'" in stranger.stderr
    assert "nothing" in stranger.stderr
