"""A real station to measure: a daemon process, a controller process, files on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

import stationd
from stationd.aio import jobs
from stationd.proto.program import Circuits, NullProgram

ROOT = Path(__file__).parent.parent

CONFIG = """
[station]
state = "{folder}/state"
runtime = "{folder}/run"
backend = "{backend}"
[metrics]
listen = ""
[workers]
prewarm = false
[controllers.instrument]
driver = "benchmarks.stopwatch:Stopwatch"
[controllers.instrument.options]
times = "{folder}/times.npy"
[targets.instrument]
controller = "instrument"
"""


class Station:
    """A station in a folder of its own."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.folder = folder
        self._config = folder / "stationd.toml"
        self._config.write_text(CONFIG.format(folder=folder, backend=backend), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The daemon's."""
        assert self._process is not None
        return self._process.pid

    @property
    def times(self) -> Path:
        """When each execution began and ended; written when the station has stopped."""
        return self.folder / "times.npy"

    async def start(self) -> None:
        """Start the daemon and wait until it answers."""
        command = [sys.executable, "-m", "stationd.runtime.cli", "serve", "-c", str(self._config)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is done meanwhile
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
        stationd.connect(f"ipc://{self.folder}/run/jobs.sock")
        with anyio.fail_after(120):
            while True:
                try:
                    await jobs.ping()
                except stationd.StationUnreachable:
                    continue
                return

    async def stop(self, number: int = signal.SIGTERM) -> None:
        """End the daemon, and wait until it has ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)
            await anyio.to_thread.run_sync(self._process.wait)


@asynccontextmanager
async def running(backend: str) -> AsyncIterator[Station]:
    """Run a station while the context lasts."""
    with tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True) as folder:
        station = Station(Path(folder), backend)
        await station.start()
        try:
            yield station
        finally:
            await station.stop()


def null(seconds: float = 0.0) -> Circuits:
    """Return a program that does nothing, or nothing for a while."""
    return Circuits(programs=(NullProgram(duration=seconds),), n_shots=(1,))
