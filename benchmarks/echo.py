"""What the machine gives without us: a plain ZeroMQ echo between two processes over ipc.

Blocking sockets, no event loop, no codec: the limit beside which the station's figures stand.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypedDict

import zmq

if TYPE_CHECKING:
    from collections.abc import Generator

MESSAGE: Final = bytes(64)
ROUND_TRIPS: Final = 5_000
WARM_UP: Final = 500
MESSAGES: Final = 100_000
IN_FLIGHT: Final = 1_000
PATIENCE_MS: Final = 10_000
"""How long one answer may take before the measurement is given up."""


class Echo(TypedDict):
    """The figures of the echo."""

    round_trip_us: float
    """Microseconds from sending one message to having its answer, median."""
    messages_per_s: float
    """Messages answered per second with `IN_FLIGHT` of them under way."""


def measure_echo() -> Echo:
    """Measure the echo; takes a second or two."""
    with _echo() as socket:
        _round_trips(socket, WARM_UP)
        return Echo(
            round_trip_us=statistics.median(_round_trips(socket, ROUND_TRIPS)) * 1e6,
            messages_per_s=_messages_per_second(socket, MESSAGES, IN_FLIGHT),
        )


def _round_trips(socket: zmq.Socket[bytes], times: int) -> list[float]:
    seconds: list[float] = []
    for _ in range(times):
        begin = time.perf_counter()
        socket.send(MESSAGE)
        socket.recv()
        seconds.append(time.perf_counter() - begin)
    return seconds


def _messages_per_second(socket: zmq.Socket[bytes], messages: int, in_flight: int) -> float:
    begin = time.perf_counter()
    for _ in range(in_flight):
        socket.send(MESSAGE)
    for _ in range(messages - in_flight):
        socket.recv()
        socket.send(MESSAGE)
    for _ in range(in_flight):
        socket.recv()
    return messages / (time.perf_counter() - begin)


@contextmanager
def _echo() -> Generator[zmq.Socket[bytes]]:
    """Start the other process, and connect to it."""
    with tempfile.TemporaryDirectory(prefix="sd-") as folder:
        endpoint = f"ipc://{folder}/echo.sock"
        other = subprocess.Popen([sys.executable, __file__, endpoint])
        context = zmq.Context()
        socket = context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.set_hwm(0)
        socket.setsockopt(zmq.RCVTIMEO, PATIENCE_MS)
        socket.connect(endpoint)
        try:
            yield socket
        finally:
            socket.close()
            context.term()
            other.terminate()
            other.wait()


def _answer_for_ever(endpoint: str) -> None:
    socket = zmq.Context().socket(zmq.ROUTER)
    # A ROUTER drops what exceeds its mark, which is as high as what is under way.
    socket.set_hwm(0)
    socket.bind(endpoint)
    while True:
        socket.send_multipart(socket.recv_multipart())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _answer_for_ever(sys.argv[1])
    else:
        for name, figure in measure_echo().items():
            print(f"{name:<16}{figure:>12,.1f}")
