"""A vector network analyser with a resonator at its ports: an instrument that speaks SCPI over TCP.

`python examples/vna.py` prints the port that it listens on, and serves until it is ended.

The resonator hangs beside a feed line, so that it shows as a notch (Probst et al., Review of
Scientific Instruments 86, 024706 (2015)). A qubit that is far away pulls on it: by g^2 / D as long
as there is little in it, and ever less with more power, by 1 / sqrt(1 + n / n_crit) (Boissonneault,
Gambetta and Blais, Physical Review Letters 105, 100504 (2010)). Here the number of photons n goes
with the power alone; where the real one has two states at the same power, this one has one.
"""

from __future__ import annotations

import socketserver
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class Sample:
    """What is measured: a resonator, and the cables to it."""

    bare: float = 6.5e9
    """Hertz; the resonator's frequency without the qubit."""
    pull: float = 2.1e6
    """Hertz; how far the qubit moves it."""
    critical_power: float = -25.0
    """dBm; where there are as many photons as the qubit can take."""
    internal_quality: float = 40_000.0
    coupling_quality: float = 12_000.0
    """1 / Re(1 / Qc)."""
    mismatch: float = 0.25
    """Radians; how far the feed line's reflections turn the notch."""
    gain: float = 0.3
    delay: float = 35e-9
    """Seconds; of the cables."""
    noise: float = -84.0
    """dBm; of each part of a reading."""

    def frequency(self, power: float) -> float:
        """Return where the resonator is at a power in dBm."""
        photons = 10 ** ((power - self.critical_power) / 10)  # in units of the critical number
        return self.bare + self.pull / np.sqrt(1 + photons)

    def s21(self, frequencies: Floats, power: float) -> Complex:
        """Return the transmission without noise."""
        f0 = self.frequency(power)
        loaded = 1 / (1 / self.internal_quality + 1 / self.coupling_quality)
        depth = loaded / self.coupling_quality * (1 + 1j * np.tan(self.mismatch))
        notch = 1 - depth / (1 + 2j * loaded * (frequencies / f0 - 1))
        return self.gain * np.exp(-2j * np.pi * frequencies * self.delay) * notch


class Analyser:
    """The instrument behind the socket: settings, a trace, and a queue of errors."""

    def __init__(self, sample: Sample, seed: int) -> None:
        self._sample = sample
        self._random = np.random.default_rng(seed)
        self._settings = {
            "FREQ:STAR": 6.4e9,
            "FREQ:STOP": 6.6e9,
            "SWE:POIN": 201,
            "SOUR:POW": -20.0,
        }
        self._trace: Complex = np.zeros(0, np.complex128)
        self._errors: list[str] = []
        self._queries: dict[str, Callable[[], bytes]] = {
            "*IDN?": lambda: b"stationd,simulated VNA,1,1.0",
            "*OPC?": lambda: b"1",
            "SYST:ERR?": self._oldest_error,
            "FREQ:DATA?": lambda: block(self._frequencies()),
            "CALC:DATA? SDAT": lambda: block(self._trace.view(np.float64)),
        }

    def obey(self, command: str) -> bytes | None:
        """Carry out a command; return the answer to a query."""
        header, _, value = command.partition(" ")
        if command in self._queries:
            return self._queries[command]()
        if command == "INIT":
            self._measure()
        elif header in self._settings and number(value) is not None:
            self._settings[header] = float(value)
        elif command.endswith("?") and header[:-1] in self._settings:
            return f"{self._settings[header[:-1]]:.12g}".encode()
        else:
            self._errors.append(f'-113,"Undefined header or data; {command}"')
        return None

    def _frequencies(self) -> Floats:
        start, stop = self._settings["FREQ:STAR"], self._settings["FREQ:STOP"]
        return np.linspace(start, stop, int(self._settings["SWE:POIN"]))

    def _oldest_error(self) -> bytes:
        return (self._errors.pop(0) if self._errors else '0,"No error"').encode()

    def _measure(self) -> None:
        power = self._settings["SOUR:POW"]
        spread = 10 ** ((self._sample.noise - power) / 20)
        clean = self._sample.s21(self._frequencies(), power)
        noise = self._random.normal(0, spread, (2, clean.size))
        self._trace = clean + noise[0] + 1j * noise[1]


def number(text: str) -> float | None:
    """Return what a parameter says, if it is a number."""
    try:
        return float(text)
    except ValueError:
        return None


def block(values: Floats) -> bytes:
    """Return numbers as a block (IEEE 488.2): #, digits of the length, length in bytes, bytes."""
    data = values.astype("<f8").tobytes()
    length = str(len(data)).encode()
    return b"#%d%b%b" % (len(length), length, data)


def serve(analyser: Analyser) -> None:
    """Listen on a free port of the loopback interface, and say which."""

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                for command in line.decode("ascii").strip().split(";"):
                    answer = analyser.obey(command.strip())
                    if answer is not None:
                        self.wfile.write(answer + b"\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Connection) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(Analyser(Sample(), seed=int(sys.argv[1]) if len(sys.argv) > 1 else 1))
