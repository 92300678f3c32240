"""A controller that is killed at any moment executes no ticket twice and forgets none."""

import math
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec
import pytest
import zmq

from stationd.actors.controller.settings import ControllerSettings
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import COMMANDS, reports_in
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import NullWork

pytestmark = pytest.mark.slow

ROUNDS = 8
TICKETS = 2000
AHEAD = 12
FENCE = Fence("lab", 1)
CHILD = """
import sys
import anyio
import msgspec
from stationd.actors.controller.settings import ControllerSettings
from stationd.actors.controller.process import run_controller
settings = msgspec.json.decode(sys.argv[1], type=ControllerSettings)
anyio.run(run_controller, settings, backend_options={"use_uvloop": True})
"""


def ticket(number: int) -> Ticket:
    return Ticket(number, JobId(f"job-{number}"), 1)


class Daemon:
    """Keeps tickets in front of a controller that comes and goes."""

    def __init__(self, endpoint: str) -> None:
        context = cast("zmq.Context[zmq.Socket[bytes]]", zmq.Context.instance())
        self._socket = context.socket(zmq.ROUTER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVTIMEO, 60_000)
        self._socket.bind(endpoint)
        self._peer = b""
        self._next = 1
        self.open: set[int] = set()
        self.ends: dict[int, str] = {}

    def close(self) -> None:
        self._socket.close()

    def serve(self, seconds: float) -> None:
        """Serve for a while from the first Hello, or until all tickets are over."""
        until = math.inf
        while len(self.ends) < TICKETS and time.monotonic() < until:
            peer, frame, *_ = self._socket.recv_multipart()
            for report in reports_in(frame):
                if isinstance(report, wire.Hello):
                    until = min(until, time.monotonic() + seconds)
                    self._greet(peer, report)
                elif peer == self._peer:
                    self._hear(report)

    def _greet(self, peer: bytes, hello: wire.Hello) -> None:
        self._peer = peer
        self._send(wire.Welcome(FENCE, 0.5, "0"))
        held = {one.ticket.number: one.state for one in hello.held}
        for number in sorted(self.open):
            state = held.get(number, "armed")
            collect = wire.Collect(FENCE, ticket(number), 0)
            self._send(self._arm(number) if state == "armed" else collect)
        self._fill()

    def _hear(self, report: wire.OneReport) -> None:
        match report:
            case wire.Finished() | wire.Lost():
                number = report.ticket.number
                assert self.ends.setdefault(number, type(report).__name__) == type(report).__name__
                self.open.discard(number)
                self._send(wire.Acknowledge(FENCE, report.ticket))
                self._fill()
            case wire.Refused():
                # Of an Arm or Collect that crossed with the acknowledgement.
                assert report.ticket is not None
                assert report.ticket.number in self.ends
            case wire.Failed():
                pytest.fail(report.detail)
            case _:
                pass

    def _fill(self) -> None:
        while len(self.open) < AHEAD and self._next <= TICKETS:
            self.open.add(self._next)
            self._send(self._arm(self._next))
            self._next += 1

    def _arm(self, number: int) -> wire.Arm:
        return wire.Arm(FENCE, ticket(number), NullWork(duration=0.001 * (number % 3)), start=True)

    def _send(self, command: wire.Command) -> None:
        self._socket.send_multipart([self._peer, COMMANDS.encode(command)])


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stationd-", dir="/tmp") as name:
        yield Path(name)


def test_no_ticket_is_executed_twice_and_none_is_forgotten(folder: Path) -> None:
    executions = folder / "executions"
    endpoint = f"ipc://{folder}/i.sock"
    settings = ControllerSettings(
        name="c",
        driver="null",
        endpoint=endpoint,
        state=str(folder / "state"),
        options={"executions": str(executions)},
    )
    command = [sys.executable, "-c", CHILD, msgspec.json.encode(settings).decode()]
    chance = random.Random(20)
    daemon = Daemon(endpoint)
    try:
        for round_ in range(ROUNDS):
            last = round_ == ROUNDS - 1
            child = subprocess.Popen(command)
            try:
                assert len(daemon.ends) < TICKETS
                daemon.serve(60 if last else chance.uniform(0.02, 0.3))
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait(60)
    finally:
        daemon.close()
    executed = [int(line) for line in executions.read_text("ascii").split()]
    assert len(set(executed)) == len(executed)
    assert len(daemon.ends) == TICKETS
    finished = {number for number, end in daemon.ends.items() if end == "Finished"}
    assert finished <= set(executed)
    # What is lost had been begun with; at most one a kill just before it did anything.
    assert len(daemon.ends.keys() - set(executed)) <= ROUNDS - 1
