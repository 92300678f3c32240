"""One session of each kind of the fuzz campaign: something gone wrong, and what must not follow.

Rule 1. What a session sends is decided by its chance alone.
Rule 2. A session that finds something raises; whatever it was refused with is no find.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import NamedTuple

import zmq

from stationd.actors.ledger.ledger import Ledger
from stationd.proto.error import StationError
from stationd.runtime.settings import load
from tests.attacks.mutation import mutated
from tests.attacks.open_station import OpenStation
from tests.attacks.zmtp import MORE, connected, frame, greeting, handshake, shaken

GOLDEN = Path(__file__).parents[1] / "proto" / "golden"
_FRAMES_TOGETHER = 20


class Corpus(NamedTuple):
    """What is mutated."""

    jobs: list[bytes]
    """Frames of the jobs protocol."""
    instruments: list[bytes]
    config: bytes
    ledger: Path
    """A copy of a controller's directory."""


class Target(NamedTuple):
    """What is attacked."""

    station: OpenStation
    context: "zmq.Context[zmq.Socket[bytes]]"
    corpus: Corpus
    scratch: Path


def golden(protocol: str) -> list[bytes]:
    """Return the frames that are the protocol."""
    entries = json.loads((GOLDEN / f"{protocol}.json").read_text())
    return [bytes.fromhex(entry["frame"].replace(" ", "")) for entry in entries.values()]


def jobs_frames(target: Target, chance: Random) -> None:
    """Send mutated requests as a client."""
    _frames(target, target.station.local, target.corpus.jobs, chance)


def instruments_frames(target: Target, chance: Random) -> None:
    """Send mutated reports as a controller."""
    endpoint = target.station.station.instruments_endpoint
    _frames(target, endpoint, target.corpus.instruments, chance)


def _frames(target: Target, endpoint: str, corpus: list[bytes], chance: Random) -> None:
    with closing(target.context.socket(zmq.DEALER)) as plain:
        plain.setsockopt(zmq.LINGER, 1000)
        plain.connect(endpoint)
        for _ in range(_FRAMES_TOGETHER):
            parts = [
                mutated(chance.choice(corpus), chance) for _ in range(chance.choice((1, 1, 2)))
            ]
            plain.send_multipart(parts)
        with suppress(zmq.Again):
            while True:
                plain.recv_multipart(zmq.NOBLOCK)


def jobs_stream(target: Target, chance: Random) -> None:
    """Speak a mutated ZMTP to the clients' socket."""
    _stream(target.station.local, target.corpus.jobs, chance)


def instruments_stream(target: Target, chance: Random) -> None:
    """Speak a mutated ZMTP to the controllers' socket."""
    _stream(target.station.station.instruments_endpoint, target.corpus.instruments, chance)


def network_stream(target: Target, chance: Random) -> None:
    """Speak a mutated ZMTP to the network's socket, with and without CURVE."""
    _stream(target.station.network, target.corpus.jobs, chance, chance.choice(("NULL", "CURVE")))


def _stream(endpoint: str, corpus: list[bytes], chance: Random, mechanism: str = "NULL") -> None:
    if mechanism == "NULL":
        start = handshake()
    else:
        # The version, a key that is none, a nonce and a box full of chance.
        start = greeting("CURVE") + frame(b"\x05HELLO" + b"\x01\x00" + chance.randbytes(192), 4)
    sent = [
        frame(chance.choice(corpus), MORE if chance.random() < 0.3 else 0)
        for _ in range(chance.randint(0, 5))
    ]
    # Often enough the handshake is as it should be, so that what follows is looked at.
    shake = mechanism == "NULL" and chance.random() < 0.7
    data = mutated(b"".join(sent) if shake else start + b"".join(sent), chance)
    opened = shaken if shake and endpoint.startswith("ipc") else connected
    with suppress(OSError), opened(endpoint) as plain:
        plain.settimeout(1.0)
        plain.sendall(data)
        plain.setblocking(False)  # noqa: FBT003
        plain.recv(65536)


def configuration(target: Target, chance: Random) -> None:
    """Read a mutated configuration file."""
    path = target.scratch / "station.toml"
    path.write_bytes(mutated(target.corpus.config, chance))
    with suppress(StationError):
        load(path)


def ledger(target: Target, chance: Random) -> None:
    """Open a mutated ledger, and what is spooled in it."""
    folder = target.scratch / "ledger"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(target.corpus.ledger, folder)
    file = chance.choice(sorted(path for path in folder.iterdir() if path.name != "lock"))
    file.write_bytes(mutated(file.read_bytes(), chance))
    with suppress(StationError):
        opened = Ledger(folder)
        try:
            opened.start([], lambda _: None)
        finally:
            opened.close()


KINDS: Mapping[str, Callable[[Target, Random], None]] = {
    "jobs frames": jobs_frames,
    "instruments frames": instruments_frames,
    "jobs ZMTP": jobs_stream,
    "instruments ZMTP": instruments_stream,
    "network ZMTP": network_stream,
    "configuration": configuration,
    "ledger": ledger,
}
