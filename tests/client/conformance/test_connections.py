"""What a station can do to those who wait: fall silent, go away, speak another version."""

import threading
from typing import Final

import anyio
import pytest
import zmq
from zmq.utils.monitor import parse_monitor_message

import stationd
from stationd import (
    JobExecutorStatus,
    JobStatus,
    StatusEnum,
    UnknownJob,
    UnsupportedVersion,
    WaitTimeout,
)
from stationd.client.scripted.station import distant_station, whole_way
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.jobs_protocol import Get, Listen, Ping
from stationd.proto.newer import statuses_of_newer_peers
from stationd.proto.socket import Socket, connect_monitored
from tests.client.conformance.checklist import checklist
from tests.client.conformance.stations import ScriptedLab, held, quick
from tests.client.conformance.twin import jobs

R = JobExecutorStatus
with statuses_of_newer_peers():
    COOLING: Final = R("cooling_down")
NEWER: Final = b"stj\x09\x02\x91\x00"
"""A frame of a station of the protocol's version 9.2."""


@checklist(12)
def test_a_wait_asks_once_and_is_told_from_then_on(scripted: ScriptedLab) -> None:
    job = quick()
    scripted.station.received.clear()
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED
    asked = [type(one) for one in scripted.station.received]
    assert asked.count(Listen) == 1
    assert Get not in asked


@checklist(30)
def test_a_status_of_a_newer_station_is_shown_and_ends_no_wait(scripted: ScriptedLab) -> None:
    job = held()
    heard: list[JobStatus] = []
    for update in jobs.listen_job_status(job):
        if not heard:
            scripted.distant.tell(scripted.station.climb, job.id, COOLING)
            scripted.let_go(job)
        heard.append(update)
    assert heard[1].status.value == "cooling_down"
    assert not heard[1].status.is_terminal
    assert heard[-1].coarse is StatusEnum.COMPLETED
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED


@checklist(32)
def test_a_table_costs_one_request_for_each_page(scripted: ScriptedLab) -> None:
    for _ in range(5):
        quick()
    scripted.station.received.clear()
    assert len(jobs.get_all(page_size=2).df()) == 5
    assert len(scripted.station.received) == 3


@checklist(18)
def test_a_station_of_another_version_is_told_with_both(scripted: ScriptedLab) -> None:
    jobs.ping()
    distant = scripted.distant
    distant.station.silent = True

    def answer() -> None:
        distant.wait_received(Ping, 2)
        distant.tell(distant.station.send_to_all, NEWER)

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(UnsupportedVersion, match=r"9\.2.*1\..*update the older side"):
        jobs.ping()
    thread.join()


@checklist(23, 24, 26)
def test_a_connection_that_is_lost_again_and_again_ends_no_wait(scripted: ScriptedLab) -> None:
    job = held()
    rungs = whole_way(scripted.station.specs[job.id])
    heard: list[JobStatus] = []
    for update in jobs.listen_job_status(job):
        heard.append(update)
        if not update.status.is_terminal:
            following = rungs[rungs.index(update.status) + 1]
            scripted.restart()
            scripted.distant.tell(scripted.station.climb, job.id, following)
    assert heard[-1].status is R.READY
    facts = [update.ordinal for update in heard]
    assert facts == list(range(facts[0], facts[-1] + 1))
    # One stream for each time that the station was there: nothing is asked in a hurry.
    asked = sum(isinstance(one, Listen) for one in scripted.station.received)
    assert asked == len(heard)


@checklist(24)
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_reconnects_wait_ever_longer_up_to_a_cap_and_never_in_step(endpoint: str) -> None:
    waits: list[list[int]] = []

    async def note(connecting: tuple[Socket, Socket]) -> None:
        socket, monitor = connecting
        waits.append([parse_monitor_message(await monitor.receive())["value"] for _ in range(6)])
        monitor.close()
        socket.close()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(8):
                event = int(zmq.EVENT_CONNECT_RETRIED)
                group.start_soon(note, connect_monitored(zmq.DEALER, endpoint, event))
    for milliseconds in waits:
        assert milliseconds == sorted(milliseconds)
        assert milliseconds[0] * 4 <= milliseconds[-1] == milliseconds[-2] <= 1000
    assert len(set(map(tuple, waits))) > 1


@checklist(26)
def test_a_failed_request_says_nothing_about_the_job(scripted: ScriptedLab) -> None:
    job = held()
    updates = iter(jobs.listen_job_status(job))
    assert next(updates).coarse is StatusEnum.RUNNING
    scripted.distant.tell(scripted.station.send_to_all, b"garbage")
    with pytest.raises(UnknownJob):
        jobs.status("5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1")
    scripted.let_go(job)
    *_, last = updates
    assert last.status is R.READY


@checklist(29)
def test_what_is_passed_through_is_waited_through_and_searched_for(
    scripted: ScriptedLab,
) -> None:
    job = held()
    station = scripted.station
    scripted.distant.tell(station.climb, job.id, R.EXECUTION_STARTED, cancelling=True)
    assert jobs.wait_for(job, StatusEnum.CANCELLING).cancelling
    assert [one.id for one in jobs.get_all(job_status=StatusEnum.CANCELLING)] == [job.id]
    error = ErrorInfo(ErrorCode.INSTRUMENT_LOST, "it went away")
    scripted.distant.tell(station.climb, job.id, R.FAILED, error=error, retrying=True)
    scripted.distant.tell(station.climb, job.id, R.RECEIVED, attempt=2)
    assert jobs.wait_for(job, StatusEnum.RETRYING).attempt == 2
    assert [one.id for one in jobs.get_all(job_status="RETRYING")] == [job.id]
    with pytest.raises(WaitTimeout):
        jobs.wait_for(job, timeout=0.1)
    scripted.let_go(job)
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED


def test_the_next_call_goes_to_the_station_that_was_chosen_last(
    scripted: ScriptedLab,
) -> None:
    job = quick()
    first = scripted.station.endpoint
    with distant_station(f"{first}.2") as other:
        stationd.connect(other.station.endpoint)
        with pytest.raises(UnknownJob):
            jobs.status(job)
        stationd.connect(first)
        assert jobs.status(job).status is R.READY
