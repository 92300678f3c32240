"""`top`: one look for programs and pipes, a live view on a terminal."""

import json
import os
import signal
import subprocess
import termios

import msgspec
import pytest

from stationd.client.scripted.station import DistantStation, ScriptedStation
from stationd.proto.station_requests import Survey
from tests.client.stationctl.shell import in_terminal, read_all, read_until, run, submitted


@pytest.fixture
def busy(there: ScriptedStation) -> ScriptedStation:
    """A station that has done something."""
    there.overview = msgspec.structs.replace(
        there.overview, received=12, ended={"ready": 8, "failed": 1, "aborted": 0}
    )
    return there


def test_one_look_as_json_has_all_that_is_drawn(busy: ScriptedStation) -> None:
    job = submitted("--null", "0")
    seen = json.loads(run("top", "--json").stdout)
    assert set(seen) == {"station", "overview", "controllers", "targets", "next", "newest"}
    assert seen["overview"]["ended"] == {"ready": 8, "failed": 1, "aborted": 0}
    assert seen["newest"][0]["id"] == job


def test_nobody_looks_and_it_prints_once(busy: ScriptedStation) -> None:
    done = run("top")
    assert done.exit_code == 0
    assert "12 received   8 ready   1 failed" in done.stdout
    assert "\x1b" not in done.stdout
    assert sum(isinstance(one, Survey) for one in busy.received) == 1


@pytest.mark.slow
@pytest.mark.parametrize("way", ["q", "ctrl-c", "SIGTERM"])
def test_it_looks_again_and_leaves_the_terminal_as_it_was(
    busy: ScriptedStation, distant_station: DistantStation, way: str
) -> None:
    process, descriptor = in_terminal(busy, "top", "--every", "0.2")
    said = read_until(descriptor, "12 received")
    distant_station.wait_received(Survey, 2)
    assert "\x1b[?1049h" in said
    end(process, descriptor, way)
    # Keys are shown again, and read by lines.
    *_, local, _, _, _ = termios.tcgetattr(descriptor)
    assert local & termios.ECHO
    assert local & termios.ICANON
    said = read_all(descriptor)
    assert process.returncode == (128 + signal.SIGTERM if way == "SIGTERM" else 0)
    # The screen from before is there again, and the cursor.
    assert "\x1b[?1049l" in said
    assert "\x1b[?25h" in said
    assert "Traceback" not in said


def end(process: subprocess.Popen[bytes], descriptor: int, way: str) -> None:
    """End it as a person would, and wait for that."""
    if way == "q":
        os.write(descriptor, b"xq")
    else:
        process.send_signal(signal.SIGTERM if way == "SIGTERM" else signal.SIGINT)
    process.wait(60)
