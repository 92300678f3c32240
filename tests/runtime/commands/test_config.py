"""`stationd config show`, and other commands that read drop-ins."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stationd.runtime import daemon
from stationd.runtime.cli import main
from stationd.runtime.commands.command_line import EXIT_FAILED
from stationd.runtime.settings import Settings


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "stationd.toml"
    file.write_text('[station]\nname = "lab"\n')
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-queue.toml").write_text("[queue]\nageing = 5\n")
    return file


def test_the_merged_configuration_is_printed_as_toml_with_its_sources(config: Path) -> None:
    result = run("config", "show", "--config", config)
    assert result.exit_code == 0
    assert tomllib.loads(result.output) == {"station": {"name": "lab"}, "queue": {"ageing": 5.0}}
    assert f'name = "lab"  # {config}:2\n' in result.output
    assert f"ageing = 5.0  # {config.parent}/conf.d/10-queue.toml:2\n" in result.output
    assert (
        "state"
        in tomllib.loads(run("config", "show", "-c", config, "--defaults").output)["station"]
    )


def test_programs_get_json(config: Path) -> None:
    said = json.loads(run("config", "show", "--json", "--config", config).output)
    assert said["files"] == [str(config), str(config.parent / "conf.d/10-queue.toml")]
    assert said["keys"][0] == {
        "key": "station.name",
        "value": "lab",
        "file": str(config),
        "line": 2,
    }


def test_an_empty_configuration_is_said_to_be_one(tmp_path: Path) -> None:
    file = tmp_path / "stationd.toml"
    file.write_text("")
    assert "every key has its default" in run("config", "show", "--config", file).output


def test_a_check_names_the_drop_ins_and_finds_their_mistakes(config: Path) -> None:
    drop_in = config.parent / "conf.d" / "10-queue.toml"
    assert f"with                    {drop_in}" in run("check-config", "-c", config).output
    drop_in.write_text("[queue]\nageing = 0\n")
    result = run("check-config", "--config", config)
    assert result.exit_code == EXIT_FAILED
    assert f"stationd: {drop_in}: line 2: queue.ageing: " in result.stderr


def test_the_daemon_hands_on_the_file_as_it_was_named_for_its_drop_ins_stand_beside_it(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    named = elsewhere / "stationd.toml"
    named.symlink_to(config)
    handed_on: list[Path] = []

    async def serve(_: Settings, path: Path, beginning: object) -> None:
        del beginning
        handed_on.append(path)

    monkeypatch.setattr(daemon, "serve", serve)
    assert run("serve", "--config", named).exit_code == 0
    assert handed_on == [named]
