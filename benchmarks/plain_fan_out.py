"""What plain ZeroMQ gives to many who listen: the same frames to each, without codec or loop.

A ROUTER sends; the listeners are DEALERs in other processes, which do nothing but count.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from typing import Final

import zmq

PATIENCE_MS: Final = 60_000
SECONDS: Final = 0.5
"""How long it is tried, about."""


def frames_per_second(listeners: int, size: int, processes: int = 2) -> float:
    """Return how many frames a second reach their listeners, all of these together.

    Args:
        listeners: Sockets that each get every frame.
        size: Bytes of a frame.
        processes: Among which the listeners are divided.
    """
    few = _measured(listeners, size, processes, 20)
    rounds = max(20, min(2_000, int(few * SECONDS / listeners)))
    return _measured(listeners, size, processes, rounds)


def _measured(listeners: int, size: int, processes: int, rounds: int) -> float:
    each = listeners // processes
    with tempfile.TemporaryDirectory(prefix="sd-", dir="/tmp") as folder:
        endpoint = f"ipc://{folder}/fan.sock"
        context = zmq.Context()
        socket = context.socket(zmq.ROUTER)
        socket.set_hwm(0)
        socket.setsockopt(zmq.RCVTIMEO, PATIENCE_MS)
        socket.bind(endpoint)
        command = [sys.executable, __file__, endpoint, str(each), str(rounds)]
        others = [subprocess.Popen(command) for _ in range(processes)]
        try:
            return each * processes * rounds / _seconds(socket, each * processes, rounds, size)
        finally:
            for other in others:
                other.kill()
                other.wait()
            context.destroy(linger=0)


def _seconds(socket: zmq.Socket[bytes], listeners: int, rounds: int, size: int) -> float:
    """Send all frames to all, and wait until all have said that they have them."""
    peers = [socket.recv_multipart()[0] for _ in range(listeners)]
    frame = bytes(size)
    begin = time.perf_counter()
    for _ in range(rounds):
        for peer in peers:
            socket.send(peer, zmq.SNDMORE)
            socket.send(frame)
    for _ in range(listeners):
        socket.recv_multipart()
    return time.perf_counter() - begin


def _listen(endpoint: str, listeners: int, rounds: int) -> None:
    context = zmq.Context()
    poller = zmq.Poller()
    left: dict[zmq.Socket[bytes], int] = {}
    for _ in range(listeners):
        socket = context.socket(zmq.DEALER)
        socket.set_hwm(0)
        socket.connect(endpoint)
        socket.send(b"here")
        poller.register(socket, zmq.POLLIN)
        left[socket] = rounds
    while left:
        for socket, _ in poller.poll(PATIENCE_MS):
            _take(socket, left)
            if socket not in left:
                poller.unregister(socket)
    # Until it is killed: a socket that closes may take its last word with it.
    time.sleep(PATIENCE_MS / 1e3)


def _take(socket: zmq.Socket[bytes], left: dict[zmq.Socket[bytes], int]) -> None:
    """Take what is there for a listener; one that has all says so."""
    while socket in left:
        try:
            socket.recv(zmq.NOBLOCK)
        except zmq.Again:
            return
        left[socket] -= 1
        if not left[socket]:
            del left[socket]
            socket.send(b"done")


if __name__ == "__main__":
    _listen(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
