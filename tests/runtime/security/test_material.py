"""Where keys are found on a host, and what is said where there is none."""

from pathlib import Path
from typing import Any

import pytest

from stationd.proto.curve import Credentials, new_pair
from stationd.proto.error import HostError
from stationd.runtime.security.making import make_files
from stationd.runtime.security.material import controller_credentials, station_keys
from stationd.runtime.settings import Settings, parse

KEY = new_pair().public


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def open_station(**security: str) -> Settings:
    data: dict[str, Any] = {
        "api": {"endpoints": ["tcp://*:7000"]},
        "users": {"ada": {"keys": [KEY]}},
        "security": security,
    }
    return parse(data, "the.toml")


def far_controller(key_file: str = "", **security: str) -> Settings:
    data: dict[str, Any] = {
        "instruments": {"endpoint": "tcp://lab:7001"},
        "controllers": {"qpu": {"driver": "null", "key_file": key_file}},
        "security": security,
    }
    return parse(data, "the.toml")


def test_a_station_on_paths_alone_needs_no_key() -> None:
    assert station_keys(parse({}, "the.toml")) is None
    settings = parse({"controllers": {"qpu": {"driver": "null"}}}, "the.toml")
    assert controller_credentials(settings, "qpu") is None


def test_a_network_takes_a_key() -> None:
    with pytest.raises(HostError, match=r"^tcp://\*:7000 is open to a network.*stationd keygen"):
        station_keys(open_station())


def test_the_key_is_in_the_file_that_the_configuration_names(tmp_path: Path) -> None:
    pair = make_files("station", tmp_path)
    assert station_keys(open_station(secret_key_file=f"{tmp_path}/station.secret")) == pair


def test_a_credential_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = make_files("station", tmp_path)
    # As systemd may leave it.
    (tmp_path / "station.secret").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert station_keys(open_station(secret_key_file="/nowhere")) == pair


def test_a_secret_that_others_may_read_is_not_taken(tmp_path: Path) -> None:
    make_files("station", tmp_path)
    (tmp_path / "station.secret").chmod(0o640)
    with pytest.raises(HostError, match=r"others may read .* \(mode 0640\): chmod 600"):
        station_keys(open_station(secret_key_file=f"{tmp_path}/station.secret"))


@pytest.mark.parametrize("text", ["", "secret", "#" * 40, "é" * 40])
def test_a_file_without_a_key_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "station.secret"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(HostError, match="holds no secret key: make one with stationd keygen"):
        station_keys(open_station(secret_key_file=str(path)))


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(HostError, match="cannot read the secret key /nowhere: No such file"):
        station_keys(open_station(secret_key_file="/nowhere"))


def test_a_controller_shows_its_key_and_knows_its_station(tmp_path: Path) -> None:
    own = make_files("qpu", tmp_path)
    expected = Credentials(KEY, own)
    named = far_controller(f"{tmp_path}/qpu.secret", station_key=KEY)
    assert controller_credentials(named, "qpu") == expected
    given = far_controller(station_key=KEY)
    assert controller_credentials(given, "qpu", tmp_path / "qpu.secret") == expected


def test_beside_its_daemon_a_controller_finds_the_stations_key(tmp_path: Path) -> None:
    station, own = make_files("station", tmp_path), make_files("qpu", tmp_path)
    settings = far_controller(
        f"{tmp_path}/qpu.secret", secret_key_file=f"{tmp_path}/station.secret"
    )
    assert controller_credentials(settings, "qpu") == Credentials(station.public, own)


def test_what_a_controller_lacks_is_told(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"qpu has none: make one .* \[controllers.qpu\] key_file"):
        controller_credentials(far_controller(station_key=KEY), "qpu")
    make_files("qpu", tmp_path)
    with pytest.raises(HostError, match=r"\[security\] station_key"):
        controller_credentials(far_controller(f"{tmp_path}/qpu.secret"), "qpu")
