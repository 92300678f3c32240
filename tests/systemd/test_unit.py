"""The unit is one that systemd takes, and fits the daemon's own defaults."""

import configparser
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stationd.runtime.commands.command_line import DEFAULT_CONFIG
from stationd.runtime.controllers.children import STOP_TIMEOUT
from stationd.runtime.settings import Settings, load, parse

FOLDER = Path(__file__).parents[2] / "systemd"
UNIT = FOLDER / "stationd.service"
EXAMPLE = FOLDER / "stationd.toml"


@pytest.fixture(scope="module")
def service() -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read(UNIT)
    return unit["Service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    # It minds a command that is not installed.
    copy.write_text(UNIT.read_text().replace("/opt/stationd/bin/stationd", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_directories_are_those_of_the_default_settings(service: configparser.SectionProxy) -> None:
    station = Settings().station
    assert Path("/var/lib", service["StateDirectory"]) == Path(station.state)
    assert Path("/run", service["RuntimeDirectory"]) == Path(station.runtime)
    assert Path("/etc", service["ConfigurationDirectory"]) == DEFAULT_CONFIG.parent


def test_the_unit_serves_the_default_configuration(service: configparser.SectionProxy) -> None:
    assert service["ExecStart"].split()[1:] == ["serve", "--config", str(DEFAULT_CONFIG)]


def test_a_stop_is_given_the_time_that_it_may_take(service: configparser.SectionProxy) -> None:
    # Running jobs, then the controllers: asked, sent SIGTERM, killed.
    longest = Settings().station.stop_timeout + 3 * STOP_TIMEOUT
    assert int(service["TimeoutStopSec"]) > longest


def test_a_worker_that_runs_out_of_memory_does_not_stop_the_station(
    service: configparser.SectionProxy,
) -> None:
    assert service["OOMPolicy"] == "continue"


def test_the_example_is_a_configuration() -> None:
    assert set(load(EXAMPLE).controllers) == {"qpu", "source", "readout"}


def test_what_the_example_shows_in_comments_are_the_defaults() -> None:
    text = re.sub(r"^# (?=\[|\w+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    shown = parse(tomllib.loads(text), "the example without comment signs")
    taken = load(EXAMPLE)
    for section in set(Settings.__struct_fields__) - {"controllers", "targets"}:
        assert getattr(shown, section) == getattr(taken, section)
    assert shown.controllers["qpu"].prefetch == taken.controllers["qpu"].prefetch
    assert shown.controllers["qpu"].silence == taken.controllers["qpu"].silence
    assert set(shown.controllers) - set(taken.controllers) == {"fridge"}
