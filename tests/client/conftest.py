"""A scripted station for every test that asks for one, on a socket of its own."""

import shutil
import tempfile
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterator
from functools import partial
from pathlib import Path

import pytest

import stationd
from stationd.aio import jobs
from stationd.client.connection import endpoint as chosen
from stationd.client.connection import shared
from stationd.client.connection.connection import Connection
from stationd.client.results import download
from stationd.client.scripted import station as scripted
from stationd.client.scripted.station import ScriptedStation


@pytest.fixture(autouse=True)
def _patient_clients(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let no client take a busy machine's station for one that is not there."""
    patient = partial(Connection, answer_wait=60.0, connect_wait=60.0)
    monkeypatch.setattr(shared, "Connection", patient)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A free endpoint, whose path is short enough for a socket."""
    # What a test connects to must not outlive it.
    monkeypatch.setattr(chosen, "_chosen", [])
    monkeypatch.setattr(download, "_KEPT", OrderedDict[str, object]())
    folder = Path(tempfile.mkdtemp(prefix="stationd-"))
    yield f"ipc://{folder}/jobs.sock"
    shutil.rmtree(folder)


@pytest.fixture
async def station(endpoint: str) -> AsyncGenerator[ScriptedStation]:
    """A station in the test's own event loop, which all calls talk to."""
    stationd.connect(endpoint)
    async with scripted.scripted_station(endpoint) as station:
        yield station
        await jobs.close()


@pytest.fixture
def distant_station(endpoint: str) -> Iterator[scripted.DistantStation]:
    """A station in a thread, which all synchronous calls talk to."""
    stationd.connect(endpoint)
    with scripted.distant_station(endpoint) as found:
        yield found
        stationd.jobs.close()
