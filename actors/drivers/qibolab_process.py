"""The process in which a Qibolab platform lives: it speaks to the hardware, or emulates it.

``python -m stationd.actors.drivers.qibolab_process FD PLATFORM``: connects to the instruments,
then answers requests on the connection with that descriptor until it is closed. A process of its
own, since Qibolab takes the signals of its main thread for itself, and since its emulator holds
the interpreter's lock.
"""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stationd.actors.drivers.qibolab_sequences import Pulses, qpu_of
from stationd.actors.drivers.qpu_protocol import (
    Bits,
    Describe,
    Described,
    Load,
    Loaded,
    Sample,
    Unable,
    serve,
)
from stationd.actors.untyped import load

if TYPE_CHECKING:
    from stationd.actors.drivers.qpu_protocol import Answer, Request
    from stationd.proto.program import NativeCircuit

_MOST_SEED: Final = 2**32


def open_platform(place: str) -> Any:  # noqa: ANN401 - Qibolab has no types for us
    """Return a connected platform: ``dummy``, or the folder that holds its ``platform.py``.

    A name without a folder is looked for where ``QIBOLAB_PLATFORMS`` says.
    """
    folder, name = os.path.split(place.rstrip("/"))
    if folder:
        if not (Path(place) / "platform.py").is_file():
            raise FileNotFoundError(f"there is no {place}/platform.py")
        os.environ["QIBOLAB_PLATFORMS"] = folder
    platform = load("qibolab").create_platform(name)
    platform.connect()
    return platform


class Player:
    """Answers requests for one platform.

    Args:
        platform: A connected ``qibolab.Platform``.
    """

    def __init__(self, platform: Any) -> None:  # noqa: ANN401
        self._platform = platform
        self._loaded: tuple[NativeCircuit, Pulses] | None = None

    def answer(self, request: Request) -> Answer:
        """Carry out a request."""
        match request:
            case Describe():
                return Described(qpu_of(self._platform))
            case Load(circuit):
                self._loaded = circuit, Pulses(self._platform, circuit)
                return Loaded()
            case Sample(shots, seed):
                return self._sample(shots, seed)

    def _sample(self, shots: int, seed: int) -> Answer:
        if self._loaded is None:
            return Unable("no circuit has been loaded")
        circuit, pulses = self._loaded
        # Emulated platforms draw their outcomes here; real ones have noise of their own.
        np.random.seed(seed % _MOST_SEED)  # noqa: NPY002 - it is what Qibolab draws from
        qibolab = load("qibolab")
        outcomes = self._platform.execute(
            [pulses.sequence],
            nshots=shots,
            acquisition_type=qibolab.AcquisitionType.DISCRIMINATION,
            averaging_mode=qibolab.AveragingMode.SINGLESHOT,
        )
        bits = np.zeros((shots, circuit.n_bits), np.uint8)
        for acquisition, bit in pulses.bits.items():
            bits[:, bit] = outcomes[acquisition]
        return Bits(bits.tobytes())


class _Unopened:
    """Answers all requests with the reason why there is no platform."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def answer(self, _request: Request) -> Answer:
        return Unable(self._reason)


def main() -> None:
    """Serve the connection that the command line names, for the platform that it names."""
    connection = Connection(int(sys.argv[1]))
    try:
        platform = open_platform(sys.argv[2])
    except Exception as error:  # noqa: BLE001 - whatever a platform's own file raises is told
        reason = f"{type(error).__name__}: {str(error)[:500]}"
        serve(connection, _Unopened(reason).answer)
        return
    # Ctrl+C at the terminal is for the controller, whatever Qibolab has asked for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        serve(connection, Player(platform).answer)
    finally:
        platform.disconnect()


if __name__ == "__main__":
    main()
