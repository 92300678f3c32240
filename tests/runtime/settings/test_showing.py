"""The configuration as it is shown: with its sources, without its secrets."""

import tomllib
from pathlib import Path

import pytest

from stationd.runtime.settings import Configuration, parse, read
from stationd.runtime.settings.showing import HIDDEN, Shown, as_toml, shown, toml

MAIN = """
[station]
name = "läb"
[controllers.qpu]
driver = "null"
[controllers.qpu.options]
password = "hunter2"
address = "tcp://ann:hunter2@10.0.0.1:5"
proxies = ["http://ann:hunter2@proxy"]
first = 1
auth = { api_key = "hunter2", password_file = "/etc/x" }
last = 1
[queue.weights]
"two words" = 2
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    file = tmp_path / "stationd.toml"
    file.write_text(MAIN)
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-queue.toml").write_text("[queue]\nageing = 5\n")
    return read(file)


def test_a_key_is_shown_with_the_place_that_says_it(
    configuration: Configuration, tmp_path: Path
) -> None:
    found = {one.key: one for one in shown(configuration, defaults=False)}
    main, drop_in = str(tmp_path / "stationd.toml"), str(tmp_path / "conf.d/10-queue.toml")
    assert found["station.name"] == Shown("station.name", "läb", main, 3)
    assert found["queue.ageing"] == Shown("queue.ageing", 5.0, drop_in, 2)
    assert "station.state" not in found


def test_defaults_are_shown_on_request(configuration: Configuration) -> None:
    found = {one.key: one for one in shown(configuration, defaults=True)}
    assert found["station.state"] == Shown("station.state", "/var/lib/stationd")


def test_secrets_are_hidden(configuration: Configuration) -> None:
    text = as_toml(configuration, defaults=True)
    assert "hunter2" not in text
    assert "hunter2" not in repr(shown(configuration, defaults=True))
    assert f'password = "{HIDDEN}"' in text
    assert f'address = "tcp://{HIDDEN}@10.0.0.1:5"' in text
    assert 'password_file = "/etc/x"' in text


@pytest.mark.parametrize("defaults", [False, True])
def test_what_is_shown_means_the_same_as_the_files(
    configuration: Configuration, *, defaults: bool
) -> None:
    again = parse(tomllib.loads(as_toml(configuration, defaults=defaults)), "shown")
    expected = parse(
        tomllib.loads(MAIN.replace("ann:hunter2", HIDDEN).replace("hunter2", HIDDEN)), "main"
    )
    assert again.queue.ageing == 5.0
    assert again.queue.weights == expected.queue.weights
    assert again.controllers == expected.controllers
    assert again.station == expected.station


def test_what_is_not_set_is_told_without_a_value(tmp_path: Path) -> None:
    file = tmp_path / "stationd.toml"
    file.write_text("[users.ann]\n[controllers.qpu]\ndriver = 'null'\n")
    text = as_toml(read(file), defaults=True)
    assert "# limits is not set  # default" in text
    assert parse(tomllib.loads(text), "shown") == read(file).settings


@pytest.mark.parametrize("value", ["\x7f\x00\n\U0001f600", [1.5, "a"], {"a": {"b": [True]}}, -1])
def test_a_value_is_written_as_it_is_read(value: object) -> None:
    assert tomllib.loads(f"x = {toml(value)}") == {"x": value}
