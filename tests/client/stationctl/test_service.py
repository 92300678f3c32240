"""`stationctl service` says what it does, and can say it without doing it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from stationd.client.stationctl.service import service

UNITS = "usr/local/lib/systemd/system"


def typed(*words: str) -> str:
    done = CliRunner().invoke(service, words)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    said = typed("install", "--dry-run", "--root", str(tmp_path))
    assert f"write   {tmp_path}/{UNITS}/stationd.service" in said
    assert list(tmp_path.iterdir()) == []


def test_it_installs_into_an_image_and_says_what_it_wrote(tmp_path: Path) -> None:
    said = typed("install", "--root", str(tmp_path))
    wrote = {line.split()[1] for line in said.splitlines()}
    assert wrote == {str(path) for path in tmp_path.rglob("*") if path.is_file()}
    assert len(wrote) == 5
    assert typed("install", "--root", str(tmp_path)).count("keep") == 5
    assert typed("uninstall", "--root", str(tmp_path)).count("remove") == 4


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        (["status"], "systemctl --no-pager --lines=5 status stationd.service"),
        (["logs", "-n", "7", "-f"], "journalctl --no-pager --lines=7 --unit=stationd.service"),
    ],
)
def test_systemd_answers_and_its_exit_code_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], asked: str
) -> None:
    note = tmp_path / "asked"
    program = tmp_path / asked.split(maxsplit=1)[0]
    program.write_text(f'#!/bin/sh\necho "${{0##*/}} $*" > {note}\nexit 3\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert CliRunner().invoke(service, command).exit_code == 3
    assert note.read_text().startswith(asked)


def test_without_systemd_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    done = CliRunner().invoke(service, ["status"])
    assert done.exit_code == 1
    assert "there is no systemctl here" in done.output
