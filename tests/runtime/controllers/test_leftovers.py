"""What controllers hold of jobs that are over: kept for a retry, collected, and let go of."""

from functools import partial

import anyio
import pytest

from stationd.actors.retry import Knowledge
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import Ticket
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.controllers.authority import Authority
from stationd.runtime.controllers.data_room import DataRoom
from stationd.runtime.controllers.leftovers import MOST_KEPT, Leftovers
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, JobStored
from tests.runtime.bench import NOW, job_id, null_spec, until

pytestmark = pytest.mark.anyio

LOST = ErrorInfo(ErrorCode.INSTRUMENT_LOST, "it went away")
PATIENCE = 60.0


class Station:
    """Leftovers, with one controller and what it was sent."""

    def __init__(self) -> None:
        self.journal = MemoryJournal(manual=True)
        self.sent: list[tuple[str, wire.Command]] = []
        self.names = ["a"]
        authority = Authority(self.journal, 0.0)
        self.fence = authority.fence
        room = DataRoom(self.journal)
        self.leftovers = Leftovers(self.journal, room, authority, self._send, lambda: self.names)

    def _send(self, controller: str, command: wire.Command) -> None:
        self.sent.append((controller, command))

    def was_sent_last(self, controller: str, command: wire.Command) -> bool:
        return self.sent[-1:] == [(controller, command)]

    def over(self, number: int, error: ErrorInfo | None = LOST) -> Ticket:
        """Store a job that has failed, and return its ticket."""
        job = job_id(number)
        stored = JobStored(number, job, "a", null_spec(), NOW)
        end = Fact(number, job, 2, 1, S.FAILED if error else S.ABORTED, NOW, error=error)
        self.journal.write([stored, end], lambda _: None)
        self.journal.commit()
        return Ticket(number, job, 1)

    async def keep(self, number: int) -> Ticket:
        ticket = self.over(number)
        assert await self.leftovers.keep("a", ticket)
        return ticket


async def test_a_result_of_a_lost_job_alone_is_worth_keeping() -> None:
    station = Station()
    assert await station.leftovers.keep("a", station.over(1))
    failed = ErrorInfo(ErrorCode.DRIVER_FAILED, "it broke")
    assert not await station.leftovers.keep("a", station.over(2, failed))
    assert not await station.leftovers.keep("a", station.over(3, None))
    assert not await station.leftovers.keep("a", Ticket(9, job_id(9), 1))
    assert not await station.leftovers.keep("a", Ticket(4, job_id(1), 2))  # another attempt


async def test_the_oldest_result_goes_when_there_are_too_many() -> None:
    station = Station()
    tickets = [await station.keep(number) for number in range(1, MOST_KEPT + 2)]
    assert station.sent == [("a", wire.Acknowledge(station.fence, tickets[0]))]
    assert sorted(station.leftovers.numbers()) == list(range(2, MOST_KEPT + 2))


async def test_all_results_go_when_room_is_needed() -> None:
    station = Station()
    tickets = [await station.keep(number) for number in (1, 2)]
    station.leftovers.make_room("a")
    assert station.sent == [("a", wire.Acknowledge(station.fence, one)) for one in tickets]
    assert not list(station.leftovers.numbers())


async def test_what_is_known_of_a_job_follows_from_what_its_controllers_have_said() -> None:
    station = Station()
    known, leftovers = station.leftovers.known, station.leftovers
    assert await known(job_id(1), ["a"], 0.0) is Knowledge.UNREACHABLE
    ticket = await station.keep(1)
    leftovers.settled("a")
    assert await known(ticket.job, ["a"], 0.0) is Knowledge.RESULT_EXISTS
    station.names = ["a", "b"]
    leftovers.settled("b")
    assert await known(ticket.job, ["a", "b"], 0.0) is Knowledge.NO_RESULT
    assert await known(job_id(2), ["a"], 0.0) is Knowledge.FORGOTTEN
    leftovers.gone("a")
    assert await known(ticket.job, ["a"], 0.0) is Knowledge.UNREACHABLE


