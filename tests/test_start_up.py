"""What starting costs: modules that are slow to import are imported only where they are needed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.station import NULL, QPU, Station

CIRCUITS = {"qiskit", "qiskit_aer", "stim", "scipy"}
PICTURES = {"matplotlib", "PIL"}
TABLES = {"pandas", "xarray"}
DATABASE = {"sqlalchemy", "alembic", "mako"}
ARRAYS = {"numpy"}
SHELL = {"rich", "pygments"}
LOOPS = {"asyncio", "trio", "uvloop"}

# Each costs more than all of stationctl's own modules; zmq.asyncio belongs to another loop's way.
NOT_FOR_A_VERSION = {
    *CIRCUITS,
    *PICTURES,
    *TABLES,
    *DATABASE,
    *SHELL,
    *LOOPS,
    *ARRAYS,
    "anyio",
    "importlib.metadata",
    "msgspec",
    "prometheus_client",
    "stationd.client.aio",
    "stationd.client.blocking.jobs",
    "stationd.proto",
    "zmq",
}
NOT_FOR_A_LIST = {
    *CIRCUITS,
    *PICTURES,
    *TABLES,
    *DATABASE,
    *ARRAYS,
    "importlib.metadata",
    "prometheus_client",
    "sqlite3",
    "trio",
    "zmq.asyncio",
}
NOT_IN_THE_DAEMON = {
    *CIRCUITS,
    *PICTURES,
    *TABLES,
    *DATABASE,
    *SHELL,
    "stationd.client",
    "zmq.asyncio",
}
# What it takes up or looks up once it accepts jobs.
NOT_AT_ITS_START = {
    *NOT_IN_THE_DAEMON,
    *ARRAYS,
    "trio",
    "uvloop",
    "importlib.metadata",
    "stationd.actors.driver",
    "stationd.actors.stages.compile",
}
OTHER_LOOP = {"asyncio": {"trio"}, "trio": {"uvloop"}}


PROGRAM = """
import sys

def noted(event, arguments):
    if event == "subprocess.Popen":
        print("process started:", *arguments[1], file=sys.stderr)

sys.addaudithook(noted)
from stationd.runtime.cli import main
main()
"""


class Watched(Station):
    """A station whose daemon writes down what it imports, and which processes it starts."""

    def command(self, *words: str) -> list[str]:
        python, _, _, *rest = super().command(*words)
        return [python, "-X", "importtime", "-c", PROGRAM, *rest]


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    station = Watched(request.param, NULL, QPU, settings=[("prewarm = false", "prewarm = true")])
    try:
        station.start()
        station.wait_connected("nothing", "qpu")
        yield station
    finally:
        station.close()


def imported(log: str) -> set[str]:
    """Return what ``-X importtime`` says was imported, and the packages around it."""
    found = re.findall(r"^import time:[\s\d]+\|[\s\d]+\| +([\w.]+)$", log, re.MULTILINE)
    assert len(found) > 20, log  # newer Pythons begin with fewer
    return {
        ".".join(parts[: depth + 1])
        for parts in (name.split(".") for name in found)
        for depth in range(len(parts))
    }


def run(*words: str, endpoint: str = "") -> tuple[str, set[str]]:
    """Run a command; return what it printed and what it imported."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "STATIOND_ENDPOINT": endpoint},
    )
    return done.stdout, imported(done.stderr)


def test_the_version_is_shown_by_the_shell_s_own_modules_alone() -> None:
    for module in ("stationd.client.stationctl.cli", "stationd.runtime.cli"):
        program = f"from {module} import main; main(['--version'])"
        shown, modules = run("-c", program)
        assert re.match(r"station(ctl|d) \d", shown)
        assert not modules & NOT_FOR_A_VERSION


def test_importing_the_package_imports_nothing_else() -> None:
    _, modules = run("-c", "import stationd")
    assert {name for name in modules if name.startswith("stationd.")} == set()
    assert not modules & NOT_FOR_A_VERSION


def test_a_list_is_shown_without_arrays_pictures_and_databases(watched: Watched) -> None:
    program = "from stationd.client.stationctl.cli import main; main(['list', '--json'])"
    shown, modules = run("-c", program, endpoint=watched.endpoint)
    assert shown.strip() == "[]"
    assert "zmq" in modules
    assert not modules & NOT_FOR_A_LIST


def test_the_journal_s_processes_start_before_the_daemon_imports_its_own(
    watched: Watched,
) -> None:
    before, started, _ = watched.log.partition("process started: ")
    assert started
    assert not imported(before) & {*LOOPS, "prometheus_client", "stationd.runtime.api"}
    commands = re.findall(r"^process started: (.*)$", watched.log, re.MULTILINE)
    assert [command.split()[3] for command in commands[:2]] == [
        "stationd.runtime.journal.writer",
        "stationd.runtime.journal.reader",
    ]


def test_a_daemon_starts_without_what_only_results_take() -> None:
    _, modules = run("-c", "import stationd.runtime.daemon")
    assert "stationd.runtime.assembly" in modules
    assert not modules & NOT_AT_ITS_START


def test_the_daemon_s_own_process_has_no_circuits_databases_and_pictures(
    watched: Watched,
) -> None:
    assert watched.stop(signal.SIGTERM) == 0, watched.log
    backend = next(name for name in OTHER_LOOP if f'"{name}"' in watched.config.read_text())
    # Its children write into the same log, but they are not watched.
    modules = imported(Path(watched.folder / "log.1").read_text())
    assert "stationd.runtime.daemon" in modules
    assert not modules & (NOT_IN_THE_DAEMON | OTHER_LOOP[backend])
