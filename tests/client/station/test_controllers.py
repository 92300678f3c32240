"""A controller is described by what it says of itself and how it is."""

import pytest

from stationd.aio import jobs
from stationd.client.scripted.station import ScriptedStation
from stationd.client.station.controllers import health
from stationd.proto.error import RequestError
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import ControllerView
from stationd.proto.program import Capabilities, Readout, Setting
from stationd.proto.version_requests import RunningVersions

pytestmark = pytest.mark.anyio

X = Setting(name="bowl.x", unit="V", minimum=-2.0, maximum=2.0)
P = Readout(name="bowl.parabola", unit="V")


def view(
    *, connected: bool = True, quarantined: str | None = None, described: bool = True
) -> ControllerView:
    return ControllerView(
        name="lab",
        driver="qcodes" if described else "",
        connected=connected,
        running=None,
        line=2,
        capabilities=Capabilities(settings=(X,), readouts=(P,)) if described else None,
        quarantined=None if quarantined is None else JobId(quarantined),
        heard_unix_s=60.5 if connected else None,
    )


async def test_a_description_has_what_the_controller_offers_and_runs(
    station: ScriptedStation,
) -> None:
    station.controllers = (view(),)
    station.versions = (
        RunningVersions(controller="", since_unix_s=0.0, versions={"Python": "3.11.2"}),
        RunningVersions(controller="lab", since_unix_s=0.0, versions={"qcodes": "0.58.0"}),
    )
    found = await jobs.describe_controller("lab")
    assert (found.settings, found.readouts, found.qpu) == ((X,), (P,), None)
    assert (found.driver, found.line, found.heard_unix_s) == ("qcodes", 2, 60.5)
    assert found.versions == {"qcodes": "0.58.0"}


async def test_a_controller_that_never_came_offers_nothing(station: ScriptedStation) -> None:
    station.controllers = (view(connected=False, described=False),)
    found = await jobs.describe_controller("lab")
    assert (found.settings, found.readouts, found.versions) == ((), (), {})
    assert found.health == "has never connected"


async def test_a_name_that_is_not_known_is_refused_with_one_that_is(
    station: ScriptedStation,
) -> None:
    station.controllers = (view(),)
    with pytest.raises(RequestError, match="no controller 'lap'; did you mean 'lab'"):
        await jobs.describe_controller("lap")


def test_health_tells_the_worst_that_is_known() -> None:
    assert health(view()) == "healthy"
    assert health(view(connected=False)) == "not connected"
    assert health(view(quarantined="")) == "in quarantine"
    assert health(view(connected=False, quarantined="0b1c")) == "in quarantine"
