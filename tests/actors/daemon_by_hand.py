"""The daemon's side of a controller's wire, moved by hand."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio

from stationd.actors.controller.process import run_controller
from stationd.actors.controller.settings import ControllerSettings
from stationd.actors.driver import Driver
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import COMMANDS, reports_in
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import NullWork, Work
from stationd.proto.socket import Socket

R = TypeVar("R")
FENCE = Fence("lab", 7)
NOTHING = NullWork()
FOR_EVER = NullWork(duration=3600.0)
BEAT = 0.05
PATIENT = 10.0
"""The beats that most tests agree on: they send none themselves, and a busy disk takes a while."""


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
