"""The file of stations: where they are, and with which keys."""

from pathlib import Path

import pytest

from stationd.client.connection.endpoint import DEFAULT, Choice
from stationd.client.connection.stations import Address, address_of, file_of_stations, read_stations
from stationd.proto.curve import Credentials, KeyPair, new_pair
from stationd.proto.error import HostError, RequestError

LAB = "tcp://lab:7000"
STATION = new_pair().public


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "client.toml"
    monkeypatch.setenv("STATIOND_STATIONS", str(path))
    return path


@pytest.fixture
def own(tmp_path: Path) -> KeyPair:
    pair = new_pair()
    path = tmp_path / "ada.secret"
    path.write_text(pair.secret)
    path.chmod(0o600)
    return pair


def a_lab(file: Path, key_file: str = "ada.secret") -> None:
    file.write_text(
        f'default = "lab"\n[stations.lab]\nendpoint = "{LAB}"\nstation_key = \'{STATION}\'\n'
        f'key_file = "{key_file}"\n[stations.here]\nendpoint = "ipc:///run/a.sock"\n'
    )


def test_without_a_file_the_default_is_this_hosts_station(file: Path) -> None:
    assert not file.exists()
    assert address_of(Choice()) == Address(DEFAULT)


@pytest.mark.parametrize("station", ["", "lab", LAB])
def test_a_station_is_known_by_name_by_endpoint_and_as_the_default(
    file: Path, own: KeyPair, station: str
) -> None:
    a_lab(file)
    assert address_of(Choice(station)) == Address(LAB, Credentials(STATION, own))


def test_a_path_takes_no_keys(file: Path) -> None:
    a_lab(file)
    assert address_of(Choice("here")) == Address("ipc:///run/a.sock")
    assert address_of(Choice("ipc:///run/b.sock")) == Address("ipc:///run/b.sock")


def test_what_is_said_goes_before_the_file(file: Path, own: KeyPair, tmp_path: Path) -> None:
    a_lab(file, key_file="/nowhere")
    other = new_pair().public
    choice = Choice("lab", other, str(tmp_path / "ada.secret"))
    assert address_of(choice) == Address(LAB, Credentials(other, own))


def test_without_keys_nothing_goes_over_a_network(file: Path, own: KeyPair) -> None:
    del own
    with pytest.raises(RequestError, match=r"which is your secret key .* and the station's public"):
        address_of(Choice(LAB))
    with pytest.raises(RequestError, match=r"which is your secret key .*: make yours with"):
        address_of(Choice(LAB, STATION))
    with pytest.raises(RequestError, match=f"the station's public key .* name both in {file}"):
        address_of(Choice(LAB, "", str(file.parent / "ada.secret")))
    with pytest.raises(RequestError, match="'abc' is no public key of a station"):
        address_of(Choice(LAB, "abc", str(file.parent / "ada.secret")))
    with pytest.raises(HostError, match="cannot read the secret key /nowhere"):
        address_of(Choice(LAB, STATION, "/nowhere"))


def test_a_name_that_nobody_knows_is_told_with_those_that_are_known(file: Path) -> None:
    a_lab(file)
    with pytest.raises(RequestError, match=f"{file} knows no station 'lba'; it knows here, lab"):
        address_of(Choice("lba"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[stations", "not TOML"),
        ("[stations.lab]\n", "endpoint"),
        ('[stations.lab]\nendpoint = "lab"\n', "stations.lab.endpoint: is no endpoint"),
        ('[stations.lab]\nendpoint = "http://lab"\n', "'http://lab' is not the endpoint"),
        ('[stations.lab]\nendpoint = "ipc:///s"\nkey = "x"\n', "unknown field `key`"),
        ('default = "lab"\n', "default: no station is called 'lab'"),
    ],
)
def test_a_file_that_makes_no_sense_is_told(file: Path, text: str, reason: str) -> None:
    file.write_text(text)
    with pytest.raises(RequestError) as caught:
        read_stations(file)
    assert reason in str(caught.value)


def test_the_file_is_where_files_of_its_kind_are() -> None:
    assert file_of_stations({}) == Path("~/.config/stationd/client.toml").expanduser()
    assert file_of_stations({"XDG_CONFIG_HOME": "/c"}) == Path("/c/stationd/client.toml")
    assert file_of_stations({"STATIOND_STATIONS": "/x"}) == Path("/x")
