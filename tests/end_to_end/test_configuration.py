"""A mistake in the configuration is named before anything starts."""

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.end_to_end.station import NULL, PATIENCE, Station

TYPOS: Final = {
    "a key": ('[station]\nnmae = "x"\n', r"nmae.*'name'"),
    "a section": ("[statoin]\n", r"statoin.*'station'"),
    "a value": ('[station]\nbackend = "twisted"\n', "backend"),
    "a reference": ('[targets.qpu]\ncontroller = "qpu"\n', "'qpu'"),
    "the syntax": ("[station\n", "TOML"),
    "a name": ('[controllers."a.b"]\ndriver = "null"\n', "controllers"),
    "an endpoint": ('[api]\nendpoints = ["tcp://0.0.0.0"]\n', "tcp://ADDRESS:PORT"),
    "no keys": ('[api]\nendpoints = ["tcp://0.0.0.0:1"]\n', "stationd keygen"),
    "an address": ('[metrics]\nlisten = "everywhere"\n', "metrics.listen"),
}


def run(command: str, config: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with a configuration."""
    return subprocess.run(
        [sys.executable, "-m", "stationd.runtime.cli", command, "--config", str(config)],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(("text", "reason"), TYPOS.values(), ids=TYPOS)
def test_a_mistake_is_named_before_anything_starts(tmp_path: Path, text: str, reason: str) -> None:
    config = tmp_path / "station.toml"
    config.write_text(text)

    checked = run("check-config", config)

    assert checked.returncode == 1
    assert checked.stderr.startswith(f"stationd: {config}: ")
    assert checked.stderr.count("\n") == 1
    assert re.search(reason, checked.stderr), checked.stderr


def test_a_daemon_does_not_start_with_a_mistake(tmp_path: Path) -> None:
    config = tmp_path / "station.toml"
    config.write_text('[station]\nnmae = "x"\n')

    assert run("serve", config).stderr == run("check-config", config).stderr
    assert run("serve", config).returncode == 1
    assert run("serve", tmp_path / "nowhere.toml").returncode == 1


def test_a_configuration_without_mistakes_says_what_it_means() -> None:
    station = Station("asyncio", NULL)
    try:
        checked = station.run("check-config")
    finally:
        station.close()

    assert checked.returncode == 0
    assert "no problems" in checked.stdout
    assert station.endpoint in checked.stdout


def test_a_daemon_that_cannot_start_leaves_no_controllers_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        station = Station("asyncio", NULL, settings=[("127.0.0.1:0", f"127.0.0.1:{port}")])
        try:
            refused = station.run("serve")
            left = station.processes()
        finally:
            station.close()
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].startswith("stationd: metrics.listen: cannot serve")
    assert left == []
