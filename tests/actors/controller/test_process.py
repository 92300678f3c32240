"""A controller in a process of its own, which is killed or asked to end."""

import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import pytest

from stationd.actors.controller.settings import ControllerSettings
from stationd.proto import instruments_protocol as wire
from tests.actors.daemon_by_hand import FOR_EVER, Station, arm, settings, ticket

pytestmark = pytest.mark.anyio


CHILD = """
import sys
import anyio
import msgspec
from stationd.actors.controller import execution_thread
from stationd.actors.controller.settings import ControllerSettings
from stationd.actors.controller.process import run_controller
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


async def noted(executions: Path) -> list[int]:
    """Return the tickets that the null driver has executed."""
    lines = await anyio.Path(executions).read_text("ascii")
    return [int(line) for line in lines.split()]


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
        # The driver begins a moment after it is said that it does, and nobody tells.
        while len(await noted(executions)) < 2:  # noqa: ASYNC110
            await anyio.sleep(0.01)
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
        assert await noted(executions) == [1, 2, 3, 4]


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
