"""A controller without a daemon: how close together it can run jobs that all are in its line.

The limit of the idle gap. This side of the wire arms everything at once and then acknowledges.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import zmq
from benchmarks.station import STOPWATCH, Station, environment
from benchmarks.stopwatch import gaps_us

from stationd.proto.codec import COMMANDS, reports_in
from stationd.proto.instruments_protocol import (
    Acknowledge,
    Arm,
    Command,
    Finished,
    Hello,
    OneReport,
    Shutdown,
    Welcome,
)
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import NullWork

FENCE: Final = Fence("bench", 1)
BEAT: Final = 3600.0
PATIENCE_MS: Final = 60_000


def back_to_back_us(backend: str, seconds: float, count: int) -> tuple[float, float]:
    """Return the p50 and p99 of the time between two executions, microseconds."""
    with tempfile.TemporaryDirectory(prefix="bench", dir="/tmp") as at:
        station = Station(Path(at), backend, STOPWATCH)
        (station.folder / "run").mkdir()
        context = zmq.Context()
        socket = context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.RCVTIMEO, PATIENCE_MS)
        # All is armed at once, and a ROUTER drops what a queue has no room for.
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.bind(f"ipc://{at}/run/instruments.sock")
        controller = _start(station)
        try:
            _run(socket, seconds, count)
            controller.wait(PATIENCE_MS / 1e3)
        finally:
            controller.kill()
            controller.wait()
            context.destroy(linger=0)
        return gaps_us(station.times)


def _start(station: Station) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "stationd.runtime.cli", "controller", "instrument"]
    with (station.folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*command, "-c", str(station.config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(),
        )


def _run(socket: zmq.Socket[bytes], seconds: float, count: int) -> None:
    peer, (hello, *_) = _receive(socket)
    assert isinstance(hello, Hello)
    _send(socket, peer, Welcome(FENCE, BEAT, hello.version))
    for number in range(1, count + 1):
        _send(socket, peer, Arm(FENCE, _ticket(number), NullWork(duration=seconds), start=True))
    left = count
    while left:
        peer, reports = _receive(socket)
        for report in reports:
            if isinstance(report, Finished):
                _send(socket, peer, Acknowledge(FENCE, report.ticket))
                left -= 1
    _send(socket, peer, Shutdown(FENCE))


def _ticket(number: int) -> Ticket:
    return Ticket(number, JobId(f"00000000-0000-4000-8000-{number:012}"), 1)


def _receive(socket: zmq.Socket[bytes]) -> tuple[bytes, tuple[OneReport, ...]]:
    peer, frame, *_ = socket.recv_multipart()
    return peer, reports_in(frame)


def _send(socket: zmq.Socket[bytes], peer: bytes, command: Command) -> None:
    socket.send_multipart([peer, COMMANDS.encode(command)])
