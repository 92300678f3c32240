"""A restart loses nothing: not a job, not its place, not a listener's place in its story."""

import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stationd import jobs
from stationd.client.references.job import JobRef, JobStatus
from stationd.client.results.outcome import CircuitResult
from stationd.proto.jobs_protocol import Ping, Pong
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.station import (
    GATED,
    HELD,
    NULL,
    PATIENCE,
    QPU,
    Station,
    on_asyncio,
    on_trio,
    on_trio_daily,
    until,
)

NewStation = Callable[..., Station]

BELL = Path(__file__).parents[2] / "examples" / "bell.qasm"


def started(new_station: NewStation) -> Station:
    """Start a station with a controller that is there."""
    station = new_station(GATED).start()
    # Jobs that wait for a controller's first Hello are compiled in any order after it.
    station.wait_connected("nothing")
    return station


def submit_null(duration: float) -> JobRef:
    """Submit a job that ends at once or, with a duration, when it is let go."""
    return jobs.submit(programs=NullProgram(duration=duration), n_shots=1, target="null")


def wait_ready(job: JobRef) -> None:
    """Wait until a job is READY, which it must become."""
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY


def order_of_beginning(submitted: list[JobRef]) -> list[JobRef]:
    """Return jobs in the order in which they were executed."""

    def began(job: JobRef) -> int:
        return next(
            entry.seq
            for entry in jobs.view(job).timeline
            if entry.status is JobExecutorStatus.EXECUTION_STARTED
        )

    return sorted(submitted, key=began)


