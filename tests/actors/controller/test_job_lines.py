"""Lines of a controller that belong to jobs reach the daemon: in order, bounded, and paced."""

import logging
from collections.abc import Iterator

import anyio
import pytest

from stationd.actors.about import AT_WORK, About
from stationd.actors.controller import job_lines
from stationd.actors.controller.job_lines import JobLines, job_line
from stationd.actors.log_line import line_of
from stationd.proto.log_report import Logged

pytestmark = pytest.mark.anyio

JOB = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
OTHER = "5c0ffee0-1234-4abc-8def-0123456789ab"
QPU = About(controller="qpu")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobLines]:
    monkeypatch.setattr(job_lines, "PAUSE_SECONDS", 0.0)
    lines = JobLines(QPU)
    yield lines
    lines.close()


def record(message: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("lab", level, "", 0, message, args, None)


async def reports(lines: JobLines, count: int) -> list[Logged]:
    """Wait for so many reports."""
    found: list[Logged] = []
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:

            def send(logged: Logged) -> None:
                found.append(logged)
                if len(found) == count:
                    tasks.cancel_scope.cancel()

            tasks.start_soon(lines.report, lambda: True, send)
    return found


def test_a_line_belongs_to_the_jobs_that_it_names_and_is_about() -> None:
    token = AT_WORK.set(About(job=OTHER, attempt=2, ticket=7))
    try:
        kept = job_line(line_of(record("after job %s", JOB), QPU), "qpu")
        named = job_line(line_of(record(f"see job {JOB}"), QPU), "qpu")
    finally:
        AT_WORK.reset(token)
    assert kept is not None
    assert kept.jobs == (JOB,)
    assert (kept.line.source, kept.line.attempt, kept.line.ticket) == ("qpu", 2, 7)
    assert kept.line.controller == ""
    assert named is not None
    assert named.jobs == (JOB, OTHER)


def test_a_line_of_no_job_is_not_kept() -> None:
    # Only what is called a job is one.
    assert job_line(line_of(record("connected to station %s", JOB), QPU), "qpu") is None


async def test_lines_are_reported_in_order_many_at_a_time(lines: JobLines) -> None:
    for number in range(60):
        lines.handle(record("job %s: %d", JOB, number))
    first, second = await reports(lines, 2)
    told = [one.line.message for one in (*first.lines, *second.lines)]
    assert told == [f"job {JOB}: {number}" for number in range(60)]
    assert len(first.lines) == 50


async def test_long_lines_travel_apart(lines: JobLines) -> None:
    for _ in range(10):
        lines.handle(record("job %s: %s", JOB, "x" * job_lines.MOST_CHARACTERS))
    assert [len(one.lines) for one in await reports(lines, 2)] == [9, 1]


async def test_what_finds_no_room_is_counted_and_told(
    lines: JobLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_lines, "MOST_WAITING", 3)
    for number in range(5):
        lines.handle(record("job %s: %d", JOB, number))
    (report,) = await reports(lines, 1)
    assert (len(report.lines), report.lost) == (3, 2)


async def test_lines_wait_for_a_daemon(lines: JobLines) -> None:
    lines.handle(record("job %s is late", JOB))
    answers = iter([False, False])
    found: list[Logged] = []
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:

            def send(logged: Logged) -> None:
                found.append(logged)
                tasks.cancel_scope.cancel()

            tasks.start_soon(lines.report, lambda: next(answers, True), send)
    assert next(answers, True)
    assert [one.line.message for one in found[0].lines] == [f"job {JOB} is late"]
