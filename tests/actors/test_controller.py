"""A controller does what a daemon tells it, and tells what became of it."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, TypeVar

import anyio
import anyio.to_thread
import msgspec
import numpy as np
import pytest
import zmq
from numpy.typing import ArrayLike

from stationd.actors import execution_thread
from stationd.actors.controller import ControllerSettings, run_controller
from stationd.actors.driver import Driver, Execution, SettingsDriver
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import COMMANDS, reports_in
from stationd.proto.error import ErrorCode, InstrumentError, StationError, StationUnreachable
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import (
    Capabilities,
    Move,
    NullWork,
    Readout,
    Setting,
    SettingValue,
    SweepWork,
    Work,
)
from stationd.proto.socket import Socket, bind

pytestmark = pytest.mark.anyio

R = TypeVar("R")
FENCE = Fence("lab", 7)
NOTHING = NullWork()
FOR_EVER = NullWork(duration=3600.0)
BEAT = 0.05
PATIENT = 10.0
"""The beats that most tests agree on: they send none themselves, and a busy disk takes a while."""


class Counting(SettingsDriver):
    """Reads back what it was set to, and counts."""

    def __init__(self) -> None:
        self._standing: dict[str, SettingValue] = {}

    def describe(self) -> Capabilities:
        return Capabilities(settings=(Setting(name="x"),), readouts=(Readout(name="y"),), null=True)

    def set(self, name: str, value: SettingValue) -> None:
        self._standing[name] = value

    def read(self, name: str) -> ArrayLike:
        return float(self._standing["x"])


class Measuring(Driver):
    """Hands over two spots, and then measures until it is aborted."""

    def __init__(self) -> None:
        self._aborted = threading.Event()

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        execution.data("y", np.arange(2.0), offset=0)
        execution.progress(2, 10, "spots")
        while not execution.aborted:
            self._aborted.wait(10.0)

    def abort(self) -> None:
        self._aborted.set()


class Chatty(Driver):
    """Hands over data again and again until it is aborted."""

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        offset = 0
        while not execution.aborted:
            execution.data("y", [float(offset)], offset=offset)
            time.sleep(BEAT / 10)
            offset += 1


class Deaf(Driver):
    """Comes to rest when it likes to, whatever it is told."""

    done = threading.Event()

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        assert self.done.wait(60)


class Faulty(Driver):
    """Fails wherever it is told to."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._fail("start")

    def _fail(self, where: str) -> None:
        if self._where == where:
            raise RuntimeError(f"no {where} today")

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def prepare(self, work: Work) -> None:
        self._fail("prepare")

    def run(self, work: Work, execution: Execution) -> None:
        execution.data("y", [1.0], offset=0)
        self._fail("run")

    def close(self) -> None:
        self._fail("close")


