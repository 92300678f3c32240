"""The command `stationd`: what it says, and with which code it ends."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stationd import __version__
from stationd.runtime.cli import main
from stationd.runtime.commands.command_line import EXIT_FAILED

GOOD = """
[station]
state = "/tmp/lab"
runtime = "/tmp/lab-run"
[controllers.qpu]
driver = "simulated-qpu"
[controllers.far]
driver = "null"
start = false
[targets.five]
controller = "qpu"
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "stationd.toml"
    file.write_text(GOOD)
    return file


def test_the_version_is_told() -> None:
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"stationd {__version__}\n")


@pytest.mark.slow
def test_the_version_is_told_by_the_module_without_loading_what_is_heavy() -> None:
    program = (
        "import sys, stationd.runtime.cli as cli\n"
        "try: cli.main(['--version'])\n"
        "except SystemExit as end: assert not end.code\n"
        "print([name for name in ('zmq', 'numpy', 'qiskit', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.splitlines() == [f"stationd {__version__}", "[]"]


def test_a_good_configuration_is_explained(config: Path) -> None:
    result = run("check-config", "--config", str(config))
    assert result.exit_code == 0
    for words in (
        f"{config}: no problems",
        "ipc:///tmp/lab-run/jobs.sock",
        "ipc:///tmp/lab-run/instruments.sock",
        "simulated-qpu (started by the daemon)",
        "null (start it: stationd controller far)",
    ):
        assert words in result.output


def test_what_a_driver_would_not_take_is_found_before_it_starts(config: Path) -> None:
    config.write_text(GOOD + "[controllers.qpu.options]\nqbits = 5\n")
    result = run("check-config", "--config", str(config))
    assert (result.exit_code, result.stdout) == (EXIT_FAILED, "")
    assert re.match(
        rf"stationd: {config}: line \d+: controllers\.qpu\.options: .* has no option 'qbits'",
        result.stderr,
    )


def test_a_driver_of_ones_own_that_is_not_installed_is_a_warning(config: Path) -> None:
    # The configuration may be checked elsewhere than where it is used.
    config.write_text(GOOD + '[controllers.fridge]\ndriver = "no_such_lab.fridge:Thermometer"\n')
    result = run("check-config", "--config", str(config))
    assert result.exit_code == 0
    assert re.search("^warning .* fridge .* no module no_such_lab", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("command", ["check-config", "serve", "controller"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("[station\n", "not TOML"),
        ("[station]\nnmae = 'x'\n", "station.nmae: there is no such key; did you mean 'name'?"),
        (GOOD.replace('controller = "qpu"', 'controller = "qpx"'), "targets.five.controller"),
    ],
)
def test_a_bad_configuration_is_refused_by_every_command(
    config: Path, command: str, content: str, reason: str
) -> None:
    config.write_text(content)
    name = ["qpu"] if command == "controller" else []
    result = run(command, *name, "--config", str(config))
    assert result.exit_code == EXIT_FAILED
    assert result.stderr.startswith(f"stationd: {config}: ")
    assert reason in result.stderr


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    result = run("check-config", "--config", str(tmp_path / "no.toml"))
    assert result.exit_code == EXIT_FAILED
    assert "no.toml: cannot be read: No such file" in result.stderr


def test_an_unknown_controller_is_named(config: Path) -> None:
    result = run("controller", "qpx", "--config", str(config))
    assert result.exit_code == EXIT_FAILED
    assert "no controller is called 'qpx'; known are far, qpu" in result.stderr


def test_wrong_usage_has_a_code_of_its_own() -> None:
    assert run("frobnicate").exit_code == 2
