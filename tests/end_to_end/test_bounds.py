"""What does not end by itself is ended, costs itself alone, and says why."""

from collections.abc import Callable

import pytest

from stationd import JobError, jobs
from stationd.client.references import JobRef
from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import Controllers, ResetController
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.faulty_driver import HANGING, STUBBORN
from tests.end_to_end.station import FOREVER, NULL, PATIENCE, Station, until

NewStation = Callable[..., Station]

FAULTY = """
[controllers.faulty]
driver = "tests.end_to_end.faulty_driver:FaultyDriver"
silence = {silence}
[targets.faulty]
controller = "faulty"
[instruments]
abort_timeout = 0.3
"""


def submit(duration: float, target: str = "faulty", timeout: float | None = None) -> JobRef:
    """Submit a null program, whose duration tells the faulty driver what to do."""
    program = NullProgram(duration=duration)
    return jobs.submit(programs=program, n_shots=1, target=target, timeout=timeout)


def failure(job: JobRef) -> JobError:
    """Wait for a job that must fail, and return its error."""
    with pytest.raises(JobError) as caught:
        jobs.wait_for(job, timeout=PATIENCE)
    return caught.value


def wait_ready(job: JobRef) -> None:
    """Wait until a job is READY, which it must become."""
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY


def faulty(new_station: NewStation, silence: float = 0.0) -> Station:
    """Start a station with a faulty controller beside a good one."""
    station = new_station(NULL, FAULTY.replace("{silence}", str(silence))).start()
    station.wait_connected("nothing", "faulty")
    return station


def test_a_running_job_that_exceeds_its_timeout_fails_with_the_instrument_at_rest(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    job = submit(FOREVER, "null", timeout=0.3)
    error = failure(job)
    assert error.info.code is ErrorCode.JOB_TIMEOUT
    assert "timeout of 0.3 s" in str(error)
    statuses = [entry.status for entry in jobs.view(job).timeline]
    assert statuses[-2:] == [JobExecutorStatus.EXECUTION_STARTED, JobExecutorStatus.FAILED]
    wait_ready(submit(0.0, "null"))


def test_a_queued_job_that_exceeds_its_timeout_fails_without_execution(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    first = submit(FOREVER, "null")
    station.wait_executions(1)
    job = submit(0.0, "null", timeout=0.3)
    assert failure(job).info.code is ErrorCode.JOB_TIMEOUT
    assert jobs.view(job).timeline[-2].status is JobExecutorStatus.PENDING_EXECUTION
    jobs.cancel(first)
    wait_ready(submit(0.0, "null"))
    assert len(station.tickets_executed) == 2


def test_a_timeout_is_kept_over_a_restart(new_station: NewStation) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    job = submit(FOREVER, "null", timeout=1.5)
    station.wait_executions(1)
    station.kill()
    station.start()
    assert failure(job).info.code is ErrorCode.JOB_TIMEOUT


def test_a_controller_that_gives_no_sign_costs_its_job(new_station: NewStation) -> None:
    faulty(new_station, silence=0.3)
    error = failure(submit(HANGING))
    assert error.info.code is ErrorCode.CONTROLLER_SILENT
    wait_ready(submit(0.0))


def test_an_instrument_that_does_not_come_to_rest_is_quarantined_and_its_controller_ended(
    new_station: NewStation,
) -> None:
    station = faulty(new_station)
    before = station.controller_pid("faulty")
    job = submit(STUBBORN)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    behind = submit(0.0)
    assert jobs.cancel(job) == "accepted"
    status = jobs.wait_for(job, JobExecutorStatus.ABORTED, timeout=PATIENCE)
    assert "did not come to rest within 0.3 s" in status.note
    assert station.controller("faulty").quarantined == job.id
    # Others are not held up while it is.
    wait_ready(submit(0.0, "null"))
    # Its process is ended and started again, and then it is trusted.
    wait_ready(behind)
    assert station.controller("faulty").quarantined is None
    assert station.controller_pid("faulty") != before


def test_an_operator_may_trust_a_controller_again(new_station: NewStation) -> None:
    station = faulty(new_station)
    job = submit(STUBBORN)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    jobs.cancel(job)
    until(lambda: station.controller("faulty").quarantined, "the controller is in quarantine")
    answer = station.ask(ResetController(1, "faulty"), Controllers)
    assert all(view.quarantined is None for view in answer.controllers)


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
