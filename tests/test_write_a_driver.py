"""docs/write-a-driver.md: what it says, works."""

import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike

from stationd.actors.driver import Driver, Execution
from stationd.actors.drivers.registry import load_driver
from stationd.proto.error import InstrumentError
from stationd.proto.program import Move, SettingValue, SweepWork
from stationd.runtime.settings import load
from tests.end_to_end.station import until, wait_answers

PAGE = (Path(__file__).parent.parent / "docs" / "write-a-driver.md").read_text(encoding="utf-8")
DRIVER_CODE, _TEST_CODE, SUBMIT_CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
EXAMPLE = Path(__file__).parent.parent / "examples" / "own_driver.py"
(CONFIG,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


class Meter(socketserver.StreamRequestHandler):
    """An instrument with a resistor of 100 ohms at its terminals."""

    lines: list[str]

    def handle(self) -> None:
        volts = 0.0
        for line in self.rfile:
            command = line.decode("ascii").strip()
            self.lines.append(command)
            if command.startswith("SOUR:VOLT "):
                volts = float(command.partition(" ")[2])
            elif command == "MEAS:CURR?":
                self.wfile.write(f"{volts / 100:.6e}\n".encode("ascii"))


@pytest.fixture
def port() -> Iterator[int]:
    """A source-meter on the loopback interface."""
    Meter.lines = []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Meter) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with the page's module in it, and with room for sockets' paths."""
    with tempfile.TemporaryDirectory(prefix="sd-", dir="/tmp") as name:
        package = Path(name) / "mylab"
        package.mkdir()
        (package / "sourcemeter.py").write_text(DRIVER_CODE)
        yield Path(name)


@pytest.fixture
def driver(folder: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """The page's driver, made as a controller makes it."""
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    made = load_driver(
        "mylab.sourcemeter:SourceMeter", {"host": "127.0.0.1", "port": port, "timeout": 60.0}
    )
    yield made
    made.close()
    for module in ("mylab.sourcemeter", "mylab"):
        sys.modules.pop(module, None)


class Notes:
    """An execution that writes down what it is given."""

    ticket = 1
    aborted = False

    def __init__(self) -> None:
        self.read: dict[str, list[float]] = {}
        self.reached = (0, 0, "")

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None:
        array = np.asarray(values, dtype=float)
        assert array.shape == (1,)
        assert item == 0
        assert offset == len(self.read.setdefault(name, []))
        self.read[name].append(float(array[0]))

    def snapshot(self, standing: Mapping[str, SettingValue | None]) -> None:
        self.standing = dict(standing)

    def progress(self, done: int, total: int, unit: str) -> None:
        self.reached = (done, total, unit)

    def steps(self, work: SweepWork) -> Iterator[tuple[int, Literal["set", "read"]]]:
        for spot in range(work.spots):
            yield spot, "set"
            yield spot, "read"


def test_the_driver_sweeps(driver: Driver) -> None:
    work = SweepWork(
        settings=(("output", True),),
        shape=(3,),
        moves=(Move("voltage", 0, (-1.0, 0.0, 1.0)),),
        returns=("current",),
    )
    execution = Notes()
    as_given: Execution = execution
    driver.prepare(work)
    driver.run(work, as_given)
    assert execution.read == {"current": [-0.01, 0.0, 0.01]}
    assert execution.reached == (3, 3, "spots")
    assert Meter.lines[:3] == ["OUTP 1", "SOUR:VOLT -1", "MEAS:CURR?"]


def test_the_driver_offers_what_the_page_sweeps(driver: Driver) -> None:
    offered = driver.describe()
    assert [setting.name for setting in offered.settings] == ["voltage", "output"]
    assert [readout.name for readout in offered.readouts] == ["voltage", "current"]


def test_the_page_shows_the_example() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == DRIVER_CODE


def test_options_are_checked_against_the_constructor(folder: Path, driver: Driver) -> None:
    with pytest.raises(InstrumentError, match="'timeout': Expected `float`, got `str`"):
        load_driver("mylab.sourcemeter:SourceMeter", {"host": "localhost", "timeout": "soon"})


def test_the_configuration_is_one(folder: Path) -> None:
    file = folder / "mylab.toml"
    file.write_text(CONFIG)
    settings = load(file)
    assert settings.controllers["meter"].options == {"host": "192.168.1.20"}


@pytest.mark.slow
def test_the_page_works_from_beginning_to_end(folder: Path, port: int) -> None:
    config = CONFIG.replace("/var/lib/stationd", f"{folder}/state")
    config = config.replace("/run/stationd", str(folder))
    config = config.replace(
        'host = "192.168.1.20"', f'host = "127.0.0.1"\nport = {port}\ntimeout = 60'
    )
    config += '\n[metrics]\nlisten = ""\n[workers]\nprocesses = 1\n'
    (folder / "mylab.toml").write_text(config)
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "STATIOND_ENDPOINT": f"ipc://{folder}/jobs.sock",
    }
    command = [sys.executable, "-m", "stationd.runtime.cli", "serve", "--config"]
    daemon = subprocess.Popen([*command, str(folder / "mylab.toml")], env=environment)
    try:
        wait_answers(environment["STATIOND_ENDPOINT"], daemon.pid)
        done = subprocess.run(
            [sys.executable, "-c", SUBMIT_CODE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        daemon.terminate()
        daemon.wait(60)
    assert done.returncode == 0, done.stderr
    numbers = [float(number) for number in re.findall(r"-?\d\S*", done.stdout.strip(" []\n"))]
    assert np.allclose(numbers, np.linspace(-0.01, 0.01, 21))
    assert Meter.lines[0] == "OUTP 1"
    # What the controller has sent at its end may still be on the way.
    until(lambda: Meter.lines[-1] == "OUTP 0", "the output is off")
