"""`stationd check-driver` says what a driver breaks, and ends so that a script knows."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stationd.runtime.cli import main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["check-driver", *words], catch_exceptions=False)


def test_a_driver_that_breaks_nothing_ends_with_0() -> None:
    done = run("null")
    assert done.exit_code == 0
    assert "stationd.actors.drivers.null:Null breaks nothing" in done.stdout
    assert "  ok      abort " in done.stdout


def test_one_that_breaks_something_ends_with_1_and_is_told_of_as_json() -> None:
    done = run("tests.actors.conformance.broken_drivers:TakesAnything", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["conforms"]) == (1, False)
    assert {one["check"] for one in found["checks"] if one["verdict"] == "broken"} == {"refuse"}


def test_options_are_the_drivers(tmp_path: Path) -> None:
    cable = f"cable={tmp_path}/cable"
    assert run("simulated-source", "-o", cable, "-o", "time_per_point=1e-4").exit_code == 0
    wrong = run("simulated-source", "-o", cable, "-o", "time_per_point=soon")
    assert wrong.exit_code == 1
    assert "BROKEN  start" in wrong.stdout
    assert "Expected `float`, got `str`" in wrong.stdout
    assert run("null", "-o", "executions").exit_code == 2


def test_a_driver_of_the_folder_that_one_is_in_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of_mine.py").write_text(
        "from stationd.actors.drivers.null import Null\nclass Mine(Null):\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert "of_mine:Mine breaks nothing" in run("of_mine:Mine").stdout
