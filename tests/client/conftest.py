"""A scripted station for every test that asks for one, on a socket of its own."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

import stationd
from stationd.aio import jobs
from stationd.client.scripted_station import ScriptedStation, scripted_station


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A free endpoint, whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="stationd-"))
    yield f"ipc://{folder}/jobs.sock"
    shutil.rmtree(folder)


@pytest.fixture
async def station(endpoint: str) -> AsyncGenerator[ScriptedStation]:
    """A station in the test's own event loop, which all calls talk to."""
    stationd.connect(endpoint)
    async with scripted_station(endpoint) as station:
        yield station
        await jobs.close()
