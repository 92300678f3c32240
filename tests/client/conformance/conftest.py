"""Every test of the checklist runs on a scripted and on a real station, with both APIs."""

from collections import OrderedDict
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal

import stationd
from stationd import aio
from stationd import jobs as synchronous
from stationd.client.connection import endpoint as chosen
from stationd.client.results import download
from stationd.client.scripted.station import DistantStation
from tests.client.conformance.stations import Lab, RealLab, ScriptedLab
from tests.client.conformance.twin import TURN, Twin
from tests.end_to_end.station import GATED, QPU, Station

ORDINARY = """
[users."*"]
role = "submitter"
"""
"""Whoever asks is neither operator nor admin."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "checklist(*items): the items that a test is about")


@pytest.fixture(scope="session")
def real_station() -> Iterator[Station]:
    """A daemon with its controllers, for all tests of a process."""
    station = Station("asyncio", GATED, QPU, ORDINARY)
    try:
        station.start()
        station.wait_connected("nothing", "qpu")
        yield station
        assert station.stop() == 0, station.log
        station.check()
    finally:
        station.close()


@pytest.fixture(params=["scripted", "real"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which station."""
    return str(request.param)


@pytest.fixture(params=["sync", "aio"])
def flavor(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which API."""
    if request.param == "sync":
        yield "sync"
        return
    with start_blocking_portal("trio") as portal:
        TURN.flavor = Twin(portal)
        yield "aio"
        portal.call(aio.jobs.close)
        TURN.flavor = synchronous


@pytest.fixture
def lab(
    kind: str, flavor: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lab]:
    """A station that does what a test arranges, and that both APIs talk to."""
    if kind == "scripted":
        distant: DistantStation = request.getfixturevalue("distant_station")
        yield ScriptedLab(distant)
        return
    monkeypatch.setattr(chosen, "_chosen", [])
    monkeypatch.setattr(download, "_KEPT", OrderedDict[str, object]())
    real = RealLab(request.getfixturevalue("real_station"))
    stationd.connect(real.station.endpoint)
    yield real
    real.empty()
    synchronous.close()


@pytest.fixture
def scripted(distant_station: DistantStation, flavor: str) -> ScriptedLab:
    """A scripted station, for what cannot be arranged on a real one."""
    return ScriptedLab(distant_station)
