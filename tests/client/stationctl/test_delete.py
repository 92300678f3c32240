"""`delete` asks before it forgets, if there is somebody to ask."""

import os

import pytest

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.project_requests import Delete
from tests.client.stationctl.shell import in_terminal, read_all, read_until, run, submitted


def test_where_nobody_can_be_asked_it_has_to_be_said(there: ScriptedStation) -> None:
    done = run("delete", submitted("--null", "0"))
    assert done.exit_code == 2
    assert "--yes is needed" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("key", "code"), [(b"n\r", 0), (b"\x04", 130)])
def test_whoever_does_not_say_yes_forgets_nothing(
    there: ScriptedStation, key: bytes, code: int
) -> None:
    process, descriptor = in_terminal(there, "delete", submitted("--null", "0"))
    read_until(descriptor, "all results?")
    os.write(descriptor, key)
    read_all(descriptor)
    assert process.wait(60) == code
    assert not any(isinstance(request, Delete) for request in there.received)
