"""Stations for the tests: one that many share, and as many of one's own as it takes."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

import stationd
from stationd import jobs
from stationd.client.connection import shared
from stationd.client.connection.connection import Connection
from tests.end_to_end.station import BENCH, NULL, PATIENCE, QPU, Station

Backend = tuple[str, dict[str, bool]]

CLIENTS: dict[str, Backend] = {
    "asyncio": ("trio", {}),
    "trio": ("asyncio", {"use_uvloop": True}),
}
"""The client's event loop for each of the daemon's: never the same."""


@pytest.fixture(scope="session", params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    """The daemon's event loop."""
    return str(request.param)


@pytest.fixture(scope="session")
def anyio_backend(backend: str) -> Backend:
    """The client's event loop, in asynchronous tests."""
    return CLIENTS[backend]


@pytest.fixture(autouse=True)
def _patient_clients(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Let no client take a busy machine's daemon for one that is not there."""
    patient = partial(Connection, answer_wait=PATIENCE, connect_wait=PATIENCE)
    monkeypatch.setattr(shared, "Connection", patient)


@pytest.fixture(scope="session")
def shared_station(backend: str) -> Iterator[Station]:
    """A station with everything, for tests that leave it as they found it."""
    station = Station(backend, NULL, QPU, BENCH)
    try:
        station.start()
        station.wait_connected("nothing", "qpu", "source", "readout")
        yield station
        assert station.stop() == 0, station.log
        assert not station.processes()
        station.check()
    finally:
        station.close()


@pytest.fixture
def station(shared_station: Station) -> Iterator[Station]:
    """The shared station, which the client talks to."""
    stationd.connect(shared_station.endpoint)
    yield shared_station
    jobs.close()
    shared_station.check()


@pytest.fixture
def new_station(backend: str) -> Iterator[Callable[..., Station]]:
    """Make stations of one's own, to stop and to kill; the client talks to the newest."""
    stations: list[Station] = []

    def new(*parts: str, **others: tuple[tuple[str, str], ...]) -> Station:
        station = Station(backend, *(parts or (NULL,)), **others)
        stations.append(station)
        stationd.connect(station.endpoint)
        return station

    try:
        yield new
        jobs.close()
        for station in stations:
            station.check()
    finally:
        for station in stations:
            station.close()
