"""What a bad driver, a bad daemon or a slow disk does to a controller: no more than it must."""

from pathlib import Path

import anyio
import pytest

from stationd.actors.controller import execution_thread
from stationd.actors.controller.process import run_controller
from stationd.actors.controller.settings import ControllerSettings
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, InstrumentError
from stationd.proto.job import Fence
from stationd.proto.program import SweepWork
from tests.actors.daemon_by_hand import (
    BEAT,
    FENCE,
    FOR_EVER,
    NOTHING,
    Station,
    arm,
    of,
    running,
    settings,
    ticket,
)
from tests.actors.odd_drivers import Chatty, Counting, Deaf, Faulty

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("where", "blocks"), [("prepare", 0), ("run", 1)])
async def test_a_hook_that_raises_costs_its_ticket_and_no_other(
    folder: Path, station: Station, where: str, blocks: int
) -> None:
    async with running(settings(folder, of(Faulty), where=where)):
        await station.welcome()
        await station.send(arm(1), arm(2))
        for number in (1, 2):
            failed = await station.until(wire.Failed)
            assert (failed.ticket, failed.blocks) == (ticket(number), blocks)
            assert failed.code is ErrorCode.DRIVER_FAILED
            assert failed.detail == f"RuntimeError: no {where} today"


async def test_a_driver_that_does_not_start_ends_the_controller(
    folder: Path, station: Station
) -> None:
    with anyio.fail_after(60), pytest.raises(InstrumentError, match="RuntimeError: no start today"):
        await run_controller(settings(folder, of(Faulty), where="start"), handle_signals=False)


async def test_stale_and_foreign_fences_command_nothing(folder: Path, station: Station) -> None:
    async with running(settings(folder)):
        await station.welcome()
        for fence in (Fence("lab", 6), Fence("elsewhere", 99)):
            await station.send(wire.Arm(fence, ticket(1), NOTHING, start=True))
            refused = await station.until(wire.Refused)
            assert refused.code is ErrorCode.STALE_FENCE
            for name in (fence.station, str(fence.epoch), "lab", "7"):
                assert name in refused.detail
            await station.send(wire.Shutdown(fence))
            assert (await station.until(wire.Refused)).ticket is None
        await station.send(wire.Arm(Fence("lab", 8), ticket(1), NOTHING, start=True))
        await station.until(wire.Finished)
        await station.send(arm(2))
        assert (await station.until(wire.Refused)).code is ErrorCode.STALE_FENCE
    async with running(settings(folder)):
        assert (await station.until(wire.Hello)).fence == Fence("lab", 8)


async def test_garbage_is_dropped_and_nothing_else(
    folder: Path, station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    # The warnings would be written to a file, which on a loop is a fault that only tests make.
    caplog.set_level("ERROR", "stationd.actors.controller.controller")
    garbage = (b"", b"\x00", b"sti", b"sti\x02\x00\x90", b"sti\x01\x00\x92\xcc\xff", b"x" * 99)
    async with running(settings(folder)):
        await station.welcome()
        for frame in garbage:
            await station.send_raw(frame)
        await station.send(arm(1))
        await station.until(wire.Finished)


async def test_a_driver_that_ignores_an_abort_keeps_nobody_else_waiting(
    folder: Path, station: Station
) -> None:
    Deaf.done.clear()
    async with running(settings(folder, of(Deaf))):
        await station.welcome()
        await station.send(arm(1), arm(2, start=False))
        await station.until(wire.Started)
        await station.send(wire.Abort(FENCE, ticket(1)), wire.Revoke(FENCE, ticket(2)))
        await station.until(wire.Revoked)
        for _ in range(3):
            await station.until(wire.Beat)
            await station.send(wire.Heartbeat())
        Deaf.done.set()
        await station.until(wire.AtRest)


async def test_a_silent_daemon_is_greeted_again_and_told_what_is_held(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder)):
        first = await station.welcome()
        await station.send(arm(1, FOR_EVER), arm(2))
        await station.until(wire.Started)
        await station.send(wire.Welcome(FENCE, BEAT, "0"))
        again = await station.until(wire.Hello)
        assert again.ledger == first.ledger
        assert again.fence == FENCE
        assert [(one.ticket.number, one.state) for one in again.held] == [
            (1, "running"),
            (2, "armed"),
        ]


async def test_a_driver_that_is_faster_than_the_disk_loses_nothing(
    folder: Path, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_thread, "MOST_BYTES_ON_THE_WAY", 16)
    spots = 40
    work = SweepWork(settings=(("x", 1.0),), shape=(spots,), returns=("y",))
    async with running(settings(folder, of(Counting))):
        await station.welcome()
        await station.send(arm(1, work))
        assert (await station.until(wire.Finished)).blocks == len(station.blocks)
        readings = [block for block in station.blocks if not block.startswith(b"{")]
        assert sum(map(len, readings)) == 8 * spots


async def test_reports_do_not_pile_up_before_a_daemon_that_does_not_answer(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder, of(Chatty))):
        await station.welcome()
        await station.send(arm(1))
        await station.until(wire.Data)
        await station.send(wire.Welcome(FENCE, BEAT, "0"))
        await station.until(wire.Hello)
        station.said()
        await station.until(wire.Hello)
        await station.until(wire.Hello)
        assert station.said() == []
        # With a word of the daemon everything goes on.
        await station.send(wire.Welcome(FENCE, 10.0, "0"))
        hello = await station.until(wire.Hello)
        assert hello.held[0].state == "running"
        await station.until(wire.Data)


async def test_a_full_spool_refuses_new_tickets_until_data_is_acknowledged(
    folder: Path, station: Station
) -> None:
    work = SweepWork(settings=(("x", 1.0),), shape=(2,), returns=("y",))
    small = ControllerSettings(
        name="c",
        driver=of(Counting),
        endpoint=f"ipc://{folder}/i.sock",
        state=str(folder / "state"),
        spool_limit=16,
    )
    async with running(small):
        await station.welcome()
        await station.send(arm(1, work))
        await station.until(wire.Finished)
        await station.send(arm(2, work))
        failed = await station.until(wire.Failed)
        assert (failed.ticket, failed.code) == (ticket(2), ErrorCode.SPOOL_FULL)
        assert "spool is full" in failed.detail
        await station.send(wire.Acknowledge(FENCE, ticket(1)), arm(2, work))
        await station.until(wire.Finished)
