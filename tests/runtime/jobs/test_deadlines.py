"""How long a job may take: counted from the beginning of its attempt, restarts included."""

import pytest

from stationd.actors.job import Job
from stationd.actors.ladder import DeadlinePassed
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.jobs.deadlines import Deadlines
from stationd.runtime.journal.stored import Outline
from stationd.runtime.live import LiveJob
from tests.runtime.bench import NOW, StillClock, job_id
from tests.runtime.held_timers import HeldTimers

WORK = Circuits(programs=(NullProgram(),), n_shots=(1,), target="a")


@pytest.fixture
def timers() -> HeldTimers:
    return HeldTimers()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def deadlines(timers: HeldTimers, clock: StillClock) -> Deadlines:
    return Deadlines(timers, clock)


def a_job(timeout: float | None) -> LiveJob:
    job = Job(id=job_id(1), number=1, kind="circuits")
    return LiveJob(job, JobSpec(work=WORK, timeout=timeout), "a", began_unix_s=NOW)


def in_short(timeout: float | None) -> Outline:
    status = JobExecutorStatus.PENDING_EXECUTION
    return Outline(1, job_id(1), "circuits", "a", status, 1, False, 1, 0, NOW, timeout, ())  # noqa: FBT003


def ignore(*_: object) -> None:
    """Take note of nothing."""


def test_a_job_without_a_timeout_has_no_timer(deadlines: Deadlines, timers: HeldTimers) -> None:
    deadlines.begin(a_job(None), ignore)
    deadlines.expect(in_short(None), ignore)
    assert not timers.held


def test_the_time_before_a_restart_counts(
    deadlines: Deadlines, timers: HeldTimers, clock: StillClock
) -> None:
    clock.now = NOW + 40.0
    deadlines.begin(a_job(100.0), ignore)
    assert timers.held[job_id(1)][0] == 60.0
    deadlines.expect(in_short(30.0), ignore)
    assert timers.held[job_id(1)][0] == -10.0


def test_a_job_is_told_when_its_time_is_over(deadlines: Deadlines, timers: HeldTimers) -> None:
    told: list[tuple[LiveJob, DeadlinePassed]] = []
    live = a_job(100.0)
    deadlines.begin(live, lambda job, event: told.append((job, event)))
    timers.come(job_id(1))
    [(job, event)] = told
    assert job is live
    assert event.error.code is ErrorCode.JOB_TIMEOUT
    assert "100 s" in event.error.detail


def test_a_job_that_is_not_taken_up_yet_is_asked_for_by_its_id(
    deadlines: Deadlines, timers: HeldTimers
) -> None:
    asked: list[JobId] = []
    deadlines.expect(in_short(100.0), asked.append)
    timers.come(job_id(1))
    assert asked == [job_id(1)]


def test_a_job_that_is_over_has_no_deadline(deadlines: Deadlines, timers: HeldTimers) -> None:
    live = a_job(100.0)
    deadlines.begin(live, ignore)
    deadlines.end(live)
    assert not timers.held
