"""A change of a job as a line for logs and pipes."""

from stationd.client.stationctl.display.line import line, standing
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import climb, progress


def told(*statuses: S, place: int | None = None) -> list[str]:
    status = climb(1, *statuses, place=place).status
    assert status is not None
    return line(status, named="00000001").split()[1:]


def test_a_line_has_the_job_both_statuses_and_what_it_waits_for() -> None:
    queued = told(*tuple(S)[:10], place=3)
    assert queued == ["00000001", "QUEUED", "pending_execution", "3", "ahead"]


def test_a_line_has_the_error() -> None:
    assert told(S.RECEIVED, S.FAILED)[3:] == ["the", "source", "does", "not", "lock"]


def test_a_line_has_the_progress() -> None:
    watched = climb(1, *tuple(S)[:11])
    progress(watched, 1500, 2000)
    assert watched.status is not None
    assert line(watched.status).endswith("execution_started  1,500/2,000 shots")


def test_a_job_that_left_the_queue_waits_at_the_controller() -> None:
    assert standing(S.PENDING_EXECUTION) == "next at the controller"
    assert standing(S.COMPILATION_STARTED) == "compilation started"
