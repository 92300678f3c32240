"""A real station to measure: a daemon process, controller processes, files on the disk."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import anyio

import stationd
from stationd.aio import jobs
from stationd.proto.jobs_protocol import ControllerView

ROOT: Final = Path(__file__).parent.parent
START_SECONDS: Final = 120.0
_LISTEN_SECONDS: Final = 0.5
STOP_SECONDS: Final = 60.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")

_DAEMON: Final = """
[station]
state = "{folder}/state"
runtime = "{folder}/run"
backend = "{backend}"
stop_timeout = 5.0
[metrics]
listen = "127.0.0.1:0"
[workers]
prewarm = {prewarm}
"""

STOPWATCH: Final = """
[controllers.instrument]
driver = "benchmarks.stopwatch:Stopwatch"
[controllers.instrument.options]
times = "{folder}/times.npy"
[targets.instrument]
controller = "instrument"
"""
"""One controller that notes when it was at work."""


class Station:
    """A station in a folder of its own.

    Args:
        folder: Where all its files are.
        backend: The daemon's event loop.
        controllers: Tables of the configuration, in which ``{folder}`` stands for the folder.
        prewarm: Whether its workers start with it.
    """

    def __init__(
        self, folder: Path, backend: str, controllers: str = STOPWATCH, *, prewarm: bool = False
    ) -> None:
        self.folder = folder
        self.endpoint = f"ipc://{folder}/run/jobs.sock"
        self.config = folder / "stationd.toml"
        text = (_DAEMON + controllers).replace("{folder}", str(folder))
        text = text.replace("{backend}", backend).replace("{prewarm}", str(prewarm).lower())
        self.config.write_text(text, encoding="utf-8")
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
        """Start the daemon and wait until it says that it accepts jobs, and answers.

        A client that tried to connect meanwhile would do so a few times a second.
        """
        command = [sys.executable, "-m", "stationd.runtime.cli", "serve", "-c", str(self.config)]
        ears = self.folder / "ears"
        told = environment() | {"NOTIFY_SOCKET": str(ears)}
        with _listening(ears) as ear, self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - nothing else is done meanwhile
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=told
            )
            with anyio.fail_after(START_SECONDS):
                while not await _said(ear, b"READY=1"):
                    if self._process.poll() is not None:
                        said = self._log.read_text(encoding="utf-8")[-2000:]
                        raise RuntimeError(f"the daemon has ended: {said}")
        stationd.connect(self.endpoint)
        await jobs.ping()

    async def stop(self, number: int = signal.SIGTERM) -> None:
        """End the daemon, and wait until it has ended; by force if it takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            await anyio.to_thread.run_sync(self._process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def end_controllers(self) -> None:
        """End controllers that a daemon has left behind when it was killed."""
        for lock in self.folder.glob("state/controllers/*/lock"):
            pid = int(lock.read_text(encoding="utf-8") or 0)
            command = Path(f"/proc/{pid}/cmdline")
            # The number may be another program's by now.
            if command.exists() and os.fsencode(self.config) in command.read_bytes():
                os.kill(pid, signal.SIGKILL)

    async def wait_connected(self) -> tuple[ControllerView, ...]:
        """Wait until all controllers have connected; nobody tells, so one asks."""
        with anyio.fail_after(START_SECONDS):
            while True:
                views = await jobs.controllers()
                if all(view.connected for view in views):
                    return views
                await anyio.sleep(0.02)

    def memory_kib(self, what: str = "VmRSS") -> int:
        """Return the daemon's resident memory; the most that it ever had for ``VmHWM``."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(what))

    def cpu_seconds(self) -> float:
        """Return what the daemon's own process has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def metrics(self) -> dict[str, float]:
        """Scrape the daemon once."""
        text = self.scrape().decode()
        lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    @property
    def address(self) -> str:
        """Where it serves its metrics and the status page."""
        said = self._log.read_text(encoding="utf-8")
        return str(re.findall(r"metrics at (http://\S+)", said)[-1])

    def scrape(self) -> bytes:
        """Return what Prometheus would be told."""
        with urllib.request.urlopen(f"{self.address}/metrics", timeout=30) as answer:  # noqa: S310 - our own
            return bytes(answer.read())

    @property
    def _log(self) -> Path:
        return self.folder / "log"


@asynccontextmanager
async def running(
    backend: str, controllers: str = STOPWATCH, *, prewarm: bool = False, at: Path | None = None
) -> AsyncIterator[Station]:
    """Run a station while the context lasts, its controllers connected.

    Args:
        backend: The daemon's event loop.
        controllers: Tables of the configuration.
        prewarm: Whether its workers start with it.
        at: The folder of an earlier station, which goes on; None for a new one, which leaves
            nothing behind.
    """
    with ExitStack() as stack:
        folder = at or Path(stack.enter_context(new_folder()))
        station = Station(folder, backend, controllers, prewarm=prewarm)
        try:
            await station.start()
            await station.wait_connected()
            yield station
        finally:
            with anyio.CancelScope(shield=True):
                await jobs.close()
                await station.stop()
                station.end_controllers()


def new_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder whose path is short enough for sockets in it."""
    return tempfile.TemporaryDirectory(prefix="bench", dir="/tmp", ignore_cleanup_errors=True)


@contextmanager
def _listening(path: Path) -> Generator[socket.socket]:
    """Be whom a daemon tells how things stand, as systemd would."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.settimeout(0)
        ear.bind(str(path))
        try:
            yield ear
        finally:
            path.unlink()


async def _said(ear: socket.socket, line: bytes) -> bool:
    """Wait for what a daemon says next, but not for long; return whether it was that."""
    with anyio.move_on_after(_LISTEN_SECONDS):
        await anyio.wait_readable(ear)
        return line in ear.recv(4096).split(b"\n")
    return False


def environment() -> dict[str, str]:
    """Return the environment of processes that import `benchmarks`.

    They keep their bytecode, as what is installed has it, whatever the shell says.
    """
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "",
    }
