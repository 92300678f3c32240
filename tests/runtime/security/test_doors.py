"""What a daemon listens at, and who gets near."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
import zmq

from stationd.proto.curve import Credentials, KeyPair, new_pair
from stationd.proto.error import StationError
from stationd.proto.socket import connect
from stationd.runtime.security.access import means_of
from stationd.runtime.security.doors import open_doors, read_register, warnings
from stationd.runtime.security.making import make_files
from stationd.runtime.settings import parse

pytestmark = pytest.mark.anyio

ADA, QPU = new_pair(), new_pair()


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def station(folder: Path) -> KeyPair:
    return make_files("station", folder)


async def test_all_sockets_stand_behind_the_gate(folder: Path, station: KeyPair) -> None:
    settings = parse(
        {
            "station": {"runtime": f"{folder}/run"},
            "api": {"endpoints": [f"ipc://{folder}/run/jobs.sock", "tcp://127.0.0.1:*"]},
            "instruments": {"listen": ["tcp://127.0.0.1:*"]},
            "security": {"secret_key_file": f"{folder}/station.secret"},
            "users": {"ada": {"keys": [ADA.public]}},
            "controllers": {"qpu": {"driver": "null", "keys": [QPU.public]}},
        },
        "the.toml",
    )
    with anyio.fail_after(60):
        async with open_doors(settings) as doors:
            local, network = doors.api
            ways = [
                (local, local.endpoint, None, f"unix:{os.getuid()}"),
                (network, network.endpoint, ADA, f"curve:{ADA.public}"),
                (
                    doors.instruments,
                    settings.instruments_endpoint,
                    None,
                    f"unix:{os.getuid()}",
                ),
                (doors.instruments, doors.instruments.endpoint, QPU, f"curve:{QPU.public}"),
            ]
            for socket, endpoint, pair, means in ways:
                credentials = Credentials(station.public, pair) if pair else None
                socket.remember_senders()
                with connect(zmq.DEALER, endpoint, credentials) as dealer:
                    await dealer.send([b"hello"])
                    await socket.receive()
                    assert means_of(socket.sender) == means
            assert len(doors.access.ports) == 2
    assert (folder / "run").stat().st_mode & 0o777 == 0o750


async def test_nothing_stays_open_if_one_door_cannot_be(folder: Path) -> None:
    settings = parse(
        {
            "station": {"runtime": str(folder)},
            "api": {"endpoints": [f"ipc://{folder}/a.sock", "ipc:///proc/no/b.sock"]},
        },
        "the.toml",
    )
    with pytest.raises(ExceptionGroup) as caught:
        async with open_doors(settings):
            raise AssertionError
    assert caught.group_contains(StationError, match="cannot make /proc/no for the sockets")


@pytest.mark.parametrize(
    ("mode", "said"), [(0o755, "may enter"), (0o777, "may write to"), (0o750, "")]
)
def test_a_folder_that_lets_in_too_many_is_told(folder: Path, mode: int, said: str) -> None:
    folder.chmod(mode)
    told = warnings(parse({"station": {"runtime": str(folder)}}, "the.toml"))
    assert [said in one for one in told] == [True] * bool(said)
    assert warnings(parse({"station": {"runtime": f"{folder}/later"}}, "the.toml")) == []


def test_a_unix_user_who_does_not_exist_is_told(caplog: pytest.LogCaptureFixture) -> None:
    null = {"driver": "null"}
    settings = parse(
        {"controllers": {"a": {**null, "user": "no-such-user"}, "b": {**null, "user": "root"}}},
        "the.toml",
    )
    assert read_register(settings).uids == {"a": None, "b": 0}
    assert "there is no Unix user 'no-such-user'" in caplog.text
