"""A controller does what a daemon tells it, and tells what became of it."""

import os
from itertools import accumulate
from pathlib import Path
from typing import Literal

import anyio
import numpy as np
import pytest
import zmq

from stationd.actors.controller.process import run_controller
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, StationError, StationUnreachable
from stationd.proto.job import Fence
from stationd.proto.program import Capabilities, Move, NullWork, SweepWork
from stationd.proto.reading import Read, Reading
from stationd.proto.socket import Socket, bind
from tests.actors.daemon_by_hand import (
    FENCE,
    FOR_EVER,
    Station,
    arm,
    kinds,
    of,
    running,
    settings,
    ticket,
)
from tests.actors.odd_drivers import Counting, Measuring

pytestmark = pytest.mark.anyio


async def test_it_says_hello_until_it_is_welcome_and_then_beats(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder)):
        first = await station.until(wire.Hello)
        again = await station.until(wire.Hello)
        assert first == again
        assert (first.name, first.driver, first.fence, first.held) == ("c", "null", None, ())
        assert first.capabilities == Capabilities(null=True)
        assert first.pid == os.getpid()
        await station.welcome()
        await station.until(wire.Beat)
        await station.until(wire.Beat)


async def test_a_ticket_goes_from_arm_to_acknowledged(folder: Path, station: Station) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(arm(1, start=False))
        await station.until(wire.Armed)
        await station.send(wire.Start(FENCE, ticket(1)))
        started = await station.until(wire.Started)
        finished = await station.until(wire.Finished)
        assert finished.blocks == 0
        assert finished.time_unix_s >= started.time_unix_s > 0
        station.said()
        await station.send(arm(1), wire.Collect(FENCE, ticket(1), 0), wire.Start(FENCE, ticket(1)))
        await station.silence()
        assert station.said() == [finished, finished, finished]
        await station.send(wire.Acknowledge(FENCE, ticket(1)), arm(1))
        refused = await station.until(wire.Refused)
        assert (refused.ticket, refused.code) == (ticket(1), ErrorCode.CONFLICT)


async def test_forgotten_tickets_are_refused(folder: Path, station: Station) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(wire.Forget(FENCE, 10), arm(9))
        refused = await station.until(wire.Refused)
        assert refused.ticket == ticket(9)
        await station.send(arm(10))
        await station.until(wire.Finished)


