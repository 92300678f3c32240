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
from typing import TYPE_CHECKING

from stationd.actors.drivers.qpu_engines import Engine, engine_for, run_circuit
from stationd.actors.drivers.qpu_noise import NoisyCircuit, noisy_circuit
from stationd.actors.drivers.qpu_protocol import Bits, Describe, Load, Loaded, Sample, Unable, serve
from stationd.actors.untyped import load

if TYPE_CHECKING:
    from stationd.actors.drivers.qpu_protocol import Answer, Request
    from stationd.proto.program import NativeCircuit


class Simulator:
    """Answers requests."""

    def __init__(self) -> None:
        self._loaded: tuple[NoisyCircuit, Engine] | None = None

    def answer(self, request: Request) -> Answer:
        """Carry out a request."""
        match request:
            case Load(circuit, calibration):
                return self._load(circuit, calibration)
            case Sample(shots, seed):
                return self._sample(shots, seed)
            case Describe():
                return Unable("the driver knows itself what it simulates")

    def _load(self, circuit: NativeCircuit, calibration: dict[str, float]) -> Answer:
        noisy = noisy_circuit(circuit, calibration)
        self._loaded = noisy, engine_for(noisy)
        return Loaded()

    def _sample(self, shots: int, seed: int) -> Answer:
        if self._loaded is None:
            return Unable("no circuit has been loaded")
        circuit, engine = self._loaded
        return Bits(run_circuit(engine, circuit, shots, seed).tobytes())


def main() -> None:
    """Serve the connection that the command line names."""
    # Ctrl+C at the terminal is for the controller; we end when it closes the connection.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(int(sys.argv[1]))
    # Now, and not when the first circuit is waiting.
    for library in ("qiskit", "qiskit_aer.noise", "stim"):
        load(library)
    serve(connection, Simulator().answer)
    # Whatever the libraries would still do at exit, nobody is waiting for it.
    os._exit(0)


if __name__ == "__main__":
    main()
