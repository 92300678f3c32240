"""The units are such as systemd takes, take away what is not needed, and fit the defaults."""

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
CONTROLLER = FOLDER / "stationd-controller@.service"
UNITS = (UNIT, CONTROLLER)
EXAMPLE = FOLDER / "stationd.toml"


EXPOSURE = 12
"""The most that `systemd-analyze security` may find, in tenths."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="there is no systemd here"
)


def _service(unit: Path) -> configparser.SectionProxy:
    # Some keys stand there more than once; the last line is what is read here.
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read(unit)
    return parser["Service"]


@pytest.fixture(scope="module")
def service() -> configparser.SectionProxy:
    return _service(UNIT)


def _analyzed(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@needs_systemd
@pytest.mark.parametrize("drop_in", [None, "lan.conf", "instruments.conf"])
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_it(
    tmp_path: Path, unit: Path, drop_in: str | None
) -> None:
    # A template is looked at as one of those that it makes.
    copy = tmp_path / unit.name.replace("@", "@qpu")
    # It minds a command that is not installed.
    copy.write_text(unit.read_text().replace("/opt/stationd/bin/stationd", sys.executable))
    if drop_in:
        folder = tmp_path / f"{copy.name}.d"
        folder.mkdir()
        text = (FOLDER / drop_in).read_text()
        # What stands there as a comment is taken too.
        (folder / drop_in).write_text(re.sub(r"^#(?=\w+=)", "", text, flags=re.MULTILINE))
    assert _analyzed("verify", copy) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_is_hardly_exposed(unit: Path) -> None:
    asked = ("security", "--offline=yes", "--no-pager", f"--threshold={EXPOSURE}", unit)
    assert _analyzed(*asked)[0] == 0


def test_local_clients_are_known_by_the_kernel_s_user_ids(
    service: configparser.SectionProxy,
) -> None:
    assert "privateusers" not in service


def test_members_of_the_group_reach_the_socket_and_nothing_else(
    service: configparser.SectionProxy,
) -> None:
    assert service["UMask"] == "0077"
    assert service["StateDirectoryMode"] == "0700"
    assert service["RuntimeDirectoryMode"] == "0750"


def test_a_controller_is_guarded_as_the_daemon_is() -> None:
    guard = re.compile(
        r"^(?:Capability|Ambient|NoNew|Protect|Private|Device|Proc|Restrict|Lock|Memory|Remove"
        r"|Keyring|IPAddress|SystemCall|Limit|User|Group|UMask)\w*=.*$",
        re.MULTILINE,
    )
    assert guard.findall(UNIT.read_text()) == guard.findall(CONTROLLER.read_text())


def test_a_controller_does_not_end_with_the_daemon() -> None:
    text = CONTROLLER.read_text()
    assert not re.search(r"^(Requires|BindsTo|PartOf|Requisite)=", text, re.MULTILINE)
    # Its folder with the sockets stays while the daemon is down.
    assert "RuntimeDirectoryPreserve=yes" in UNIT.read_text()


def test_systemd_patience_with_a_silent_daemon_is_bounded(
    service: configparser.SectionProxy,
) -> None:
    assert 0 < int(service["WatchdogSec"]) <= 60
    assert service["Restart"] == "on-failure"


def test_a_reload_is_the_signal_that_the_daemon_takes(service: configparser.SectionProxy) -> None:
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"


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
    for section in set(Settings.__struct_fields__) - {"controllers", "targets", "guards"}:
        assert getattr(shown, section) == getattr(taken, section)
    assert shown.controllers["qpu"].prefetch == taken.controllers["qpu"].prefetch
    assert shown.controllers["qpu"].silence == taken.controllers["qpu"].silence
    assert set(shown.controllers) - set(taken.controllers) == {"fridge"}
