"""`stationd backup` and `stationd restore`: what they say, and with which code they end."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stationd.runtime.cli import main
from stationd.runtime.commands.command_line import EXIT_FAILED
from tests.runtime.care.stations import COMPILING, job_id, make_station


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The other tests are not to wait for this process.
    monkeypatch.setattr(os, "nice", int)
    source = make_station(tmp_path)
    file = source.configuration[0]
    file.write_text(f'[station]\nname = "lab"\nstate = "{source.state}"\n')
    return file


def test_a_backup_is_made_checked_and_put_back(config: Path, tmp_path: Path) -> None:
    backup, elsewhere = tmp_path / "b", tmp_path / "elsewhere.toml"
    elsewhere.write_text(f'[station]\nstate = "{tmp_path}/elsewhere"\n')
    made = run("backup", backup, "--config", config)
    assert made.exit_code == 0
    assert made.output.startswith(f"{backup}: station lab of ")
    assert "4 jobs, 3 of them unfinished" in made.output
    assert run("backup", backup, "--config", config).exit_code == EXIT_FAILED
    checked = run("restore", backup, "--check", "--config", elsewhere)
    assert checked.output.startswith(f"{backup}: whole; station lab of ")
    assert not (tmp_path / "elsewhere").exists()

    undecided = run("restore", backup, "--config", elsewhere)
    assert undecided.exit_code == EXIT_FAILED
    assert "--rerun" in undecided.stderr
    restored = run("restore", backup, "--no-rerun", "--config", elsewhere)
    assert restored.exit_code == 0
    assert "for 1 job had no ticket yet" in restored.output
    assert f"  {job_id(COMPILING)}\n" in restored.output

    again = run("restore", backup, "--no-rerun", "--replace", "--config", elsewhere)
    assert f"what was there is now in {tmp_path}/elsewhere/replaced-" in again.output


def test_programs_get_the_manifest(config: Path, tmp_path: Path) -> None:
    said = json.loads(run("backup", tmp_path / "b", "--json", "--config", config).output)
    assert said["name"] == "lab"
    assert said["journal"]["jobs"] == 4


def test_results_that_are_not_in_the_backup_are_named(config: Path, tmp_path: Path) -> None:
    for file in (tmp_path / "state" / "artifacts").rglob("*-0"):
        file.unlink()
    made = run("backup", tmp_path / "b", "--config", config)
    assert made.exit_code == 0
    assert "not in it: artifacts/" in made.stderr
