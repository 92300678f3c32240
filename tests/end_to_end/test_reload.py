"""SIGHUP: another configuration for a daemon that runs, and a watchdog that it feeds meanwhile."""

import queue
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd.proto.jobs_protocol import Ping, Pong
from tests.end_to_end.station import NULL, PATIENCE, Station, on_asyncio, until

WATCHDOG_SECONDS = 1.5


class Supervisor:
    """Listens as systemd does: always, for nobody must be held up by what is not read."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self._said = queue.SimpleQueue[str]()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while said := self._socket.recv(4096):
            for line in said.decode().splitlines():
                self._said.put(line)

    def heard(self, beginning: str) -> str:
        """Wait until the daemon says something that begins so, and return it."""
        while not (said := self._said.get(timeout=PATIENCE)).startswith(beginning):
            pass
        return said

    def close(self) -> None:
        # Nothing in it ends the listening.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(b"", self.address)
        self._thread.join()
        self._socket.close()


@pytest.fixture
def station(backend: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Station, Supervisor]]:
    station = Station(backend, NULL)
    supervisor = Supervisor(station.folder)
    monkeypatch.setenv("NOTIFY_SOCKET", supervisor.address)
    monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCHDOG_SECONDS * 1_000_000)))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    try:
        yield station.start(), supervisor
    finally:
        station.end_all()
        supervisor.close()
        station.close()


@on_asyncio
def test_a_reload_is_taken_and_told_and_a_mistake_changes_nothing(
    station: tuple[Station, Supervisor],
) -> None:
    running, supervisor = station
    supervisor.heard("WATCHDOG=1")

    running.config.write_text(
        running.config.read_text().replace("processes = 1", "processes = 2")
        + "\n[retention]\ndays = 2\n"
    )
    running.send_signal(signal.SIGHUP)
    assert int(supervisor.heard("MONOTONIC_USEC=").partition("=")[2]) > 0
    assert supervisor.heard("STATUS=").endswith("; restart to apply workers.processes")
    until(lambda: "reloaded retention.days" in running.log, "it is in the log")

    running.config.write_text("[retention]\ndays = 'many'\n")
    running.send_signal(signal.SIGHUP)
    assert "; not reloaded: " in supervisor.heard("STATUS=")
    assert running.ask(Ping(1, "test"), Pong).request == 1

    supervisor.heard("WATCHDOG=1")
    assert running.stop() == 0
    running.check()