async def test_whoever_asks_waits_for_a_controller_that_is_away() -> None:
    station = Station()
    found: list[Knowledge] = []

    async def ask() -> None:
        found.append(await station.leftovers.known(job_id(1), ["a"], PATIENCE))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.lowlevel.checkpoint()
        assert not found
        station.leftovers.settled("a")
    assert found == [Knowledge.FORGOTTEN]


async def test_what_is_still_at_work_is_aborted_and_awaited() -> None:
    station = Station()
    ticket = station.over(1)
    station.leftovers.runs("a", ticket)
    at_rest: list[bool] = []

    async def bring_to_rest() -> None:
        at_rest.append(await station.leftovers.bring_to_rest(ticket.job, PATIENCE))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bring_to_rest)
        await until(lambda: station.sent == [("a", wire.Abort(station.fence, ticket))])
        station.leftovers.ended("a", wire.AtRest(ticket, 0, NOW))
    assert at_rest == [True]
    station.leftovers.runs("a", ticket)
    assert not await station.leftovers.bring_to_rest(ticket.job, 0.0)


async def test_a_result_is_collected_block_by_block_and_stored_once() -> None:
    station = Station()
    ticket = await station.keep(1)
    collected: list[bool] = []

    async def collect() -> None:
        collected.append(await station.leftovers.collect(ticket.job, 1, PATIENCE))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect)
        await until(lambda: station.sent == [("a", wire.Collect(station.fence, ticket, 0))])
        for index in (0, 0, 2, 1):  # one twice, and one too early
            header = wire.Data(ticket, index, "y", 0, index, "|u1", (1,))
            station.leftovers.data("a", header, bytes([index]))
        assert station.leftovers.ended("a", wire.Finished(ticket, 2, NOW))
    station.journal.commit()
    blocks = await station.journal.blocks(1, 1)
    assert collected == [True]
    assert [(block.index, block.data) for block in blocks] == [(0, b"\0"), (1, b"\1")]


async def test_a_result_that_is_sent_in_parts_is_asked_for_until_all_is_there() -> None:
    station = Station()
    ticket = await station.keep(1)
    end = wire.Finished(ticket, 3, NOW)
    collected: list[bool] = []

    async def collect() -> None:
        collected.append(await station.leftovers.collect(ticket.job, 1, PATIENCE))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(collect)
        for index in range(3):
            asked = ("a", wire.Collect(station.fence, ticket, index))
            await until(partial(station.was_sent_last, *asked))
            header = wire.Data(ticket, index, "y", 0, index, "|u1", (1,))
            station.leftovers.data("a", header, b"x")
            station.leftovers.ended("a", end)
    station.journal.commit()
    assert collected == [True]
    assert await station.journal.block_counts(1, 1) == {"a": 3}
    assert len(station.sent) == 3


async def test_a_collection_that_stops_moving_is_given_up() -> None:
    station = Station()
    ticket = await station.keep(1)
    assert not await station.leftovers.collect(ticket.job, 1, 0.0)
    assert not await station.leftovers.collect(job_id(2), 2, 0.0)


async def test_what_is_released_is_let_go_of() -> None:
    station = Station()
    ticket = await station.keep(1)
    station.leftovers.release(ticket.job)
    assert station.sent == [("a", wire.Acknowledge(station.fence, ticket))]
    assert not station.leftovers.ended("a", wire.Finished(ticket, 0, NOW))


async def test_a_hello_begins_what_is_known_of_its_controller_anew() -> None:
    station = Station()
    ticket = await station.keep(1)
    station.leftovers.settled("a")
    station.leftovers.greeted("a")
    assert not list(station.leftovers.numbers())
    assert await station.leftovers.known(ticket.job, ["a"], 0.0) is Knowledge.UNREACHABLE
