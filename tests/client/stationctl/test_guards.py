"""`guards` shows what is read, what it must be, and what is wrong."""

import json

import msgspec

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.guard_requests import GuardState
from tests.client.stationctl.shell import run

COLD = GuardState(
    name="cold",
    readout="fridge.plate",
    targets=("qpu", "source"),
    standing="violated",
    since_unix_s=1_700_000_000.0,
    holds=True,
    fault="0.035 K is above 0.02 K",
    value=0.035,
    unit="K",
    read_unix_s=1_700_000_100.0,
    minimum=0.001,
    maximum=0.02,
    abort=True,
)
LOCK = GuardState(
    name="lock",
    readout="laser.locked",
    targets=("trap",),
    standing="unread",
    since_unix_s=1_700_000_000.0,
    holds=True,
    expected=True,
)


def test_a_guard_is_a_row_and_what_is_wrong_a_line_below(there: ScriptedStation) -> None:
    there.guards = (COLD, LOCK)
    lines = run("guards").stdout.splitlines()
    assert "at least 0.001 K, at most 0.02 K" in lines[1]
    assert "violated, holds" in lines[1]
    assert lines[1].endswith("qpu, source (aborts)")
    assert lines[2].split()[:5] == ["lock", "laser.locked", "-", "-", "true"]
    assert lines[3:] == ["cold: fridge.plate: 0.035 K is above 0.02 K"]


def test_programs_get_every_key(there: ScriptedStation) -> None:
    there.guards = (LOCK,)
    (shown,) = json.loads(run("guards", "--json").stdout)
    assert set(shown) == {field.name for field in msgspec.structs.fields(GuardState)}
    assert (shown["standing"], shown["value"], shown["expected"]) == ("unread", None, True)
