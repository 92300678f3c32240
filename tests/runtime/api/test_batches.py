"""Batches are let in bit by bit, in their order, and what is wrong with one costs that one."""

# pyright: reportPrivateUsage=false

from collections.abc import Callable
from typing import cast

import anyio
import pytest
import zmq
from anyio.lowlevel import checkpoint

from stationd.proto.error import JournalClosed, TooManyRequests
from stationd.proto.job import JobId, JobSpec
from stationd.proto.jobs_protocol import NewJob as Wanted
from stationd.proto.jobs_protocol import Submit, SubmitMany
from stationd.proto.socket import Socket
from stationd.runtime.api import batches as module
from stationd.runtime.api.batches import Batches
from stationd.runtime.api.client import Client
from stationd.runtime.api.resent import Resent
from stationd.runtime.giving_way import PART_SECONDS
from stationd.runtime.jobs.arrivals import NewJob
from stationd.runtime.journal.memory import MemoryJournal
from tests.runtime.bench import job_id, null_spec

pytestmark = pytest.mark.anyio


class SteppingClock:
    """A clock that goes on when it is told to."""

    now = 0.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


class Station:
    """What stands behind the door: it notes what is stored together."""

    def __init__(self) -> None:
        self.stored: list[list[JobId]] = []
        self.alone: list[int] = []
        self.failed: list[tuple[int, Exception]] = []
        self.breaks: Exception | None = None
        self.clock = SteppingClock()
        self.takes = 0.0
        """Seconds, to check a job."""
        context = cast("zmq.Context[zmq.Socket[bytes]]", zmq.Context.instance())
        self.socket = Socket(context.socket(zmq.ROUTER))

    def check(
        self, _client: Client, job: JobId, spec: JobSpec, answer: Callable[[int, bool], None]
    ) -> NewJob:
        self.clock.now += self.takes
        return NewJob(job, spec, "a", answer)

    def store(self, *jobs: NewJob) -> None:
        if self.breaks is not None:
            error, self.breaks = self.breaks, None
            raise error
        if jobs:
            self.stored.append([new.job for new in jobs])

    def submit(self, _client: Client, request: Submit) -> None:
        self.alone.append(sum(map(len, self.stored)))

    def fail(self, _client: Client, request: Submit | SubmitMany, error: Exception) -> None:
        self.failed.append((request.request, error))

    async def let_in(self, *requests: Submit | SubmitMany) -> int:
        """Let batches in; return in how many turns of the loop."""
        turns = 0
        with self.socket:
            async with anyio.create_task_group() as tasks:
                batches = Batches(
                    tasks=tasks,
                    resent=Resent(MemoryJournal(manual=True), tasks),
                    check=self.check,
                    store=self.store,
                    submit=self.submit,
                    notice=lambda _spec: "",
                    since=lambda _job: 0.0,
                    fail=self.fail,
                    clock=self.clock,
                )
                for request in requests:
                    try:
                        batches.add(Client(self.socket, b"someone"), request)
                    except TooManyRequests as error:
                        self.failed.append((request.request, error))
                assert batches.hold_up(Client(self.socket, b"someone"))
                assert not batches.hold_up(Client(self.socket, b"another"))
                while batches._working:
                    turns += 1
                    await checkpoint()
                assert not batches.hold_up(Client(self.socket, b"someone"))
        return turns


def batch(request: int, first: int, count: int) -> SubmitMany:
    wanted = (Wanted(job_id(number), null_spec()) for number in range(first, first + count))
    return SubmitMany(request, tuple(wanted))


async def test_a_batch_is_let_in_a_few_jobs_in_each_turn_of_the_loop() -> None:
    station = Station()
    turns = await station.let_in(batch(1, 1, 95))
    assert [len(together) for together in station.stored] == [10] * 9 + [5]
    assert turns >= 9
    assert [job for part in station.stored for job in part] == [job_id(n) for n in range(1, 96)]


async def test_fewer_jobs_are_let_in_in_a_turn_if_they_take_long_to_check() -> None:
    station = Station()
    station.takes = 0.4 * PART_SECONDS
    await station.let_in(batch(1, 1, 7))
    assert [len(together) for together in station.stored] == [3, 3, 1]


async def test_batches_are_let_in_in_the_order_in_which_they_came() -> None:
    station = Station()
    await station.let_in(batch(1, 1, 25), batch(2, 26, 25), batch(3, 51, 5))
    assert [job for part in station.stored for job in part] == [job_id(n) for n in range(1, 56)]


async def test_what_a_client_sends_after_a_batch_comes_in_after_it() -> None:
    station = Station()
    await station.let_in(batch(1, 1, 25), Submit(2, job_id(99), null_spec()))
    assert station.alone == [25]


async def test_of_what_waits_there_is_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)
    station = Station()
    await station.let_in(batch(1, 1, 5), Submit(2, job_id(99), null_spec()), batch(3, 6, 5))
    assert station.alone == [5]
    ((request, error),) = station.failed
    assert request == 3
    assert isinstance(error, TooManyRequests)
    assert error.info.retry_after


async def test_a_batch_that_breaks_costs_itself_alone() -> None:
    station, bug = Station(), RuntimeError("a bug")
    station.breaks = bug
    await station.let_in(batch(1, 1, 5), batch(2, 6, 5))
    assert station.failed == [(1, bug)]
    assert station.stored == [[job_id(n) for n in range(6, 11)]]


async def test_a_daemon_that_ends_answers_nothing() -> None:
    station = Station()
    station.breaks = JournalClosed("the journal is closed")
    await station.let_in(batch(1, 1, 5))
    assert station.failed == []
