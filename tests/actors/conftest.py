"""A daemon that a test moves by hand, for tests of controllers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from stationd.proto.socket import bind
from tests.actors.daemon_by_hand import Station


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stationd-", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def station(folder: Path) -> Iterator[Station]:
    with bind(zmq.ROUTER, f"ipc://{folder}/i.sock") as socket:
        yield Station(socket)
