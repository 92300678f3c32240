"""A station of one's own: a real daemon with simulated controllers, in a temporary folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import stationd
from stationd import jobs

T1 = 50e-6
"""Seconds; the relaxation time of the simulated sample."""

STATION = """\
[station]
name = "demo"
state = "{folder}/state"
runtime = "{folder}"

[metrics]
listen = "127.0.0.1:0"

"""

CONTROLLERS = f"""\
[controllers.qpu]
driver = "simulated-qpu"
options = {{ qubits = 5, seed = 11, time_per_shot = 1e-3, shots_per_block = 50 }}

[controllers.source]
driver = "simulated-source"
options = {{ cable = "{{folder}}/cable", time_per_point = 5e-3 }}

[controllers.readout]
driver = "simulated-readout"
options = {{ cable = "{{folder}}/cable", time_per_point = 10e-3, seed = 11, t1 = {T1} }}

[targets.qpu]
controller = "qpu"
"""
"""Those of the demo. The station's own folder stands for ``{{folder}}``."""

CONNECT_SECONDS = 120
STOP_SECONDS = 30


@dataclass
class LocalStation:
    """A daemon that runs as a process of its own."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        """Where clients connect."""
        return f"ipc://{self.folder}/jobs.sock"

    @property
    def log(self) -> str:
        """What the daemon has said so far."""
        return (self.folder / "log").read_text()

    @property
    def metrics_url(self) -> str:
        """Where Prometheus would scrape; the daemon took a free port and has logged it."""
        found = re.search(r"metrics at (http://\S+)", self.log)
        assert found is not None, "the daemon did not say where its metrics are"
        return f"{found[1]}/metrics"

    def wait_connected(self) -> None:
        """Wait until the daemon answers and all its controllers have connected.

        On a busy machine that takes a while.

        Raises:
            StationUnreachable: The daemon has ended, or does not answer in time.
            TimeoutError: Not all controllers have connected in time.
        """
        deadline = time.monotonic() + CONNECT_SECONDS
        while not self._all_connected(deadline):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not all controllers connected: {jobs.controllers()}")
            time.sleep(0.05)

    def _all_connected(self, deadline: float) -> bool:
        try:
            return all(one.connected for one in jobs.controllers())
        except stationd.StationUnreachable:
            if self.process.poll() is not None or time.monotonic() > deadline:
                print(self.log[-2000:])
                raise
            return False

    def stop(self) -> int:
        """Ask the daemon to stop, as systemd would, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def local_station(controllers: str = CONTROLLERS) -> Iterator[LocalStation]:
    """Start a daemon; whatever happens, it and its folder are gone in the end.

    Args:
        controllers: The configuration's tables of controllers and targets. Drivers of their own
            may stand in modules beside this one.
    """
    with tempfile.TemporaryDirectory(prefix="stationd-") as name:
        folder = Path(name)
        config = folder / "stationd.toml"
        config.write_text((STATION + controllers).replace("{folder}", name))
        daemon = Path(sys.executable).with_name("stationd")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [daemon, "serve", "--config", config],
                stdout=log,
                stderr=log,
                env=_environment(),
            )
        station = LocalStation(folder, process)
        stationd.connect(station.endpoint)
        try:
            yield station
        finally:
            jobs.close()
            _end(station)


def _environment() -> dict[str, str]:
    """Return this process' environment, with the modules beside this one to be imported."""
    places = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}


def _end(station: LocalStation) -> None:
    if station.process.poll() is not None:
        return
    try:
        station.stop()
    except subprocess.TimeoutExpired:
        station.process.kill()
        station.process.wait()
