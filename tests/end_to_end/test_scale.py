"""Many of a thing through real processes: listeners, controllers, circuits. Small numbers here.

`make bench` measures the big ones.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
import zmq

from stationd import (
    CircuitResult,
    Circuits,
    JobExecutorStatus,
    NullOutcome,
    NullProgram,
    OpenQasm,
    StatusEnum,
    jobs,
)
from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Events, FeedEvent, Grant, Listen, Request, Snapshot
from tests.end_to_end.station import PATIENCE, Station, dealer, on_asyncio

NewStation = Callable[..., Station]

FACTS = 16
"""Of a job that ends well."""
LISTENERS = 60
CONTROLLERS = 6
CIRCUITS = 300

_GATED = """
[controllers.c{number}]
driver = "tests.end_to_end.gated_driver:GatedDriver"
[controllers.c{number}.options]
executions = "{folder}/executions"
gates = "{folder}/gates"
[targets.t{number}]
controller = "c{number}"
"""


class Listener:
    """A listener to all jobs that reads when it is told to, and grants no more than it says."""

    def __init__(self, socket: zmq.Socket[bytes], credit: int) -> None:
        self._socket = socket
        self._socket.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.events: list[FeedEvent] = []
        self._say(Listen(1, None, None, credit))
        # From its snapshot on it hears everything.
        while not isinstance(REPLIES.decode(self._socket.recv()), Snapshot):
            pass

    def grant(self, credit: int) -> None:
        self._say(Grant(1, credit))

    def read(self, count: int, ids: Collection[JobId] = ()) -> None:
        """Read until there are so many events, or so many of some jobs."""
        while len(self.of(ids) if ids else self.events) < count:
            reply = REPLIES.decode(self._socket.recv())
            if isinstance(reply, Events):
                self.events += reply.events

    def of(self, ids: Collection[JobId]) -> list[FeedEvent]:
        """Return the events of some jobs: what an earlier test has left may still be ending."""
        return [event for event in self.events if event.job in ids]

    def _say(self, request: Request) -> None:
        self._socket.send(REQUESTS.encode(request))


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def null(target: str = "null", duration: float = 0.0) -> Circuits:
    return Circuits(programs=(NullProgram(duration=duration),), n_shots=(1,), target=target)


def run_some(count: int) -> list[JobId]:
    """Run jobs until they are over, and return their ids."""
    ids = [jobs.submit(null(), id=str(uuid4())).id for _ in range(count)]
    for one in ids:
        assert jobs.wait_for(one).coarse is StatusEnum.COMPLETED
    return ids


def assert_whole(listener: Listener, ids: list[JobId]) -> None:
    """Fail if an event is missing, came twice or out of order."""
    events = listener.of(ids)
    everything = [event.entry.seq for event in listener.events]
    assert everything == sorted(set(everything))
    assert len(events) == FACTS * len(ids)
    for one in ids:
        ordinals = [event.entry.ordinal for event in events if event.job == one]
        assert ordinals == list(range(1, FACTS + 1))


@on_asyncio
def test_every_one_of_many_listeners_hears_everything_once(
    station: Station, sockets: ExitStack
) -> None:
    listeners = [
        Listener(sockets.enter_context(dealer(station.endpoint)), 10_000) for _ in range(LISTENERS)
    ]
    ids = run_some(3)
    for listener in listeners:
        listener.read(FACTS * len(ids), ids)
        assert_whole(listener, ids)


@on_asyncio
def test_a_listener_that_stops_reading_holds_nobody_up_and_misses_nothing(
    station: Station, sockets: ExitStack
) -> None:
    quick = Listener(sockets.enter_context(dealer(station.endpoint)), 100_000)
    slow = Listener(sockets.enter_context(dealer(station.endpoint)), 10)
    ids = run_some(20)
    quick.read(FACTS * len(ids), ids)
    assert_whole(quick, ids)
    slow.read(10)
    slow.grant(100_000)
    slow.read(FACTS * len(ids), ids)
    assert_whole(slow, ids)


@on_asyncio
def test_controllers_work_side_by_side(new_station: NewStation) -> None:
    tables = [_GATED.replace("{number}", str(number)) for number in range(CONTROLLERS)]
    station = new_station(*tables).start()
    station.wait_connected(*(f"c{number}" for number in range(CONTROLLERS)))
    ids = [jobs.submit(null(f"t{number}", 1.0)) for number in range(CONTROLLERS)]
    for one in ids:
        jobs.wait_for(one, JobExecutorStatus.EXECUTION_STARTED)
    # No gate is open: all of them are at work at once.
    assert all(jobs.status(one).coarse is StatusEnum.RUNNING for one in ids)
    station.let_go(1.0)
    for one in ids:
        assert jobs.wait_for(one).coarse is StatusEnum.COMPLETED


@on_asyncio
def test_a_job_of_hundreds_of_items_gives_a_result_for_each(station: Station) -> None:
    programs = tuple(NullProgram(name=f"item {number}") for number in range(CIRCUITS))
    job = jobs.submit(Circuits(programs=programs, n_shots=(1,) * CIRCUITS, target="null"))
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED
    found = jobs.results(job)
    assert [(one.index, one.name) for one in found] == [
        (number, f"item {number}") for number in range(CIRCUITS)
    ]
    last = found[-1]
    assert isinstance(last, jobs.ResultRef)
    assert isinstance(last.download_result(), NullOutcome)


@on_asyncio
def test_a_job_of_hundreds_of_circuits_gives_counts_for_each(station: Station) -> None:
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; {gate} measure q -> c;'
    programs = [
        OpenQasm(source=text.format(gate="x q[0];" if number % 2 else ""), name=f"n{number}")
        for number in range(CIRCUITS)
    ]
    job = jobs.submit(programs=programs, n_shots=4, target="qpu", seed=1)
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED
    found = jobs.results(job)
    assert [one.name for one in found] == [f"n{number}" for number in range(CIRCUITS)]
    last = found[-1]
    assert isinstance(last, jobs.ResultRef)
    outcome = last.download_result()
    assert isinstance(outcome, CircuitResult)
    assert outcome.shots == sum(outcome.counts.values()) == 4