async def test_tickets_run_in_the_order_in_which_they_were_armed(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(arm(3, start=False), *(arm(number) for number in (5, 4)))
        await station.silence()
        assert kinds(station.said()) == ["Armed"] * 3
        await station.send(wire.Start(FENCE, ticket(3)))
        ends = [await station.until(wire.Finished) for _ in range(3)]
        assert [end.ticket.number for end in ends] == [3, 5, 4]


async def test_revoke_takes_what_waits_and_is_too_late_for_what_runs(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(arm(1, FOR_EVER), arm(2), arm(3))
        await station.until(wire.Started)
        await station.send(wire.Revoke(FENCE, ticket(1)), wire.Revoke(FENCE, ticket(2)))
        assert (await station.until(wire.TooLate)).ticket == ticket(1)
        assert (await station.until(wire.Revoked)).ticket == ticket(2)
        await station.send(wire.Revoke(FENCE, ticket(8)))
        assert (await station.until(wire.Revoked)).ticket == ticket(8)
        # What was revoked may come again, at the end of the line.
        await station.send(arm(2), wire.Abort(FENCE, ticket(1)))
        assert (await station.until(wire.AtRest)).ticket == ticket(1)
        ends = [await station.until(wire.Finished) for _ in range(2)]
        assert [end.ticket.number for end in ends] == [3, 2]


async def test_abort_keeps_the_data_that_there_is(folder: Path, station: Station) -> None:
    async with running(settings(folder, of(Measuring))):
        await station.welcome()
        await station.send(arm(1))
        data = await station.until(wire.Data)
        assert (data.index, data.name, data.offset, data.dtype, data.shape) == (
            *(0, "y", 0, "<f8"),
            (2,),
        )
        progress = await station.until(wire.Progressed)
        assert (progress.done, progress.total, progress.unit) == (2, 10, "spots")
        await station.send(wire.Abort(FENCE, ticket(1)), wire.Abort(FENCE, ticket(1)))
        at_rest = await station.until(wire.AtRest)
        assert (at_rest.ticket, at_rest.blocks) == (ticket(1), 1)
        station.blocks.clear()
        station.said()
        await station.send(wire.Collect(FENCE, ticket(1), 0), wire.Collect(FENCE, ticket(1), 1))
        await station.silence()
        assert station.said() == [data, at_rest, at_rest]
        assert np.frombuffer(station.blocks[0]).tolist() == [0.0, 1.0]


async def test_abort_of_a_waiting_ticket_takes_it_out_of_the_line(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(arm(1, FOR_EVER), arm(2), arm(3, start=False))
        await station.until(wire.Started)
        await station.send(wire.Abort(FENCE, ticket(2)), wire.Abort(FENCE, ticket(3)))
        ends = [await station.until(wire.AtRest) for _ in range(2)]
        assert {(end.ticket.number, end.blocks) for end in ends} == {(2, 0), (3, 0)}


async def test_a_sweep_of_one_controller_comes_in_order(folder: Path, station: Station) -> None:
    work = SweepWork(shape=(3,), moves=(Move("x", 0, (1.0, 2.0, 4.0)),), returns=("y",))
    async with running(settings(folder, of(Counting))):
        await station.welcome()
        await station.send(arm(1, work))
        finished = await station.until(wire.Finished)
        data = [report for report in station.said() if isinstance(report, wire.Data)]
        assert [one.index for one in data] == list(range(finished.blocks))
        assert [one.offset for one in data] == [*accumulate((0, *(one.shape[0] for one in data)))][
            :-1
        ]
        assert np.concatenate([np.frombuffer(block) for block in station.blocks]).tolist() == [
            1.0,
            2.0,
            4.0,
        ]


async def test_a_paced_sweep_goes_at_the_daemons_word(folder: Path, station: Station) -> None:
    work = SweepWork(shape=(2,), moves=(Move("x", 0, (1.0, 2.0)),), returns=("y",), paced=True)
    steps: list[tuple[int, Literal["set", "read"]]] = [
        (0, "set"),
        (0, "read"),
        (1, "set"),
        (1, "read"),
    ]
    async with running(settings(folder, of(Counting))):
        await station.welcome()
        await station.send(arm(1, work))
        await station.until(wire.Started)
        for spot, phase in steps:
            # Every word twice: the second is answered, and not acted on.
            word = wire.Advance(FENCE, ticket(1), spot, phase)
            await station.send(word)
            reached = await station.until(wire.Reached)
            assert (reached.spot, reached.phase) == (spot, phase)
            if (spot, phase) != steps[-1]:
                await station.send(word)
                assert await station.until(wire.Reached) == reached
        assert (await station.until(wire.Finished)).blocks == len(station.blocks)
        assert b"".join(station.blocks) == np.asarray([1.0, 2.0]).tobytes()


async def test_a_paced_sweep_that_waits_for_a_word_can_be_aborted(
    folder: Path, station: Station
) -> None:
    work = SweepWork(shape=(2,), moves=(Move("x", 0, (1.0, 2.0)),), paced=True)
    async with running(settings(folder, of(Counting))):
        await station.welcome()
        await station.send(arm(1, work))
        await station.until(wire.Started)
        await station.send(wire.Advance(FENCE, ticket(1), 0, "set"))
        await station.until(wire.Reached)
        await station.send(wire.Abort(FENCE, ticket(1)))
        await station.until(wire.AtRest)


async def test_shutdown_brings_the_instrument_to_rest(folder: Path, station: Station) -> None:
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:

            async def serve() -> None:
                await station.welcome()
                await station.send(arm(1, FOR_EVER), arm(2))
                await station.until(wire.Started)
                await station.send(wire.Shutdown(FENCE))
                await station.until(wire.AtRest)

            tasks.start_soon(serve)
            await run_controller(settings(folder), handle_signals=False)
    async with running(settings(folder)):
        hello = await station.until(wire.Hello)
        assert [(one.ticket.number, one.state) for one in hello.held] == [
            (1, "at_rest"),
            (2, "armed"),
        ]


async def test_beats_go_on_during_a_long_run(folder: Path, station: Station) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(arm(1, FOR_EVER))
        await station.until(wire.Started)
        for _ in range(5):
            await station.until(wire.Beat)
            await station.send(wire.Heartbeat())


async def bind_again(endpoint: str) -> Socket:
    """Bind where a socket has just been closed: ZeroMQ lets go of the path in its own time."""
    while True:
        try:
            return bind(zmq.ROUTER, endpoint)
        except StationUnreachable:
            await anyio.sleep(0.01)


async def test_a_daemon_that_comes_back_is_greeted(folder: Path) -> None:
    async with running(settings(folder)):
        with bind(zmq.ROUTER, f"ipc://{folder}/i.sock") as socket:
            station = Station(socket)
            await station.welcome()
            await station.send(arm(1, NullWork(duration=0.01)))
            await station.until(wire.Started)
        with await bind_again(f"ipc://{folder}/i.sock") as socket:
            station = Station(socket)
            hello = await station.welcome(Fence("lab", 8))
            assert hello.held[0].ticket == ticket(1)
            await station.send(wire.Collect(Fence("lab", 8), ticket(1), 0))
            await station.until(wire.Finished)


async def test_a_second_controller_in_the_same_directory_is_refused(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder)):
        await station.until(wire.Hello)
        with pytest.raises(StationError, match=f"process {os.getpid()} has") as refused:
            await run_controller(settings(folder), handle_signals=False)
        assert refused.value.info.code is ErrorCode.ALREADY_RUNNING


async def test_it_answers_what_its_driver_reads_or_why_that_cannot_be_read(
    folder: Path, station: Station
) -> None:
    async with running(settings(folder, of(Counting))):
        await station.welcome()
        await station.send(Read(FENCE, 1, "y"))
        reading = await station.until(Reading)
        assert (reading.number, reading.value, reading.error) == (1, None, "KeyError: 'x'")
        work = SweepWork(settings=(("x", 2.5),))
        await station.send(arm(1, work), Read(FENCE, 2, "y"))
        while (reading := await station.until(Reading)).value is None:
            # The question was there before the ticket's turn.
            await station.send(Read(FENCE, 3, "y"))
        assert (reading.readout, reading.value) == ("y", 2.5)


async def test_a_daemon_of_the_past_is_told_no_readings(folder: Path, station: Station) -> None:
    async with running(settings(folder, of(Counting))):
        await station.welcome(Fence(FENCE.station, FENCE.epoch + 1))
        await station.send(Read(FENCE, 1, "y"))
        refused = await station.until(wire.Refused)
        assert refused.code is ErrorCode.STALE_FENCE
