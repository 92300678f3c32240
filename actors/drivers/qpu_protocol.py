"""What a driver and the process that plays its QPU say to each other.

One request at a time, each answered: what failed is answered too, and the process goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.actors.raised import in_words
from stationd.proto.program import NativeCircuit, Qpu

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection


class Describe(Struct, frozen=True, tag=True):
    """Say what the QPU is."""


class Load(Struct, frozen=True, tag=True):
    """Take a circuit to execute; replaces the last one."""

    circuit: NativeCircuit
    calibration: dict[str, float]


class Sample(Struct, frozen=True, tag=True):
    """Execute the loaded circuit so many times."""

    shots: int
    seed: int


class Described(Struct, frozen=True, tag=True):
    """The QPU."""

    qpu: Qpu


class Loaded(Struct, frozen=True, tag=True):
    """The circuit can be executed."""


class Bits(Struct, frozen=True, tag=True):
    """The classical bits, ``(shots, n_bits)`` uint8 in C order."""

    data: bytes


class Unable(Struct, frozen=True, tag=True):
    """The request could not be carried out."""

    detail: str


Request = Describe | Load | Sample
Answer = Described | Loaded | Bits | Unable

ENCODER: Final = msgspec.msgpack.Encoder()
REQUESTS: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
ANSWERS: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


def serve(connection: Connection, answer: Callable[[Request], Answer]) -> None:
    """Answer requests until the other side closes the connection."""
    while True:
        try:
            request = REQUESTS.decode(connection.recv_bytes())
            connection.send_bytes(ENCODER.encode(_answered(request, answer)))
        except (EOFError, OSError):
            return


def _answered(request: Request, answer: Callable[[Request], Answer]) -> Answer:
    try:
        return answer(request)
    except Exception as error:  # noqa: BLE001 - the next request may be better
        return Unable(in_words(error))
