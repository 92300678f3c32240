"""A source-meter that speaks SCPI over TCP: sets a voltage, reads a current."""

import socket

from stationd.actors.driver import SettingsDriver
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue

COMMANDS = {"voltage": "SOUR:VOLT {:g}", "output": "OUTP {:d}"}
QUERIES = {"voltage": "SOUR:VOLT?", "current": "MEAS:CURR?"}


class SourceMeter(SettingsDriver):
    def __init__(self, *, host: str, port: int = 5025, timeout: float = 5.0) -> None:
        self._where, self._timeout = (host, port), timeout
        self._socket: socket.socket | None = None

    def describe(self) -> Capabilities:
        voltage = Setting(name="voltage", unit="V", minimum=-10.0, maximum=10.0)
        output = Setting(name="output", type="bool")
        readouts = Readout(name="voltage", unit="V"), Readout(name="current", unit="A")
        return Capabilities(settings=(voltage, output), readouts=readouts)

    def set(self, name: str, value: SettingValue) -> None:
        self._talk(COMMANDS[name].format(value))

    def read(self, name: str) -> float:
        return float(self._talk(QUERIES[name]))

    def close(self) -> None:
        self._talk("OUTP 0")
        self._hang_up()

    def _talk(self, line: str) -> str:
        try:
            if self._socket is None:
                self._socket = socket.create_connection(self._where, self._timeout)
                self._answers = self._socket.makefile()
            self._socket.sendall(f"{line}\n".encode())
            return self._answers.readline() if line.endswith("?") else ""
        except OSError:
            self._hang_up()  # a late answer would be taken for that of the next question
            raise

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._answers.close()
            self._socket.close()
            self._socket = None
