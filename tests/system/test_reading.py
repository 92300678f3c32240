"""Two users on the network of a station whose jobs are read by their owners, after a reload."""

import signal
from collections.abc import Iterator

import pytest

from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.curve import KeyPair
from stationd.proto.error import ErrorCode
from stationd.proto.job import JobFilter, JobId, JobSpec
from stationd.proto.jobs_protocol import (
    Cancel,
    Events,
    Failure,
    FeedEvent,
    Fetch,
    Get,
    Job,
    Jobs,
    List,
    Listen,
    Reply,
    Request,
    Submit,
    Submitted,
)
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.project_requests import GetInput
from stationd.proto.queue_requests import ListQueue, QueueListing
from stationd.proto.result_requests import Peek
from stationd.proto.station_requests import ReadLog
from stationd.proto.status import JobExecutorStatus
from tests.attacks.open_station import ADA, EVE, OpenStation, opened
from tests.end_to_end.station import NULL, PATIENCE, until

SPEC = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,), target="null"), name="hers")


def job(number: int) -> JobId:
    return JobId(f"00000000-0000-0000-0000-{number:012d}")


@pytest.fixture(scope="module")
def open_station() -> Iterator[OpenStation]:
    with opened(NULL) as station:
        yield station


def told(station: OpenStation, own: KeyPair, request: Request) -> Reply:
    reply = station.ask(own, request)
    assert reply is not None, station.station.log
    return reply


def is_over(station: OpenStation, own: KeyPair, number: int) -> bool:
    reply = told(station, own, Get(1, job(number)))
    return isinstance(reply, Job) and reply.view.status is JobExecutorStatus.READY


def test_a_reload_parts_the_jobs_of_two_users(open_station: OpenStation) -> None:
    for own, number in ((ADA, 1), (EVE, 2)):
        assert isinstance(told(open_station, own, Submit(1, job(number), SPEC)), Submitted)
    until(lambda: all(is_over(open_station, EVE, number) for number in (1, 2)), "both are over")
    found = told(open_station, ADA, Get(1, job(1)))
    assert isinstance(found, Job)
    result = found.view.items[0].result
    assert result is not None
    station = open_station.station
    station.change("[security]", 'jobs_are_read_by = "owners"\n[security]')
    station.send_signal(signal.SIGHUP)
    until(lambda: not is_over(open_station, EVE, 1), "eve does not see ada's job any more")
    assert is_over(open_station, ADA, 1)
    assert is_over(open_station, EVE, 2)
    for request in (
        Get(1, job(1)),
        Peek(1, job(1)),
        GetInput(1, job(1)),
        ReadLog(1, job(1)),
        Cancel(1, job(1)),
        Listen(1, (job(1),), None, 10),
        Fetch(1, result.id),
    ):
        reply = told(open_station, EVE, request)
        assert isinstance(reply, Failure), reply
        assert reply.error.code in {ErrorCode.UNKNOWN_JOB, ErrorCode.UNKNOWN_ARTIFACT}, request
    listed = told(open_station, EVE, List(1, JobFilter()))
    assert isinstance(listed, Jobs)
    assert [view.id for view in listed.views] == [job(2)]
    assert isinstance(told(open_station, EVE, ListQueue(1)), QueueListing)


def test_a_stream_of_all_jobs_goes_on_with_ones_own(open_station: OpenStation) -> None:
    with open_station.connected(EVE) as plain:
        plain.send(REQUESTS.encode(Listen(1, None, 0, 1000)))
        for number in range(10, 16):
            own = EVE if number % 2 else ADA
            told(open_station, own, Submit(1, job(number), SPEC))
        heard: list[FeedEvent] = []
        while not any(one.job == job(15) and one.entry.status.is_terminal for one in heard):
            assert plain.poll(int(PATIENCE * 1000)), open_station.station.log
            reply = REPLIES.decode(plain.recv_multipart()[0])
            heard += reply.events if isinstance(reply, Events) else ()
    numbers = [event.entry.seq for event in heard]
    assert numbers == sorted(set(numbers))
    assert {event.job for event in heard} == {job(number) for number in (2, 11, 13, 15)}
    for one in {event.job for event in heard}:
        ordinals = [event.entry.ordinal for event in heard if event.job == one]
        assert ordinals == list(range(1, len(ordinals) + 1))
