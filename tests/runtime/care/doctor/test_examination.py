"""All checks are made, and one that breaks costs itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd.runtime.care.doctor import examination
from stationd.runtime.care.doctor.examination import CHECKS, examine
from stationd.runtime.care.doctor.finding import Finding, ok
from stationd.runtime.care.doctor.running import workers
from stationd.runtime.settings import Settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "stationd.toml"
    file.write_text(
        f'[station]\nstate = "{tmp_path}/state"\nruntime = "{tmp_path}"\n'
        '[metrics]\nlisten = ""\n[controllers.one]\ndriver = "null"\n'
    )
    return file


def test_a_station_is_looked_through_and_nothing_is_changed(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To start a worker takes seconds; the page about the doctor is run with it.
    monkeypatch.setattr(examination, "CHECKS", [one for one in CHECKS if one is not workers])
    found = [*examine(config)]
    assert not any("the check itself failed" in one.text for one in found)
    assert {"configuration", "keys", "drivers", "state", "disk", "journal", "clock", "daemon"} <= {
        one.check for one in found
    }
    assert all(one.advice for one in found if one.state != "ok")
    assert list(config.parent.iterdir()) == [config]


def test_a_configuration_with_a_mistake_is_all_that_is_told(config: Path) -> None:
    config.write_text("[station\n")
    found = [*examine(config)]
    assert [(one.check, one.state) for one in found[1:]] == [("configuration", "fail")]


def test_a_check_that_breaks_costs_itself(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Settings) -> Iterator[Finding]:
        raise RuntimeError("oh")

    def sound(_: Settings) -> Iterator[Finding]:
        yield ok("sound", "fine")

    monkeypatch.setattr(examination, "CHECKS", [broken, sound])
    *_, first, second = examine(config)
    assert (first.check, first.state) == ("broken", "fail")
    assert second.check == "sound"
