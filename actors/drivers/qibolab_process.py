"""The process in which a Qibolab platform lives: it speaks to the hardware, or emulates it.

``python -m stationd.actors.drivers.qibolab_process FD PLATFORM``: connects to the instruments,
then answers requests on the connection with that descriptor until it is closed. A process of its
own, since Qibolab takes the signals of its main thread for itself, and since its emulator holds
the interpreter's lock.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from stationd.actors.drivers.platform_process import play
from stationd.actors.drivers.qibolab_sequences import Pulses, qpu_of
from stationd.actors.drivers.qpu_protocol import (
    Bits,
    Describe,
    Described,
    Load,
    Loaded,
    Sample,
    Unable,
)
from stationd.actors.untyped import load

if TYPE_CHECKING:
    from stationd.actors.drivers.qpu_protocol import Answer, Request
    from stationd.proto.program import NativeCircuit

_MOST_SEED: Final = 2**32


def open_platform(place: str) -> Any:  # noqa: ANN401 - Qibolab has no types for us
    """Return a connected platform: ``dummy``, or the folder that holds its ``platform.py``.

    A name without a folder is looked for where ``QIBOLAB_PLATFORMS`` says.

    Raises:
        FileNotFoundError: The folder holds none. Whatever Qibolab raises, besides.
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

    def close(self) -> None:
        """Let go of the instruments."""
        self._platform.disconnect()

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


def main() -> None:
    """Serve the connection that the command line names, for the platform that it names."""
    play(lambda: Player(open_platform(sys.argv[2])))


if __name__ == "__main__":
    main()
