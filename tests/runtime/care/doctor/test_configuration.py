"""Drivers that are missing, keys that others may read, files that others may write."""

from pathlib import Path

import pytest

from stationd.runtime.care.doctor import configuration
from stationd.runtime.settings import Settings, parse, read


def with_driver(driver: str) -> Settings:
    return parse({"controllers": {"one": {"driver": driver}}}, "x")


@pytest.mark.parametrize(
    ("driver", "state"),
    [
        ("null", "ok"),
        ("stationd.actors.drivers.null:Null", "ok"),
        ("no_such_package.module:Driver", "fail"),
        ("nonsense:Nothing", "fail"),
    ],
)
def test_a_driver_that_is_not_there_is_told(driver: str, state: str) -> None:
    assert [one.state for one in configuration.drivers(with_driver(driver))] == [state]


def test_files_that_others_may_write_to_are_told(tmp_path: Path) -> None:
    file = tmp_path / "stationd.toml"
    file.write_text("")
    file.chmod(0o640)
    assert [one.state for one in configuration.files(read(file))] == ["ok"]
    file.chmod(0o660)
    assert [one.state for one in configuration.files(read(file))] == ["warn"]


def test_a_station_that_is_open_to_a_network_without_a_key_is_told() -> None:
    settings = parse({"api": {"endpoints": ["tcp://127.0.0.1:7000"]}}, "x")
    assert [one.state for one in configuration.keys(settings)] == ["fail"]


def test_a_station_without_users_is_told_that_all_may_do_everything() -> None:
    assert ("users", "warn") in [(one.check, one.state) for one in configuration.keys(Settings())]
    users = parse({"users": {"ann": {"role": "operator"}}}, "x")
    assert "users" not in [one.check for one in configuration.keys(users)]
