"""`stationd keygen` and `stationd check-config`: keys made, and what is said of them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stationd.proto.curve import read_secret
from stationd.runtime.care.doctor.configuration import keys
from stationd.runtime.care.doctor.running import daemon
from stationd.runtime.cli import main
from stationd.runtime.settings import load


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize(
    ("purpose", "said"),
    [
        ("client", ["[users.ada]", "keys = ['{public}']", 'key_file = "{secret}"', "client.toml"]),
        ("controller", ["[controllers.ada]", "keys = ['{public}']", 'key_file = "{secret}"']),
        ("station", ['secret_key_file = "{secret}"', "station_key = '{public}'"]),
    ],
)
def test_keys_are_made_and_it_is_said_what_to_put_where(
    tmp_path: Path, purpose: str, said: list[str]
) -> None:
    result = run("keygen", "ada", "--for", purpose, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    secret = tmp_path / "ada.secret"
    pair = read_secret(secret)
    assert pair.secret not in result.output
    for text in said:
        assert text.format(public=pair.public, secret=secret) in result.output


def test_keys_that_are_there_are_kept(tmp_path: Path) -> None:
    run("keygen", "ada", "--out", str(tmp_path))
    kept = read_secret(tmp_path / "ada.secret")
    again = run("keygen", "ada", "--out", str(tmp_path))
    assert again.exit_code == 1
    assert "is there already" in again.output
    assert read_secret(tmp_path / "ada.secret") == kept
    assert run("keygen", "ada", "--out", str(tmp_path), "--force").exit_code == 0
    assert read_secret(tmp_path / "ada.secret") != kept


@pytest.mark.parametrize(
    ("name", "purpose"),
    [("../ada", "client"), ("*", "client"), ("a.b", "controller"), ("", "station")],
)
def test_a_name_that_a_configuration_could_not_have_is_refused(
    tmp_path: Path, name: str, purpose: str
) -> None:
    result = run("keygen", name, "--for", purpose, "--out", str(tmp_path))
    assert result.exit_code == 1
    assert f"cannot be the name of a {purpose}" in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_configuration_is_checked_with_the_keys_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    config = tmp_path / "station.toml"
    text = '[api]\nendpoints = ["tcp://0.0.0.0:7000"]\n'
    config.write_text(text)
    refused = run("check-config", "--config", str(config))
    assert refused.exit_code == 1
    assert "tcp://0.0.0.0:7000 is open to a network, and the station has no key" in refused.output
    assert "no problems" not in refused.output
    run("keygen", "station", "--for", "station", "--out", str(tmp_path))
    secret = tmp_path / "station.secret"
    config.write_text(f'{text}[security]\nsecret_key_file = "{secret}"\n')
    checked = run("check-config", "--config", str(config))
    assert checked.exit_code == 0, checked.output
    assert f"the station's key       {read_secret(secret).public}" in checked.output
    assert "no user has one: make it with `stationd keygen NAME`" in checked.output


def test_a_host_of_controllers_alone_needs_their_keys_and_not_the_stations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    config = tmp_path / "station.toml"
    text = (
        f'[station]\nstate = "{tmp_path}"\n[instruments]\nendpoint = "tcp://10.0.0.5:7001"\n'
        f"[security]\nstation_key = '{'k' * 40}'\n[controllers.fridge]\ndriver = \"null\"\n"
    )
    config.write_text(text)
    refused = run("check-config", "--config", str(config))
    assert refused.exit_code == 1
    assert "make one with `stationd keygen fridge --for controller`" in refused.output
    run("keygen", "fridge", "--for", "controller", "--out", str(tmp_path))
    config.write_text(f'{text}key_file = "{tmp_path}/fridge.secret"\n')
    checked = run("check-config", "--config", str(config))
    assert checked.exit_code == 0, checked.output
    assert "only controllers run    their station is tcp://10.0.0.5:7001" in checked.output
    assert "start it: stationd controller fridge" in checked.output
    found = {one.check: one for one in (*keys(load(config)), *daemon(load(config)))}
    assert [(name, one.state) for name, one in found.items()] == [("keys", "ok"), ("daemon", "ok")]


def test_a_controller_without_the_key_that_it_needs_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    config = tmp_path / "station.toml"
    config.write_text(
        f'[station]\nstate = "{tmp_path}"\n[instruments]\nendpoint = "tcp://127.0.0.1:1"\n'
        '[controllers.qpu]\ndriver = "null"\n'
    )
    result = run("controller", "qpu", "--config", str(config))
    assert result.exit_code == 1
    assert "qpu has none: make one with `stationd keygen qpu --for controller`" in result.output
