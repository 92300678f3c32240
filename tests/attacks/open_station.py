"""A real station that is open to a network, and those who knock at it."""

import os
import re
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import zmq

from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.curve import KeyPair, new_pair
from stationd.proto.jobs_protocol import Ping, Reply, Request
from tests.end_to_end.station import NULL, PATIENCE, Station

ADA, EVE = new_pair(), new_pair()
"""A submitter each, if the station has them."""
STRANGER = new_pair()
"""Somebody whom nobody knows."""

_OPEN = """
[api]
endpoints = ["ipc://{folder}/run/jobs.sock", "tcp://127.0.0.1:PORT"]
[security]
secret_key_file = "{folder}/station.secret"
[users.ada]
keys = ['ADA']
[users.eve]
keys = ['EVE']
[users."*"]
role = "admin"
"""


@contextmanager
def opened(*parts: str) -> Generator["OpenStation"]:
    """Run a station with a network endpoint, and look at the end whether all is well."""
    station = OpenStation(*parts)
    try:
        station.station.start()
        station.station.wait_connected("nothing")
        yield station
        station.station.check()
    finally:
        station.station.close()


class OpenStation:
    """A station with a network endpoint.

    Args:
        parts: Tables of the configuration; one null controller if there are none.
    """

    def __init__(self, *parts: str) -> None:
        self.keys = new_pair()
        port = _free_port()
        text = _OPEN.replace("PORT", str(port))
        text = text.replace("ADA", ADA.public).replace("EVE", EVE.public)
        self.station = Station("asyncio", text, *(parts or (NULL,)))
        secret = self.station.folder / "station.secret"
        secret.touch(mode=0o600)
        secret.write_text(self.keys.secret + "\n")
        self.local = self.station.endpoint
        self.network = f"tcp://127.0.0.1:{port}"

    @property
    def rss(self) -> int:
        """What the daemon takes of memory, in bytes."""
        return rss_of(self.station.pid)

    @contextmanager
    def connected(
        self, own: KeyPair | None, kind: int = zmq.DEALER, identity: bytes = b""
    ) -> Generator[zmq.Socket[bytes]]:
        """Connect over the network, with a key or (None) without security."""
        with zmq.Context() as context:
            plain = context.socket(kind)
            plain.setsockopt(zmq.LINGER, 0)
            if identity:
                plain.setsockopt(zmq.IDENTITY, identity)
            if own is not None:
                plain.curve_publickey = own.public.encode()
                plain.curve_secretkey = own.secret.encode()
                plain.curve_serverkey = self.keys.public.encode()
            plain.connect(self.network)
            try:
                yield plain
            finally:
                plain.close()

    def ask(self, own: KeyPair | None, request: Request, seconds: float = PATIENCE) -> Reply | None:
        """Ask over the network; None if nobody answers."""
        with self.connected(own) as plain:
            return asked(plain, request, seconds)

    def still_serves(self) -> None:
        """Fail unless the daemon that was started answers here and over the network."""
        pid = self.station.pid
        assert self.ask(ADA, Ping(1, "test")) is not None, self.station.log
        self.station.exchange([REQUESTS.encode(Ping(1, "test"))])
        os.kill(pid, 0)


def asked(plain: zmq.Socket[bytes], request: Request, seconds: float = PATIENCE) -> Reply | None:
    """Ask on a socket; None if nobody answers."""
    plain.send(REQUESTS.encode(request))
    if not plain.poll(int(seconds * 1000)):
        return None
    return REPLIES.decode(plain.recv_multipart()[0])


def rss_of(pid: int) -> int:
    """Return what a process takes of memory, in bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
