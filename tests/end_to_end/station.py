"""A real station for tests: a daemon process, its controllers, its journal, in a folder of its own.

All that a station starts inherits a mark in its environment, so that every process of it is
found again, however its parents ended, and none of anybody else's.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import pytest
import zmq

from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.jobs_protocol import (
    Controllers,
    ControllerView,
    ListControllers,
    Ping,
    Reply,
    Request,
)

R = TypeVar("R", bound=Reply)

on_asyncio = pytest.mark.parametrize("backend", ["asyncio"], indirect=True, scope="session")
"""For a test of which one of the daemon's event loops is enough: starting stations takes time."""
on_trio = pytest.mark.parametrize("backend", ["trio"], indirect=True, scope="session")

_left = pytest.mark.campaign
on_asyncio_daily = pytest.mark.parametrize(
    "backend", ["asyncio", pytest.param("trio", marks=_left)], indirect=True, scope="session"
)
"""For a test that holds on both loops: on the other one in `make campaigns`."""
on_trio_daily = pytest.mark.parametrize(
    "backend", ["trio", pytest.param("asyncio", marks=_left)], indirect=True, scope="session"
)

PATIENCE: Final = 90.0
"""Seconds after which something that should happen is taken for never happening.

Far more than any of it takes on a slow machine with other things to do; less than the suite's
own timeout, so that the failure says what did not happen.
"""
FOREVER: Final = 3600.0
"""Seconds that no test waits for: a job that takes so long still runs when the test acts."""
HELD: Final = 1.0
"""The duration of a null program that, with `GATED`, runs until the test lets it go."""
_LOOK: Final = 0.01
_MARK: Final = "STATIOND_TEST_STATION"

NULL = """
[controllers.nothing]
driver = "null"
[controllers.nothing.options]
executions = "{folder}/executions"
[targets.null]
controller = "nothing"
"""
"""One controller without an instrument, which notes every execution."""

GATED = """
[controllers.nothing]
driver = "tests.end_to_end.gated_driver:GatedDriver"
[controllers.nothing.options]
executions = "{folder}/executions"
gates = "{folder}/gates"
[targets.null]
controller = "nothing"
"""
"""The same, but a job with a duration runs until the test lets it go: `Station.let_go`."""

QPU = """
[controllers.qpu]
driver = "simulated-qpu"
[controllers.qpu.options]
qubits = 5
[targets.qpu]
controller = "qpu"
"""

BENCH = """
[controllers.source]
driver = "simulated-source"
[controllers.source.options]
cable = "{folder}/cable"
[controllers.readout]
driver = "simulated-readout"
[controllers.readout.options]
cable = "{folder}/cable"
"""

_DAEMON = """
[station]
name = "test"
state = "{folder}/state"
runtime = "{folder}/run"
backend = "{backend}"
stop_timeout = 60.0
[metrics]
listen = "127.0.0.1:0"
[workers]
processes = 1
prewarm = false
"""


