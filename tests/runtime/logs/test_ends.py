"""The log tells how jobs end, as long as there are not too many of them."""

import logging

import pytest

from stationd.actors.about import About, given
from stationd.actors.job import Job
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.live import LiveJob
from stationd.runtime.logs.ends import BURST, LOGGER, Ends

JOB = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")


class Clock:
    """Stands still, unless a test moves it."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


def ended(status: S = S.READY, error: ErrorInfo | None = None) -> LiveJob:
    job = Job(id=JOB, number=1, kind="circuits", status=status, attempt=2, error=error)
    live = LiveJob(job, JobSpec(work=Circuits(programs=(), n_shots=()), name="bell\n"), "qpu")
    live.began_unix_s, live.stored_at = 10.0, 11.5
    return live


def test_an_end_is_a_line_about_its_job(caplog: pytest.LogCaptureFixture) -> None:
    error = ErrorInfo(ErrorCode.DRIVER_FAILED, "the fridge is warm")
    with caplog.at_level(logging.INFO, LOGGER):
        ends = Ends(Clock())
        ends.over(ended())
        ends.over(ended(S.FAILED, error))
        assert not caplog.records
        ends.tell()
    good, bad = caplog.records
    assert good.getMessage() == f"job {JOB} ready after 1.500 s, named 'bell\\n'"
    assert (good.levelname, bad.levelname) == ("INFO", "WARNING")
    assert "the fridge is warm" in bad.getMessage()
    assert given(bad) == About(job=JOB, attempt=2, code="driver_failed")


def test_a_crowd_is_counted_and_hides_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    ends = Ends(clock)
    with caplog.at_level(logging.INFO, LOGGER):
        for _ in range(int(BURST) + 7):
            ends.over(ended())
        ends.over(ended(S.FAILED))
        clock.now = 1.0
        ends.over(ended())
        ends.tell()
        ends.tell()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == int(BURST) + 2
    assert "failed" in told[-2]
    assert told[-1].endswith("(7 others that ended before it are not told)")
