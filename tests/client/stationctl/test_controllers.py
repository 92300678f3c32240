"""`controllers show` prints what a controller says of itself, readable for a whole rack too."""

import json

import pytest

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import ControllerView
from stationd.proto.program import Capabilities, Qpu, Readout, Setting
from stationd.proto.version_requests import RunningVersions
from tests.client.stationctl.shell import run

SETTINGS = (
    Setting(name="bowl.x", unit="V", minimum=-2.0, maximum=2.0, doc="where it is"),
    Setting(name="bowl.mode", type="str", choices=("cw", "pulsed")),
)
READOUTS = (
    Readout(name="bowl.x", unit="V", doc="where it is"),
    Readout(name="bowl.trace", unit="V", shape=(101,)),
)
RACK = tuple(
    Setting(name=f"rack.module{module}.out{channel}.{name}", unit="V")
    for module in range(20)
    for channel in range(4)
    for name in ("gain", "offset")
)


def lab(
    settings: tuple[Setting, ...] = SETTINGS,
    readouts: tuple[Readout, ...] = READOUTS,
    quarantined: JobId | None = None,
    qpu: Qpu | None = None,
) -> ControllerView:
    return ControllerView(
        name="lab",
        driver="qcodes",
        connected=True,
        running=None,
        line=0,
        capabilities=Capabilities(settings=settings, readouts=readouts, qpu=qpu),
        quarantined=quarantined,
        heard_unix_s=60.5,
    )


def test_settings_and_readouts_are_shown_under_the_names_that_jobs_use(
    there: ScriptedStation,
) -> None:
    there.controllers = (lab(),)
    there.versions = (
        RunningVersions(controller="lab", since_unix_s=0.0, versions={"Python": "3.11", "q": "1"}),
    )
    shown = run("controllers", "show", "lab").stdout
    rows = [" ".join(line.split()) for line in shown.splitlines()]
    assert "lab.bowl.x set, read -2 to 2 V where it is" in rows
    assert "lab.bowl.mode set cw, pulsed -" in rows
    assert "lab.bowl.trace read 101 numbers V" in rows
    assert "driver qcodes" in rows
    assert any(row.startswith("health healthy, last sign of life") for row in rows)
    assert "runs Python 3.11 and 1 more, which `stationctl versions` shows" in rows


def test_a_controller_in_quarantine_says_why_and_what_to_do(there: ScriptedStation) -> None:
    there.controllers = (lab(quarantined=JobId("")),)
    shown = run("controllers", "show", "lab").stdout
    assert "in quarantine: it did not come to rest from a job of somebody else" in shown
    assert "stationctl reset lab" in shown


def test_a_qpu_is_shown(there: ScriptedStation) -> None:
    qpu = Qpu(qubits=("QB1", "QB2"), couplings=(("QB1", "QB2"),), most_shots=1000)
    there.controllers = (lab((), (), qpu=qpu),)
    shown = run("controllers", "show", "lab").stdout
    assert "2 qubits (QB1, QB2), coupled QB1-QB2;" in shown
    assert "no settings and no readouts" in shown


def test_a_long_list_is_folded_until_a_part_of_it_is_named(there: ScriptedStation) -> None:
    there.controllers = (lab(RACK, ()),)
    folded = run("controllers", "show", "lab").stdout
    assert "lab.rack.module3.*" in folded
    assert "8 settings, 0 readouts" in folded
    assert "gain" not in folded
    part = run("controllers", "show", "lab", "rack.module3", "lab.rack.module5.out1.*").stdout
    assert part.count("gain") == 4 + 1
    assert "health" not in part
    assert run("controllers", "show", "lab", "--all").stdout.count("gain") == 80


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("bowl", {"bowl.x", "bowl.mode", "bowl.trace"}),
        ("bowl.t*", {"bowl.trace"}),
        ("lab.bowl.x", {"bowl.x"}),
        ("*.x", {"bowl.x"}),
    ],
)
def test_json_has_what_is_meant(there: ScriptedStation, pattern: str, names: set[str]) -> None:
    there.controllers = (lab(),)
    found = json.loads(run("controllers", "show", "lab", pattern, "--json").stdout)
    assert {one["name"] for one in found["settings"] + found["readouts"]} == names
    assert (found["health"], found["driver"]) == ("healthy", "qcodes")


def test_what_means_nothing_is_refused_with_what_is_like_it(there: ScriptedStation) -> None:
    there.controllers = (lab(),)
    refused = run("controllers", "show", "lab", "bowl.trase")
    assert refused.exit_code == 4
    assert "did you mean 'bowl.trace'" in refused.stderr
    assert run("controllers", "show", "lap").exit_code == 4
