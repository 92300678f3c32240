"""What does not end by itself is ended, costs itself alone, and says why."""

import subprocess
from collections.abc import Callable

import pytest

from stationd import JobError, jobs
from stationd.client.references.job import JobRef
from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import Controllers, ResetController
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.faulty_driver import HANGING, STUBBORN, UNPREPARED
from tests.end_to_end.station import (
    FOREVER,
    NULL,
    PATIENCE,
    Station,
    on_asyncio,
    on_asyncio_daily,
    on_trio,
    on_trio_daily,
    until,
)

NewStation = Callable[..., Station]

FAULTY = """
[controllers.faulty]
driver = "tests.end_to_end.faulty_driver:FaultyDriver"
silence = 0
[targets.faulty]
controller = "faulty"
"""
BRIEF = "[instruments]\nabort_timeout = 0.3\n"
"""What does not come to rest is not waited for long; what does might take longer than this."""


def submit(duration: float, target: str = "faulty", timeout: float | None = None) -> JobRef:
    """Submit a null program, whose duration tells the faulty driver what to do."""
    program = NullProgram(duration=duration)
    return jobs.submit(programs=program, n_shots=1, target=target, timeout=timeout)


def failure(job: JobRef) -> JobError:
    """Wait for a job that must fail, and return its error."""
    with pytest.raises(JobError) as caught:
        jobs.wait_for(job, timeout=PATIENCE)
    return caught.value


def ends_ready(job: JobRef) -> bool:
    """Wait until a job is over, and return whether it has succeeded."""
    *_, last = jobs.listen_job_status(job)
    return last.status is JobExecutorStatus.READY


def wait_ready(job: JobRef) -> None:
    """Wait until a job is READY, which it must become."""
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY


def timed_out(reached: JobExecutorStatus) -> JobRef:
    """Submit jobs without an end and return one whose timeout let it reach a rung.

    How long a job takes to get there is the machine's to say, so each gets longer than the last.
    """
    timeout = 0.3
    while True:
        job = submit(FOREVER, "null", timeout=timeout)
        error = failure(job)
        assert error.info.code is ErrorCode.JOB_TIMEOUT
        assert f"timeout of {timeout:g} s" in str(error)
        if jobs.view(job).reached(reached):
            return job
        timeout *= 3


