"""A driver for a vector network analyser: what stationd needs to sweep it."""

from __future__ import annotations

import socket
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from stationd import InstrumentError
from stationd.actors.driver import Execution, SettingsDriver
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue, Work

COMMANDS = {"start": "FREQ:STAR", "stop": "FREQ:STOP", "power": "SOUR:POW"}


class Vna(SettingsDriver):
    """Sets power and frequencies, and reads traces.

    Every job has a connection of its own: an answer that comes too late never answers the next
    question, and after a power cycle the next job just works.

    Args:
        host: Where the instrument is.
        port: Its port for SCPI.
        points: Of a trace.
        timeout: Seconds that an answer may take.
    """

    def __init__(
        self, *, port: int, host: str = "127.0.0.1", points: int = 201, timeout: float = 10
    ) -> None:
        self._place = (host, port)
        self._points = points
        self._timeout = timeout

    def describe(self) -> Capabilities:
        """Offer power and span, and traces with their frequencies."""
        return Capabilities(
            settings=(
                Setting(name="power", unit="dBm", minimum=-80, maximum=10),
                Setting(name="start", unit="Hz", minimum=10e6, maximum=20e9),
                Setting(name="stop", unit="Hz", minimum=10e6, maximum=20e9),
            ),
            readouts=(
                Readout(name="frequency", unit="Hz", shape=(self._points,)),
                Readout(name="s21", dtype="<c16", shape=(self._points,)),
            ),
        )

    def run(self, work: Work, execution: Execution) -> None:
        """Connect, set the number of points, and sweep."""
        with Scpi(self._place, self._timeout) as self._vna:
            self._vna.tell(f"SWE:POIN {self._points}")
            super().run(work, execution)

    def set(self, name: str, value: SettingValue) -> None:
        """Change a setting."""
        self._vna.tell(f"{COMMANDS[name]} {value}")

    def read(self, name: str) -> ArrayLike:
        """Take a trace, or say at which frequencies it is taken."""
        if name == "frequency":
            return self._vna.ask_block("FREQ:DATA?")
        self._vna.tell("INIT")
        return self._vna.ask_block("CALC:DATA? SDAT").view(np.complex128)


class Scpi:
    """A conversation with an instrument."""

    def __init__(self, place: tuple[str, int], timeout: float) -> None:
        self._socket = socket.create_connection(place, timeout)
        self._answers = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._answers.close()
        self._socket.close()

    def tell(self, command: str) -> None:
        """Send a command, and wait until it has been carried out.

        Raises:
            InstrumentError: The instrument does not like it.
        """
        self._send(f"{command};SYST:ERR?")
        error = self._answers.readline().decode("ascii").strip()
        if not error.startswith("0,"):
            raise InstrumentError(f"the analyser says {error}")

    def ask_block(self, query: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return the numbers that an instrument sends as a block (IEEE 488.2)."""
        self._send(query)
        mark, digits = self._answers.read(2).decode("ascii")
        if mark != "#":
            raise InstrumentError(f"the analyser's answer to {query} is no block")
        data = self._answers.read(int(self._answers.read(int(digits))))
        self._answers.readline()
        return np.frombuffer(data, "<f8")

    def _send(self, line: str) -> None:
        self._socket.sendall(f"{line}\n".encode("ascii"))
