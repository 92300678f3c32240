"""A driver without any time-out, for an instrument that speaks SCPI over TCP."""

import socket

from stationd.actors.driver import SettingsDriver
from stationd.proto.program import Capabilities, Readout, Setting, SettingValue, Work


class Patient(SettingsDriver):
    """Waits for ever for an answer: asks who is there before a job, and its frequency in it."""

    def __init__(self, *, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._answers = self._socket.makefile()

    def describe(self) -> Capabilities:
        return Capabilities(
            settings=(Setting(name="power", unit="dBm"),),
            readouts=(Readout(name="frequency", unit="Hz"),),
        )

    def prepare(self, work: Work) -> None:
        self._ask("*IDN?")

    def set(self, name: str, value: SettingValue) -> None:
        self._socket.sendall(f"SOUR:POW {value}\n".encode())

    def read(self, name: str) -> float:
        return float(self._ask("SOUR:FREQ?"))

    def _ask(self, line: str) -> str:
        self._socket.sendall(f"{line}\n".encode())
        return self._answers.readline()
