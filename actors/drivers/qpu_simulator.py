"""The process in which the simulated QPU's circuits are simulated.

``python -m stationd.actors.drivers.qpu_simulator FD``: answers requests on the connection with
that descriptor, one at a time, until it is closed. Simulations hold the interpreter's lock for
seconds; here they are in nobody's way, and can be killed.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection
from typing import Final

import msgspec
from msgspec import Struct

from stationd.actors.drivers.qpu_engines import Engine, engine_for, run_circuit
from stationd.actors.drivers.qpu_noise import NoisyCircuit, noisy_circuit
from stationd.actors.untyped import load
from stationd.proto.program import NativeCircuit


class Load(Struct, frozen=True, tag=True):
    """Take a circuit to simulate; replaces the last one."""

    circuit: NativeCircuit
    calibration: dict[str, float]


class Sample(Struct, frozen=True, tag=True):
    """Execute the loaded circuit so many times."""

    shots: int
    seed: int


class Loaded(Struct, frozen=True, tag=True):
    """The circuit can be executed."""


class Bits(Struct, frozen=True, tag=True):
    """The classical bits, ``(shots, n_bits)`` uint8 in C order."""

    data: bytes


class Unable(Struct, frozen=True, tag=True):
    """The request could not be carried out."""

    detail: str


Request = Load | Sample
Answer = Loaded | Bits | Unable

ENCODER: Final = msgspec.msgpack.Encoder()
REQUESTS: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request)
ANSWERS: Final[msgspec.msgpack.Decoder[Answer]] = msgspec.msgpack.Decoder(Answer)


class Simulator:
    """Answers requests; what fails is answered too."""

    def __init__(self) -> None:
        self._loaded: tuple[NoisyCircuit, Engine] | None = None

    def answer(self, request: Request) -> Answer:
        """Carry out a request."""
        try:
            match request:
                case Load(circuit, calibration):
                    return self._load(circuit, calibration)
                case Sample(shots, seed):
                    return self._sample(shots, seed)
        except Exception as error:  # noqa: BLE001 - the next circuit may be better
            return Unable(f"{type(error).__name__}: {str(error)[:500]}")

    def _load(self, circuit: NativeCircuit, calibration: dict[str, float]) -> Answer:
        noisy = noisy_circuit(circuit, calibration)
        self._loaded = noisy, engine_for(noisy)
        return Loaded()

    def _sample(self, shots: int, seed: int) -> Answer:
        if self._loaded is None:
            return Unable("no circuit has been loaded")
        circuit, engine = self._loaded
        return Bits(run_circuit(engine, circuit, shots, seed).tobytes())


def serve(connection: Connection) -> None:
    """Answer requests until the other side closes the connection."""
    simulator = Simulator()
    while True:
        try:
            request = REQUESTS.decode(connection.recv_bytes())
            connection.send_bytes(ENCODER.encode(simulator.answer(request)))
        except (EOFError, OSError):
            return


def main() -> None:
    """Serve the connection that the command line names."""
    # Ctrl+C at the terminal is for the controller; we end when it closes the connection.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    # Now, and not when the first circuit is waiting.
    for library in ("qiskit", "qiskit_aer.noise", "stim"):
        load(library)
    serve(connection)
    # Whatever the libraries would still do at exit, nobody is waiting for it.
    os._exit(0)


if __name__ == "__main__":
    main()
