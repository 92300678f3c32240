"""An instrument at the other end of a TCP connection goes silent: that costs its jobs alone."""

from collections.abc import Callable, Iterator

import pytest

from stationd import JobError, jobs
from stationd.client.results.outcome import SweepData
from stationd.proto.error import ErrorCode
from stationd.proto.program import Sweep
from stationd.proto.status import JobExecutorStatus
from tests.actors.drivers.scpi_server import Generator
from tests.end_to_end.station import PATIENCE, Station, on_asyncio, on_trio, until

NewStation = Callable[..., Station]

CONFIG = """
[instruments]
abort_timeout = 0.3
[controllers.lab]
driver = "tests.end_to_end.silent_driver:Patient"
silence = 0.5
options = {{ port = {port} }}
"""
LOOK = Sweep(returns=("lab.frequency",))


@pytest.fixture
def generator() -> Iterator[Generator]:
    made = Generator()
    yield made
    made.power_off()


def costs_its_job_alone(station: Station, generator: Generator, answers: int, said: str) -> None:
    """Go on with a station whose instrument answers a job so often, and then no more."""
    before = station.controller_pid("lab")
    late = generator.withhold(after=answers)
    job = jobs.submit(sweep=LOOK)
    with pytest.raises(JobError, match=said) as caught:
        jobs.wait_for(job, timeout=PATIENCE)
    assert caught.value.info.code is ErrorCode.CONTROLLER_SILENT
    assert f"from job {job.id}: it is in quarantine" in station.log
    late.set()
    # The late answer comes to nobody: the connection has ended with the process that waited.
    until(reads_well, "another job reads what is there")
    assert station.controller_pid("lab") != before
    assert station.controller("lab").quarantined is None


def reads_well() -> bool:
    """Return whether a job gets through; what it reads must be right."""
    job = jobs.submit(sweep=LOOK)
    *_, last = jobs.listen_job_status(job)
    if last.status is not JobExecutorStatus.READY:
        return False
    (found,) = jobs.results(job)
    assert isinstance(found, jobs.ResultRef)
    data = found.download_result()
    assert isinstance(data, SweepData)
    assert data["lab.frequency"].tolist() == 1e6
    return True


@pytest.mark.campaign
@on_trio
def test_before_a_job_begins(new_station: NewStation, generator: Generator) -> None:
    station = new_station(CONFIG.format(port=generator.port)).start()
    station.wait_connected("lab")
    costs_its_job_alone(station, generator, 0, "hangs where it prepares for a job")


@pytest.mark.campaign
@on_asyncio
def test_while_a_job_runs(new_station: NewStation, generator: Generator) -> None:
    station = new_station(CONFIG.format(port=generator.port)).start()
    station.wait_connected("lab")
    costs_its_job_alone(station, generator, 1, "gave no sign of progress")
