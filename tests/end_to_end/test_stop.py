"""An orderly stop is bounded, leaves everything on disk and nothing running."""

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from stationd import jobs
from stationd.client.references.job import JobRef
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.job import JobId, JobSpec
from stationd.proto.jobs_protocol import Failure, Submit
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.station import (
    FOREVER,
    GATED,
    HELD,
    NULL,
    PATIENCE,
    Station,
    dealer,
    on_asyncio,
    on_asyncio_daily,
    on_trio,
    until,
    wait_answers,
)

NewStation = Callable[..., Station]

BRIEF = (("stop_timeout = 60.0", "stop_timeout = 0.3"),)


def submit_null(duration: float) -> JobRef:
    """Submit a job that keeps the null controller busy."""
    return jobs.submit(programs=NullProgram(duration=duration), n_shots=1, target="null")


def running(duration: float) -> JobRef:
    """Submit a job that keeps the null controller busy, and wait until it does."""
    job = submit_null(duration)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    return job


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("backend", "number"),
    [("asyncio", signal.SIGTERM), ("trio", signal.SIGINT)],
    indirect=["backend"],
    scope="session",
)
def test_a_job_that_runs_for_too_long_does_not_hold_up_the_stop(
    new_station: NewStation, number: signal.Signals
) -> None:
    station = new_station(NULL, settings=BRIEF).start()
    job = running(FOREVER)
    behind = submit_null(0.0)

    assert station.stop(number) == 0
    assert not station.processes()
    assert "stopped" in station.log
    station.start()

    *_, last = jobs.listen_job_status(job)
    assert last.status is JobExecutorStatus.FAILED
    assert last.error is not None
    *_, last = jobs.listen_job_status(behind)
    assert last.status is JobExecutorStatus.READY


@on_asyncio
def test_a_second_signal_does_not_wait_for_the_running_job(new_station: NewStation) -> None:
    station = new_station(NULL, settings=(("stop_timeout = 60.0", "stop_timeout = 1000.0"),))
    station.start()
    running(FOREVER)

    station.send_signal(signal.SIGTERM)
    until(lambda: "SIGTERM: stopping" in station.log, "the daemon has begun to stop")
    station.send_signal(signal.SIGINT)

    assert station.ended() == 0
    assert not station.processes()


@on_trio
def test_a_station_that_stops_takes_no_new_work_and_says_so(new_station: NewStation) -> None:
    station = new_station(GATED).start()
    job = running(HELD)
    spec = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"))
    frame = REQUESTS.encode(Submit(1, JobId("00000000-0000-4000-8000-000000000001"), spec))

    with dealer(station.endpoint) as socket:
        station.send_signal(signal.SIGTERM)
        until(lambda: "SIGTERM: stopping" in station.log, "the daemon has begun to stop")
        socket.send(frame)
        assert socket.poll(int(PATIENCE * 1000))
        answer = REPLIES.decode(socket.recv())
    station.let_go()

    assert isinstance(answer, Failure)
    assert "again when it is back" in answer.error.detail
    assert station.ended() == 0
    station.start()
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY


@on_asyncio
def test_ctrl_c_at_the_terminal_stops_the_station_in_order(new_station: NewStation) -> None:
    station = new_station(GATED)
    # A process group of its own, as a shell makes for what runs in the foreground.
    with (station.folder / "log.0").open("wb") as log:
        daemon = subprocess.Popen(
            station.command("serve"), env=station.environment, stderr=log, process_group=0
        )
    try:
        wait_answers(station.endpoint, daemon.pid)
        job = running(HELD)
        os.killpg(daemon.pid, signal.SIGINT)
        until(lambda: "SIGINT: stopping" in station.log, "the daemon has begun to stop")
        station.let_go()
        assert daemon.wait(PATIENCE) == 0, station.log
    finally:
        daemon.kill()
        daemon.wait()
    assert not station.processes()
    station.start()
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY
    assert len(station.tickets_executed) == 1


@pytest.mark.campaign
@on_trio
def test_a_controller_that_another_daemon_has_started_is_stopped_too(
    new_station: NewStation,
) -> None:
    station = new_station().start()
    station.wait_connected("nothing")
    station.kill()
    station.start()
    station.wait_connected("nothing")

    assert station.stop() == 0
    # The daemon knows by its lock that it has come to its end; the rest of the process follows.
    until(lambda: not station.processes(), "the controller has ended")


@on_asyncio_daily
def test_an_idle_station_stops_and_starts_as_often_as_one_likes(new_station: NewStation) -> None:
    station = new_station()
    for _ in range(2):
        station.start()
        assert station.stop() == 0
        assert not station.processes()
    assert "WARNING" not in station.log
    assert "ERROR" not in station.log
