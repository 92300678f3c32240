"""The right to command: whose epoch is the newest, and which ticket numbers are new."""

import logging

import pytest
import zmq

from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPORTS
from stationd.proto.job import Fence
from stationd.proto.number import MOST
from stationd.proto.socket import Socket, connect
from stationd.runtime.controllers.authority import Authority
from stationd.runtime.journal.memory import MemoryJournal
from tests.runtime.bench import FIRST_TICKET, NULL, Bench, a_bench, heard, until

NOW = 1.5


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal(manual=True)


def hello(
    fence: Fence | None, *, name: str = "a", ledger: str = "ledger", newest: int = 0
) -> wire.Hello:
    return wire.Hello(name, "null", ledger, fence, 0, (), NULL, "0", 1, newest)


def seen(authority: Authority, epoch: int, ledger: str = "ledger") -> str:
    return authority.judge(hello(Fence(authority.fence.station, epoch), ledger=ledger))


def test_a_controller_that_is_new_or_knows_an_older_epoch_is_welcome(
    journal: MemoryJournal,
) -> None:
    authority = Authority(journal.reopened(), NOW)
    assert authority.fence == Fence(journal.opening.station, 2)
    assert authority.judge(hello(None)) == "welcome"
    assert seen(authority, 1) == "welcome"
    assert seen(authority, 2) == "welcome"  # it has it from us


def test_the_epoch_rises_above_a_newer_one_once_that_is_on_disk(journal: MemoryJournal) -> None:
    authority = Authority(journal, NOW)
    assert seen(authority, 7) == "later"
    assert authority.fence.epoch == 1
    assert seen(authority, 7) == "later"  # it says Hello again, and nothing more is written
    assert journal.commit() == 1
    assert authority.fence.epoch == 8
    assert seen(authority, 7) == "welcome"
    assert journal.reopened().opening.epoch == 9


def test_the_epoch_rises_above_the_highest_of_several(journal: MemoryJournal) -> None:
    authority = Authority(journal, NOW)
    for epoch, ledger in ((7, "a"), (12, "b"), (9, "c")):
        assert seen(authority, epoch, ledger=ledger) == "later"
    journal.commit()
    assert authority.fence.epoch == 13


def test_an_equal_epoch_that_another_life_has_given_is_risen_above(journal: MemoryJournal) -> None:
    authority = Authority(journal, NOW)
    assert seen(authority, 1) == "later"
    journal.commit()
    assert authority.fence.epoch == 2
    assert seen(authority, 1) == "welcome"
    assert seen(authority, 2) == "welcome"


def test_a_foreign_station_is_no_reason_to_rise(journal: MemoryJournal) -> None:
    authority = Authority(journal, NOW)
    assert authority.judge(hello(Fence("elsewhere", 99))) == "foreign"
    assert journal.commit() == 0


def test_nonsense_does_not_use_up_the_numbers(journal: MemoryJournal) -> None:
    authority = Authority(journal, NOW)
    assert seen(authority, MOST) == "foreign"
    authority.judge(hello(None, newest=MOST))
    assert authority.next_ticket() == 1_500_001
    assert Authority(journal, 1e12).next_ticket() == 1


def test_tickets_are_above_all_that_anybody_knows_of(journal: MemoryJournal) -> None:
    authority = Authority(journal, NOW)
    assert authority.next_ticket() == 1_500_001
    authority.judge(hello(None, newest=2_000_000))
    assert authority.next_ticket() == 2_000_001
    authority.judge(hello(None, newest=5))
    assert authority.next_ticket() == 2_000_002


# --- in a station ----------------------------------------------------------------------------


def dial(bench: Bench) -> Socket:
    return connect(zmq.DEALER, bench.station.settings.instruments_endpoint)


async def says(socket: Socket, *reports: wire.Report) -> None:
    for report in reports:
        await socket.send([REPORTS.encode(report)])


@pytest.mark.anyio
async def test_a_controller_of_a_lost_future_is_welcomed_under_a_newer_epoch() -> None:
    async with a_bench() as bench:
        station = bench.fence.station
        with dial(bench) as socket:
            await says(socket, hello(Fence(station, 40), newest=FIRST_TICKET + 1000))
            await until(lambda: bench.journal.commit() > 0)
            assert bench.bus.connected() == []
            assert socket.receive_nowait() is None
            await says(socket, hello(Fence(station, 40)))
            welcome = await heard(socket)
            assert isinstance(welcome, wire.Welcome)
            assert welcome.fence == bench.fence == Fence(station, 41)
            assert bench.bus.connected() == ["a"]
        ticket = bench.queued(1)
        assert ticket.number > FIRST_TICKET + 1000
        [arm] = bench.lines.to("a")
        assert isinstance(arm, wire.Arm)
        assert arm.fence.epoch == 41


@pytest.mark.anyio
async def test_what_is_under_way_goes_on_under_the_newer_epoch() -> None:
    async with a_bench() as bench:
        running, waiting = bench.queued(1), bench.queued(2)
        bench.report("a", wire.Armed(running), wire.Started(running, 1.0), wire.Armed(waiting))
        bench.commit()
        old = bench.fence
        bench.station.authority.judge(hello(Fence(old.station, 9), name="b", ledger="other"))
        bench.commit()
        sent = len(bench.lines.sent)
        bench.report("a", wire.Finished(running, 0, 2.0))
        bench.commit()
        assert bench.lines.to("a")[sent:] == [wire.Acknowledge(Fence(old.station, 10), running)]
        bench.dispatch.cancel(bench.live(2), lambda: None)
        bench.commit()
        assert bench.lines.to("a")[-1] == wire.Revoke(Fence(old.station, 10), waiting)


@pytest.mark.anyio
async def test_a_foreign_controller_is_left_alone_and_both_say_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_bench() as bench:
        with dial(bench) as socket, caplog.at_level(logging.WARNING):
            foreign = hello(Fence("elsewhere", 3))
            for _ in range(2):  # it goes on saying Hello, and is named once
                await says(socket, foreign)
                welcome = await heard(socket)
                assert isinstance(welcome, wire.Welcome)
                assert welcome.fence == bench.fence
            assert bench.bus.connected() == []
        [said] = [one.getMessage() for one in caplog.records if "elsewhere" in one.getMessage()]
        assert bench.fence.station in said