class Station:
    """One station, which is started, stopped and killed as often as a test likes.

    Args:
        backend: The daemon's event loop, ``asyncio`` or ``trio``.
        parts: Tables of the configuration: `NULL` or `GATED`, `QPU`, `BENCH`, the test's own.
        settings: Replaces values of the daemon's own tables, as in ``("prewarm = false", "")``.
    """

    def __init__(self, backend: str, *parts: str, settings: Iterable[tuple[str, str]] = ()) -> None:
        # Not pytest's own folders: a socket's path must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="e2e-", dir="/tmp"))
        self.config = self.folder / "station.toml"
        self.executions = self.folder / "executions"
        (self.folder / "gates").mkdir()
        self.endpoint = f"ipc://{self.folder}/run/jobs.sock"
        self.instruments_endpoint = f"ipc://{self.folder}/run/instruments.sock"
        text = _DAEMON + "".join(parts)
        for old, new in settings:
            assert old in text, f"the configuration has no {old!r}"
            text = text.replace(old, new)
        # Not str.format: TOML has braces of its own.
        text = text.replace("{folder}", str(self.folder)).replace("{backend}", backend)
        self.config.write_text(text)
        self._daemon: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def change(self, old: str, new: str) -> None:
        """Replace something in the configuration, which holds from the next start on."""
        text = self.config.read_text()
        assert old in text, f"the configuration has no {old!r}"
        self.config.write_text(text.replace(old, new))

    # --- the daemon --------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._daemon is not None, "the station was never started"
        return self._daemon.pid

    def start(self) -> "Station":
        """Start the daemon and wait until it answers."""
        self.launch()
        wait_answers(self.endpoint, self.pid)
        assert is_alive(self.pid), self.log
        return self

    def launch(self) -> None:
        """Start the daemon, and wait for nothing."""
        self._starts += 1
        with self._log_file.open("wb") as log:
            self._daemon = subprocess.Popen(
                self.command("serve"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )

    def command(self, *words: str) -> list[str]:
        """Return the command line of `stationd` with this station's configuration."""
        return [sys.executable, "-m", "stationd.runtime.cli", *words, "--config", str(self.config)]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `stationd`, which should end by itself."""
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
            env=self.environment,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all processes of this station, clients too."""
        return {**os.environ, _MARK: str(self.folder), "STATIOND_ENDPOINT": self.endpoint}

    def kill(self) -> None:
        """End the daemon as the kernel does when memory runs out: without a word."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        os.kill(self.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the daemon to stop, and return its exit code."""
        self.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait until the daemon has ended, and return its exit code."""
        return self._wait()

    @property
    def log(self) -> str:
        """What this daemon and its controllers have written."""
        return self._log_file.read_text()

    @property
    def _log_file(self) -> Path:
        return self.folder / f"log.{self._starts}"

    def _wait(self) -> int:
        assert self._daemon is not None, "the station was never started"
        return self._daemon.wait(PATIENCE)

    # --- its controllers ---------------------------------------------------------------------

    def controller_pid(self, name: str) -> int:
        """Return the process of a controller that runs, by its lock."""
        return int((self.folder / "state" / "controllers" / name / "lock").read_text())

    def kill_controller(self, name: str) -> int:
        """End a controller without a word, and return what its process was."""
        pid = self.controller_pid(name)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_alive(pid), "the controller has ended")
        return pid

    def controller(self, name: str) -> ControllerView:
        """Return what the daemon says of a controller."""
        answer = self.ask(ListControllers(1), Controllers)
        return next(view for view in answer.controllers if view.name == name)

    def wait_connected(self, *names: str) -> None:
        """Wait until controllers have connected."""
        for name in names:
            until(partial(self._is_connected, name), f"{name} is connected")

    def _is_connected(self, name: str) -> bool:
        return self.controller(name).connected

    @property
    def tickets_executed(self) -> list[int]:
        """The numbers of the tickets that the null driver has executed, in order."""
        if not self.executions.exists():
            return []
        return [int(line) for line in self.executions.read_text().split()]

    def wait_executions(self, number: int) -> None:
        """Wait until the null driver has begun with a number of executions.

        A controller tells that it begins just before its driver does; one that is killed in
        between has executed nothing.
        """
        until(lambda: len(self.tickets_executed) >= number, f"{number} tickets are executed")

    def tickets(self, name: str, which: str) -> int:
        """Count the tickets in a controller's ledger, by a condition of SQL."""
        ledger = self.folder / "state" / "controllers" / name / "ledger.sqlite3"
        # The controller alone may open it.
        copy = self.folder / "ledger.sqlite3"
        try:
            for end in ("", "-wal"):
                shutil.copy(f"{ledger}{end}", f"{copy}{end}")
            with closing(sqlite3.connect(copy)) as database:
                query = f"SELECT count(*) FROM ticket WHERE {which}"
                return int(database.execute(query).fetchone()[0])
        except (OSError, sqlite3.DatabaseError):
            # It was being written while it was copied.
            return 0

    def let_go(self, duration: float = HELD) -> None:
        """Let jobs of a `GATED` null program's duration end: those that run and those to come."""
        (self.folder / "gates" / f"{duration:g}").touch()

    # --- the wire ----------------------------------------------------------------------------

    def ask(self, request: Request, answer: type[R]) -> R:
        """Send a request on a connection of its own, and return the answer."""
        reply = REPLIES.decode(self.exchange([REQUESTS.encode(request)])[0])
        assert isinstance(reply, answer), reply
        return reply

    def exchange(self, frames: list[bytes], endpoint: str = "") -> list[bytes]:
        """Send frames as they are, and return those of the answer."""
        with dealer(endpoint or self.endpoint) as socket:
            socket.send_multipart(frames)
            if not socket.poll(int(PATIENCE * 1000)):
                raise AssertionError(f"no answer from the station:\n{self.log}")
            return socket.recv_multipart()

    # --- the end -----------------------------------------------------------------------------

    def processes(self) -> list[int]:
        """Return all processes of this station, the daemon's and those it has left behind."""
        wanted = f"{_MARK}={self.folder}".encode()
        return [pid for pid in _pids() if wanted in _environment(pid)]

    @property
    def worker_pid(self) -> int:
        """The only process that compiles, once it has been needed."""
        return next(pid for pid in self.processes() if b"anyio.to_process" in command_of(pid))

    def wait_left(self, controllers: set[str]) -> None:
        """Wait until nothing is left of a killed daemon but controllers and their children."""

        def left() -> set[int]:
            keep = {self.controller_pid(name) for name in controllers}
            return {pid for pid in self.processes() if not keep & {pid, *_ancestors(pid)}}

        until(lambda: not left(), "the daemon's own children have ended")

    def close(self) -> None:
        """End all that was started, and remove the folder."""
        self.end_all()
        shutil.rmtree(self.folder)

    def end_all(self) -> None:
        """End all that was started, and leave the folder for a look at it."""
        # Controllers that a killed daemon has left behind would not end by themselves; and a
        # daemon that lives would start them again.
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.kill()
            self._daemon.wait()
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        until(lambda: not self.processes(), "all processes have ended")

    def check(self) -> None:
        """Fail if the daemon or a controller met a bug."""
        for log in sorted(self.folder.glob("log.*")):
            text = log.read_text()
            assert "Traceback" not in text, text
            assert "please report" not in text, text


@contextmanager
def dealer(endpoint: str) -> Generator[zmq.Socket[bytes]]:
    """Connect a plain ZeroMQ socket, which need not behave."""
    context = zmq.Context()
    try:
        socket = context.socket(zmq.DEALER)
        socket.connect(endpoint)
        yield socket
    finally:
        # All sockets, monitors too: otherwise the context waits for them for ever.
        context.destroy(linger=0)


def wait_answers(endpoint: str, pid: int) -> None:
    """Wait until a daemon that was just started answers, or has ended.

    Clients wait for a daemon, too, but not for as long as one takes to start on a busy machine.
    """
    with dealer(endpoint) as socket:
        socket.send(REQUESTS.encode(Ping(1, "test")))
        until(lambda: socket.poll(0) or not is_alive(pid), "the daemon answers")


def until(condition: Callable[[], object], fact: str) -> None:
    """Wait for what no message tells, such as the end of somebody else's child."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"it never happened that {fact}"
        time.sleep(_LOOK)


def is_alive(pid: int) -> bool:
    """Return whether a process has not ended; one that nobody has waited for has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _ancestors(pid: int) -> Iterable[int]:
    while pid > 1:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return
        pid = int(stat.rpartition(")")[2].split()[1])
        yield pid


def _pids() -> Iterable[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def command_of(pid: int) -> bytes:
    """Return a process's command line, empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
