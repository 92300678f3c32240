"""A station that is put back from a backup knows less than its controllers, and goes on."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from stationd import jobs
from stationd.client.references.job import JobRef
from stationd.proto.error import ErrorCode, JobError, UnknownJob
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.commands.command_line import EXIT_ALREADY_RUNNING
from tests.end_to_end.station import GATED, HELD, PATIENCE, Station, on_asyncio

NewStation = Callable[..., Station]


def submit_null(duration: float = 0.0, *, requeue: bool = False) -> JobRef:
    """Submit a job that ends at once or, with a duration, when it is let go."""
    return jobs.submit(
        programs=NullProgram(duration=duration),
        n_shots=1,
        target="null",
        on_lost="requeue" if requeue else "fail",
    )


def wait_over(job: JobRef) -> tuple[S, ErrorCode | None]:
    """Wait until a job is over, and return how it ended."""
    with suppress(JobError):
        jobs.wait_for(job, timeout=PATIENCE)
    end = jobs.view(job)
    return end.status, None if end.error is None else end.error.code


@pytest.mark.campaign
@on_asyncio
def test_a_station_that_was_put_back_goes_on_with_its_controllers(
    new_station: NewStation,
) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    backup = station.folder / "backup"

    # In the backup: one that is over, one at work, one in line, one that may be run once more.
    before = submit_null()
    assert wait_over(before) == (S.READY, None)
    at_work, in_line, repeated = submit_null(HELD), submit_null(), submit_null(requeue=True)
    jobs.wait_for(at_work, S.EXECUTION_STARTED, timeout=PATIENCE)
    jobs.wait_for(repeated, S.PENDING_EXECUTION, timeout=PATIENCE)
    assert station.run("backup", str(backup)).returncode == 0

    # What the backup does not know: how these ended, later jobs, and later starts.
    station.let_go()
    for job in (at_work, in_line, repeated, submit_null(), submit_null()):
        assert wait_over(job) == (S.READY, None)
    for _ in range(3):
        station.kill()
        station.start()
        station.wait_connected("nothing")
        assert wait_over(submit_null()) == (S.READY, None)
    unknown = submit_null(2 * HELD)
    jobs.wait_for(unknown, S.EXECUTION_STARTED, timeout=PATIENCE)

    refused = station.run("restore", str(backup), "--replace")
    assert refused.returncode == EXIT_ALREADY_RUNNING
    assert f"is in use by process {station.pid}" in refused.stderr
    station.kill()
    restored = station.run("restore", str(backup), "--replace")
    assert restored.returncode == 0, restored.stderr
    station.start()
    station.wait_connected("nothing")

    # What the controller alone knows of is not executed again, unless the job asks for it.
    assert wait_over(before) == (S.READY, None)
    for job in (at_work, in_line):
        assert wait_over(job) == (S.FAILED, ErrorCode.INSTRUMENT_LOST)
    assert wait_over(repeated) == (S.READY, None)
    assert jobs.view(repeated).attempt == 2
    with pytest.raises(UnknownJob):
        jobs.view(unknown)
    for _ in range(3):
        assert wait_over(submit_null()) == (S.READY, None)
    executed = station.tickets_executed
    assert len(executed) == len(set(executed))
    assert "older copy" in station.log
