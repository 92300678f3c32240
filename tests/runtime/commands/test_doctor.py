"""`stationd doctor`: its lines, its JSON, its exit codes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stationd.runtime.care.doctor import examination
from stationd.runtime.care.doctor.finding import Finding, fail, ok, warn
from stationd.runtime.cli import main
from stationd.runtime.commands.command_line import EXIT_FAILED
from stationd.runtime.settings import Settings

FOUND = {
    "ok": ok("clock", "it is right"),
    "warn": warn("disk", "little room", "make room"),
    "fail": fail("journal", "it is damaged", "go back"),
}


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, states: str, *options: str) -> Result:
    def check(_: Settings) -> Iterator[Finding]:
        yield from (FOUND[state] for state in states.split())

    monkeypatch.setattr(examination, "CHECKS", [check])
    (folder / "x.toml").write_text("")
    return CliRunner().invoke(main, ["doctor", "-c", str(folder / "x.toml"), *options])


@pytest.mark.parametrize(
    ("states", "option", "code"),
    [
        ("ok warn", "--json", 0),
        ("ok warn", "--strict", EXIT_FAILED),
        ("ok", "--strict", 0),
        ("ok fail", "--json", EXIT_FAILED),
    ],
)
def test_the_exit_code_tells_whether_something_must_be_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, states: str, option: str, code: int
) -> None:
    assert run(monkeypatch, tmp_path, states, option).exit_code == code


def test_each_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = run(monkeypatch, tmp_path, "ok warn fail").output.splitlines()
    assert "ok    clock          it is right" in lines
    assert lines[-2:] == ["fail  journal        it is damaged", f"{'':21}-> go back"]


def test_programs_get_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = json.loads(run(monkeypatch, tmp_path, "warn", "--json").output)
    assert found[-1] == {
        "check": "disk",
        "state": "warn",
        "text": "little room",
        "advice": "make room",
    }
