"""A scripted station for every test that asks for one, on a socket of its own."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

import stationd
from stationd.aio import jobs
from stationd.client import endpoint as chosen
from stationd.client.scripted_station import ScriptedStation, scripted_station

P = ParamSpec("P")
T = TypeVar("T")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A free endpoint, whose path is short enough for a socket."""
    # What a test connects to must not outlive it.
    monkeypatch.setattr(chosen, "_chosen", [])
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


class DistantStation:
    """A scripted station in a thread of its own, and a way to give it orders.

    Args:
        portal: To the thread.
        station: The station, which must be touched there only.
    """

    def __init__(self, portal: BlockingPortal, station: ScriptedStation) -> None:
        self._portal = portal
        self.station = station

    def tell(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function where the station is."""
        return self._portal.call(lambda: function(*args, **kwargs))


@contextmanager
def distant(endpoint: str) -> Generator[DistantStation]:
    """Run a scripted station in a thread."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(scripted_station(endpoint)) as station,
    ):
        yield DistantStation(portal, station)


@pytest.fixture
def distant_station(endpoint: str) -> Iterator[DistantStation]:
    """A station in a thread, which all synchronous calls talk to."""
    stationd.connect(endpoint)
    with distant(endpoint) as found:
        yield found
        stationd.jobs.close()