def test_a_killed_daemon_finds_its_running_job_again_and_the_queue_in_order(
    new_station: NewStation,
) -> None:
    station = started(new_station)
    # More than what is sent ahead to the controller: some wait in the queue.
    submitted = [submit_null(HELD), *(submit_null(0.0) for _ in range(9))]
    jobs.wait_for(submitted[0], JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    controller = station.controller_pid("nothing")

    station.kill()
    station.start()
    station.let_go()

    for job in submitted:
        wait_ready(job)
    assert station.controller_pid("nothing") == controller
    assert order_of_beginning(submitted) == submitted
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 10


@on_trio
def test_a_job_that_finished_while_there_was_no_daemon_is_collected(
    new_station: NewStation,
) -> None:
    station = started(new_station)
    jobs_in_line = [submit_null(HELD), submit_null(0.0)]
    jobs.wait_for(jobs_in_line[0], JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    until(lambda: station.tickets("nothing", "cleared") == 2, "both are in line")

    station.kill()
    station.let_go()
    # The controller goes on by itself, with what it has in line.
    station.wait_executions(2)
    station.start()

    for job in jobs_in_line:
        wait_ready(job)
    assert len(station.tickets_executed) == 2


@on_trio_daily
def test_a_daemon_that_is_asked_to_stop_lets_the_running_job_finish(
    new_station: NewStation,
) -> None:
    station = started(new_station)
    submitted = [submit_null(HELD), *(submit_null(0.0) for _ in range(9))]
    jobs.wait_for(submitted[0], JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)

    station.send_signal(signal.SIGTERM)
    until(lambda: "SIGTERM: stopping" in station.log, "the daemon has begun to stop")
    station.let_go()
    assert station.ended() == 0
    assert not station.processes()
    assert len(station.tickets_executed) >= 1
    station.start()

    for job in submitted:
        wait_ready(job)
    assert order_of_beginning(submitted) == submitted
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 10


@on_asyncio
@pytest.mark.parametrize(
    "status",
    [
        JobExecutorStatus.RECEIVED,
        JobExecutorStatus.EXECUTION_STARTED,
        JobExecutorStatus.POST_PROCESSING_ENDED,
    ],
    ids=str,
)
def test_jobs_go_on_from_whatever_rung_they_were_on(
    new_station: NewStation, status: JobExecutorStatus
) -> None:
    station = started(new_station)
    station.let_go(HELD)
    submitted = [submit_null(HELD) for _ in range(11)]
    submitted += [submit_null(2 * HELD) for _ in range(9)]
    jobs.wait_for(submitted[10], status, timeout=PATIENCE)

    station.kill()
    station.start()
    station.let_go(2 * HELD)

    for job in submitted:
        wait_ready(job)
        timeline = jobs.view(job).timeline
        assert [entry.status for entry in timeline] == list(JobExecutorStatus)[:16]
        assert [entry.ordinal for entry in timeline] == list(range(1, 17))
    assert len(station.tickets_executed) == len(set(station.tickets_executed)) == 20


@pytest.mark.campaign
@on_asyncio
def test_circuits_survive_one_kill_after_the_other(new_station: NewStation) -> None:
    station = new_station(NULL, QPU).start()
    submitted: list[JobRef] = []
    numbers = random.Random(7)

    for _ in range(2):
        submitted += [
            jobs.submit(programs=[BELL, BELL], n_shots=200, target="qpu") for _ in range(6)
        ]
        rung = numbers.choice(list(JobExecutorStatus)[:16])
        jobs.wait_for(numbers.choice(submitted), rung, timeout=PATIENCE)
        station.kill()
        station.start()

    for job in submitted:
        wait_ready(job)
        for reference in jobs.results(job):
            assert isinstance(reference, jobs.ResultRef)
            result = reference.download_result()
            assert isinstance(result, CircuitResult)
            assert len(result.bits) == 200
        assert jobs.view(job).attempt == 1


@on_trio
def test_the_shots_of_a_running_job_are_all_there_after_a_kill(new_station: NewStation) -> None:
    station = new_station(QPU).start()
    job = jobs.submit(programs=BELL, n_shots=10_000, target="qpu", seed=1)
    for status in jobs.listen_job_status(job):
        if status.progress is not None and status.progress.done >= 1000:
            break

    station.kill()
    station.start()

    wait_ready(job)
    (reference,) = jobs.results(job)
    assert isinstance(reference, jobs.ResultRef)
    result = reference.download_result()
    assert isinstance(result, CircuitResult)
    assert len(result.bits) == sum(result.counts.values()) == 10_000
    assert result.counts["00"] + result.counts["11"] > 8000


def test_listeners_hear_the_same_story_without_gap_or_repeat_through_restarts(
    new_station: NewStation,
) -> None:
    station = started(new_station)
    submitted = [submit_null(HELD), submit_null(2 * HELD), submit_null(0.0)]
    stories: list[list[JobStatus]] = [[] for _ in range(6)]

    def listen(story: list[JobStatus], job: JobRef) -> None:
        story.extend(jobs.listen_job_status(job))

    listeners = [
        threading.Thread(target=listen, args=(story, submitted[index // 2]), daemon=True)
        for index, story in enumerate(stories)
    ]
    for listener in listeners:
        listener.start()
    for job, duration in zip(submitted, (HELD, 2 * HELD), strict=False):
        jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
        station.kill()
        station.start()
        station.let_go(duration)
    for listener in listeners:
        listener.join(PATIENCE)
        assert not listener.is_alive()

    for index, story in enumerate(stories):
        timeline = jobs.view(submitted[index // 2]).timeline
        heard = {status.ordinal: status.status for status in story}
        # Reports of progress and of the place in the queue repeat the newest fact.
        ordinals = list(dict.fromkeys(status.ordinal for status in story))
        assert ordinals == list(range(ordinals[0], len(timeline) + 1))
        assert heard == {entry.ordinal: entry.status for entry in timeline[ordinals[0] - 1 :]}
        assert story[-1].status is JobExecutorStatus.READY


@on_trio
def test_a_cancel_that_was_accepted_before_a_kill_still_holds(new_station: NewStation) -> None:
    station = started(new_station)
    submitted = [submit_null(HELD) for _ in range(6)]
    jobs.wait_for(submitted[0], JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)

    # The last one first: otherwise the controller begins with one before it is cancelled.
    for job in reversed(submitted):
        assert jobs.cancel(job) == "accepted"
    station.kill()
    station.start()

    for job in submitted:
        *_, last = jobs.listen_job_status(job)
        assert last.status is JobExecutorStatus.ABORTED
    assert len(station.tickets_executed) == 1


@pytest.mark.campaign
@on_asyncio
def test_every_start_has_a_higher_epoch_and_the_same_station(new_station: NewStation) -> None:
    station = new_station("")
    seen: list[Pong] = []
    for _ in range(3):
        station.start()
        seen.append(station.ask(Ping(1, "test"), Pong))
        station.kill()

    assert [pong.epoch for pong in seen] == [1, 2, 3]
    assert len({pong.station for pong in seen}) == 1


@pytest.mark.campaign
@on_trio
def test_nothing_but_controllers_outlives_a_killed_daemon(new_station: NewStation) -> None:
    station = new_station(NULL, QPU).start()
    job = jobs.submit(programs=BELL, n_shots=10, target="qpu")
    wait_ready(job)
    station.wait_connected("nothing", "qpu")

    station.kill()

    station.wait_left({"nothing", "qpu"})