class Station:
    """The daemon's side of the wire, moved by hand."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._peer = b""
        self.heard: list[wire.OneReport] = []
        self._unheard = deque[wire.OneReport]()
        self.blocks: list[bytes] = []

    async def send(self, *commands: wire.Command) -> None:
        for command in commands:
            await self._socket.send([self._peer, COMMANDS.encode(command)])

    async def send_raw(self, frame: bytes) -> None:
        await self._socket.send([self._peer, frame])

    async def receive(self) -> wire.OneReport:
        while not self._unheard:
            peer, frame, *rest = await self._socket.receive()
            self._unheard += reports_in(frame)
            if isinstance(self._unheard[0], wire.Hello):
                self._peer = peer
            self.blocks += rest
        self.heard.append(self._unheard.popleft())
        return self.heard[-1]

    async def until(self, kind: type[R]) -> R:
        """Return the next report of a kind."""
        while True:
            report = await self.receive()
            if isinstance(report, kind):
                return report

    async def welcome(self, fence: Fence = FENCE, beat: float = PATIENT) -> wire.Hello:
        hello = await self.until(wire.Hello)
        await self.send(wire.Welcome(fence, beat, "0"))
        return hello

    async def silence(self) -> None:
        """Make sure that everything that was sent has been answered."""
        nobody = ticket(999_999)
        await self.send(wire.Start(FENCE, nobody))
        while True:
            report = await self.until(wire.Refused)
            if report.ticket == nobody:
                self.heard.pop()
                return

    def said(self) -> list[wire.Report]:
        """Return all reports about tickets so far, and forget them."""
        said: list[wire.Report] = [
            one for one in self.heard if not isinstance(one, wire.Beat | wire.Hello)
        ]
        self.heard.clear()
        return said


def ticket(number: int) -> Ticket:
    return Ticket(number, JobId(f"00000000-0000-4000-8000-{number:012}"), 1)


def arm(number: int, work: Work = NOTHING, *, start: bool = True) -> wire.Arm:
    return wire.Arm(FENCE, ticket(number), work, start)


def kinds(reports: list[wire.Report]) -> list[str]:
    return [type(report).__name__ for report in reports]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stationd-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def station(folder: Path) -> Iterator[Station]:
    with bind(zmq.ROUTER, f"ipc://{folder}/i.sock") as socket:
        yield Station(socket)


def settings(folder: Path, driver: str = "null", **options: object) -> ControllerSettings:
    return ControllerSettings(
        name="c",
        driver=driver,
        endpoint=f"ipc://{folder}/i.sock",
        state=str(folder / "state"),
        options=options,
        beat_interval=BEAT,
    )


def of(driver: type[Driver]) -> str:
    return f"{driver.__module__}:{driver.__qualname__}"


@asynccontextmanager
async def running(settings: ControllerSettings) -> AsyncGenerator[None]:
    """Run a controller in this process, and end it as a dying parent would."""
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:

            async def run() -> None:
                await run_controller(settings, handle_signals=False)

            tasks.start_soon(run)
            yield
            tasks.cancel_scope.cancel()


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
        assert [(one.index, one.offset, one.shape) for one in data] == [
            (0, 0, (1,)),
            (1, 1, (1,)),
            (2, 2, (1,)),
        ]
        assert [np.frombuffer(block)[0] for block in station.blocks] == [1.0, 2.0, 4.0]
        assert finished.blocks == 3


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
        assert (await station.until(wire.Finished)).blocks == 2
        assert [np.frombuffer(block)[0] for block in station.blocks] == [1.0, 2.0]


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
    caplog.set_level("ERROR", "stationd.actors.controller")
    garbage = (b"", b"\x00", b"sti", b"sti\x02\x00\x90", b"sti\x01\x00\x92\xcc\xff", b"x" * 99)
    async with running(settings(folder)):
        await station.welcome()
        for frame in garbage:
            await station.send_raw(frame)
        await station.send(arm(1))
        await station.until(wire.Finished)


async def test_beats_go_on_during_a_long_run(folder: Path, station: Station) -> None:
    async with running(settings(folder)):
        await station.welcome()
        await station.send(arm(1, FOR_EVER))
        await station.until(wire.Started)
        for _ in range(5):
            await station.until(wire.Beat)
            await station.send(wire.Heartbeat())


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
        assert (await station.until(wire.Finished)).blocks == spots
        assert len(station.blocks) == spots


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


# --- with a process of its own ---------------------------------------------------------------

CHILD = """
import sys
import anyio
import msgspec
from stationd.actors import execution_thread
from stationd.actors.controller import ControllerSettings, run_controller
settings = msgspec.json.decode(sys.argv[1], type=ControllerSettings)
anyio.run(run_controller, settings, backend_options={"use_uvloop": True})
"""


@asynccontextmanager
async def process(settings: ControllerSettings) -> AsyncGenerator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", CHILD, msgspec.json.encode(settings).decode()]
    child = await anyio.to_thread.run_sync(_popen(command))
    try:
        with anyio.fail_after(60):
            yield child
    finally:
        child.kill()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(child.wait)


def _popen(command: list[str]) -> Callable[[], subprocess.Popen[bytes]]:
    return lambda: subprocess.Popen(command)


@pytest.mark.slow
async def test_what_ran_when_the_process_was_killed_is_lost_and_nothing_else(
    folder: Path, station: Station
) -> None:
    executions = folder / "executions"
    one = settings(folder, "null", executions=str(executions))
    async with process(one) as child:
        await station.welcome()
        await station.send(arm(1), arm(2, FOR_EVER), arm(3), arm(4, start=False))
        while (await station.until(wire.Started)).ticket != ticket(2):
            pass
        await station.silence()
        child.kill()
    async with process(one):
        hello = await station.welcome()
        assert [(held.ticket.number, held.state) for held in hello.held] == [
            (1, "finished"),
            (2, "lost"),
            (3, "armed"),
            (4, "armed"),
        ]
        station.said()
        await station.send(*(arm(number) for number in range(1, 5)))
        await station.until(wire.Lost)
        ends = [await station.until(wire.Finished) for _ in range(2)]
        assert [end.ticket.number for end in ends] == [3, 4]
        # Nothing was executed twice, and what waited was executed in its order.
        lines = await anyio.Path(executions).read_text("ascii")
        assert [int(line) for line in lines.split()] == [1, 2, 3, 4]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_process_in_order(
    folder: Path, station: Station, number: signal.Signals
) -> None:
    async with process(settings(folder)) as child:
        await station.welcome()
        await station.send(arm(1, FOR_EVER))
        await station.until(wire.Started)
        child.send_signal(number)
        await station.until(wire.AtRest)
        assert await anyio.to_thread.run_sync(child.wait) == 0
