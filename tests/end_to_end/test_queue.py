"""What operators say of the queue holds for tickets in line, and after a kill."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from stationd import jobs
from stationd.client.references.job import JobRef
from stationd.proto.error import ErrorCode
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus as S
from tests.end_to_end.station import (
    GATED,
    HELD,
    PATIENCE,
    Station,
    on_asyncio_daily,
    on_trio,
    on_trio_daily,
    until,
)

NewStation = Callable[..., Station]
STATIONCTL = str(Path(sys.executable).with_name("stationctl"))


def submit(duration: float = 0.0, **how: object) -> JobRef:
    program = NullProgram(duration=duration)
    return jobs.submit(programs=program, n_shots=1, target="null", **how)  # type: ignore[arg-type]


def busy(new_station: NewStation) -> tuple[Station, JobRef]:
    """Start a station whose only controller is at work until it is let go."""
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    running = submit(HELD)
    jobs.wait_for(running, S.EXECUTION_STARTED, timeout=PATIENCE)
    return station, running


def order(submitted: list[JobRef]) -> list[JobRef]:
    """Return jobs in the order in which they were executed."""

    def began(job: JobRef) -> int:
        return next(e.seq for e in jobs.view(job).timeline if e.status is S.EXECUTION_STARTED)

    return sorted(submitted, key=began)


def queued(*submitted: JobRef) -> None:
    for job in submitted:
        jobs.wait_for(job, S.PENDING_EXECUTION, timeout=PATIENCE)


def finished(*submitted: JobRef) -> None:
    for job in submitted:
        assert jobs.wait_for(job, timeout=PATIENCE).status is S.READY


@on_asyncio_daily
def test_what_operators_say_holds_for_tickets_in_line_and_after_a_kill(
    new_station: NewStation,
) -> None:
    station, running = busy(new_station)
    first, second, third, fourth = (submit() for _ in range(4))
    queued(first, second, third, fourth)
    # In line, before both that wait and that were sent ahead.
    urgent = submit(priority=1)
    queued(urgent)
    jobs.hold(first)
    assert jobs.move_before(fourth, second).priority == 0
    jobs.pause_target("null", "a leak")
    until(lambda: jobs.target_states().targets[0].line == 1, "what was sent ahead is back")
    station.kill()
    station.start()
    station.let_go()
    finished(running)

    assert [one.note for one in jobs.target_states().targets] == ["a leak"]
    assert jobs.why(urgent)[0].rule == "paused"
    assert {one.state for one in jobs.queue().entries} == {"closed", "held"}
    jobs.resume_target("null")
    finished(urgent, second, third, fourth)
    assert order([second, third, fourth, urgent]) == [urgent, fourth, second, third]
    assert jobs.why(first)[0].rule == "held"
    jobs.release(first)
    finished(first)
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 6


@on_trio_daily
def test_a_job_that_cannot_begin_in_time_fails_and_says_why(new_station: NewStation) -> None:
    station, running = busy(new_station)
    late = submit(deadline=time.time() + 0.1)
    until(lambda: jobs.status(late).status is S.FAILED, "the deadline has passed")
    error = jobs.view(late).error
    assert error is not None
    assert error.code is ErrorCode.DEADLINE_PASSED
    station.let_go()
    finished(running)
    assert len(station.tickets_executed) == 1


@on_trio
def test_the_shell_says_the_same(new_station: NewStation) -> None:
    station, running = busy(new_station)

    def run(*words: str) -> str:
        return subprocess.run(
            [STATIONCTL, *words],
            check=True,
            capture_output=True,
            text=True,
            env=station.environment,
            timeout=PATIENCE,
        ).stdout

    held = run("submit", "--null", "0", "--target", "null", "--hold").strip()
    other = run("submit", "--null", "0", "--target", "null", "--not-before", "+1h").strip()
    assert "`stationctl release` lets it go" in run("why", held)
    shown = run("queue")
    assert [line.split()[0] for line in shown.splitlines()[1:4]] == ["at", "held", "from"]
    assert "paused" in run("target", "pause", "null", "--note", "a leak")
    assert "has the priority -5" in run("prioritise", other, "--", "-5")
    assert "is held" in run("hold", other)
    assert "is reserved" in run(
        "target", "reserve", "null", "--project", "", "--from", "+1h", "--to", "+2h"
    )
    run("target", "resume", "null")
    run("release", held)
    station.let_go()
    finished(running, jobs.refresh(held))
    jobs.cancel(other)