@on_trio_daily
def test_a_running_job_that_exceeds_its_timeout_fails_with_the_instrument_at_rest(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    job = timed_out(JobExecutorStatus.EXECUTION_STARTED)
    statuses = [entry.status for entry in jobs.view(job).timeline]
    assert statuses[-2:] == [JobExecutorStatus.EXECUTION_STARTED, JobExecutorStatus.FAILED]
    wait_ready(submit(0.0, "null"))


@on_trio
def test_a_queued_job_that_exceeds_its_timeout_fails_without_execution(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    first = submit(FOREVER, "null")
    station.wait_executions(1)
    job = timed_out(JobExecutorStatus.PENDING_EXECUTION)
    assert jobs.view(job).timeline[-2].status is JobExecutorStatus.PENDING_EXECUTION
    jobs.cancel(first)
    wait_ready(submit(0.0, "null"))
    assert len(station.tickets_executed) == 2


@pytest.mark.campaign
@on_asyncio
def test_a_timeout_is_kept_over_a_restart(new_station: NewStation) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    job = submit(FOREVER, "null", timeout=1.5)
    until(
        lambda: station.tickets_executed or jobs.status(job).status.is_terminal,
        "the job runs, or its time is over already",
    )
    station.kill()
    station.start()
    assert failure(job).info.code is ErrorCode.JOB_TIMEOUT


@on_asyncio_daily
def test_a_controller_that_gives_no_sign_costs_its_job(new_station: NewStation) -> None:
    new_station(FAULTY.replace("silence = 0", "silence = 0.3")).start().wait_connected("faulty")
    error = failure(submit(HANGING))
    assert error.info.code is ErrorCode.CONTROLLER_SILENT
    # A good one may be silent for as long if the machine has much else to do.
    until(lambda: ends_ready(submit(0.0)), "another job runs on that controller")


@on_trio_daily
def test_a_controller_that_hangs_before_a_job_begins_costs_its_job_and_is_ended(
    new_station: NewStation,
) -> None:
    station = new_station(NULL, FAULTY.replace("silence = 0", "silence = 0.3"), BRIEF).start()
    station.wait_connected("nothing", "faulty")
    before = station.controller_pid("faulty")
    error = failure(submit(UNPREPARED))
    assert error.info.code is ErrorCode.CONTROLLER_SILENT
    assert "hangs where it prepares for a job" in str(error)
    # What hangs for ever is ended with its process, and the next one is trusted.
    until(lambda: ends_ready(submit(0.0)), "another job runs on that controller")
    assert station.controller_pid("faulty") != before


@pytest.mark.campaign
@on_asyncio
def test_a_job_that_a_controller_hangs_with_can_be_cancelled(new_station: NewStation) -> None:
    station = new_station(NULL, FAULTY, BRIEF).start()
    station.wait_connected("nothing", "faulty")
    job = submit(UNPREPARED)
    jobs.wait_for(job, JobExecutorStatus.PENDING_EXECUTION, timeout=PATIENCE)
    assert jobs.cancel(job) == "accepted"
    jobs.wait_for(job, JobExecutorStatus.ABORTED, timeout=PATIENCE)
    wait_ready(submit(0.0))


@on_trio
def test_an_instrument_that_does_not_come_to_rest_is_quarantined_and_its_controller_ended(
    new_station: NewStation,
) -> None:
    station = new_station(NULL, FAULTY, BRIEF).start()
    station.wait_connected("nothing", "faulty")
    before = station.controller_pid("faulty")
    job = submit(STUBBORN)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    behind = submit(0.0)
    assert jobs.cancel(job) == "accepted"
    status = jobs.wait_for(job, JobExecutorStatus.ABORTED, timeout=PATIENCE)
    assert "did not come to rest within 0.3 s" in status.note
    assert f"from job {job.id}: it is in quarantine" in station.log
    # Its process is ended and started again, and then it is trusted.
    wait_ready(behind)
    assert station.controller("faulty").quarantined is None
    assert station.controller_pid("faulty") != before


@on_asyncio
def test_an_operator_may_trust_a_controller_again(new_station: NewStation) -> None:
    by_hand = FAULTY.replace("silence = 0", "start = false")
    station = new_station(NULL, by_hand, BRIEF).start()
    controller = subprocess.Popen(station.command("controller", "faulty"), env=station.environment)
    try:
        station.wait_connected("nothing", "faulty")
        job = submit(STUBBORN)
        jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
        jobs.cancel(job)
        jobs.wait_for(job, JobExecutorStatus.ABORTED, timeout=PATIENCE)
        # Nobody ends a process that is not the daemon's own.
        assert station.controller("faulty").quarantined == job.id
        # Others are not held up meanwhile.
        wait_ready(submit(0.0, "null"))
        answer = station.ask(ResetController(1, "faulty"), Controllers)
        assert all(view.quarantined is None for view in answer.controllers)
    finally:
        controller.kill()
        controller.wait(PATIENCE)


@pytest.mark.campaign
@on_asyncio
def test_a_station_may_abort_what_it_finds_unfinished(new_station: NewStation) -> None:
    station = new_station(NULL, '[recovery]\npolicy = "abort"\n').start()
    station.wait_connected("nothing")
    submitted = [submit(FOREVER, "null"), submit(FOREVER, "null"), submit(0.0, "null")]
    station.wait_executions(1)
    station.kill()
    station.start()
    for job in submitted:
        status = jobs.wait_for(job, JobExecutorStatus.ABORTED, timeout=PATIENCE)
        assert "[recovery] policy" in status.note
    wait_ready(submit(0.0, "null"))
    executed = station.tickets_executed
    assert len(executed) == len(set(executed))
