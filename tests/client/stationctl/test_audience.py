"""A command whose output nobody reads any more ends, and says nothing."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, redirect_stdout

import anyio
import pytest
from anyio.lowlevel import checkpoint

from stationd.client.blocking.portal import call
from stationd.client.scripted.station import DistantStation, ScriptedStation
from stationd.client.stationctl.audience import while_read
from stationd.client.stationctl.ending import REFUSED, UNREAD, report
from stationd.proto.error import RequestError
from stationd.proto.jobs_protocol import Listen


@contextmanager
def printing(*, read: bool) -> Generator[None]:
    """Let the standard output be a pipe that somebody reads, or nobody any more."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output, redirect_stdout(output):
        if not read:
            os.close(reading)
        yield
    if read:
        os.close(reading)


def test_a_command_that_waits_ends_when_its_reader_goes(
    there: ScriptedStation, distant_station: DistantStation
) -> None:
    program = "from stationd.client.stationctl.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "--station", there.endpoint, "listen"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    distant_station.wait_received(Listen)
    # Nothing happens at the station, and so nothing is printed.
    process.stdout.close()
    assert process.wait(60) == UNREAD
    with process.stderr as said:
        assert said.read() == b""


def test_what_waits_for_ever_is_left_when_nobody_reads() -> None:
    with printing(read=False):
        with pytest.raises(ExceptionGroup) as raised:
            call(while_read, anyio.sleep_forever)
        assert report(raised.value) == UNREAD
        print("nobody minds")  # noqa: T201 - what is printed now goes nowhere


def test_what_has_a_reader_goes_on_to_its_end() -> None:
    async def found() -> int:
        await checkpoint()
        return 7

    with printing(read=True):
        assert call(while_read, found) == 7


def test_the_error_of_tasks_that_work_together_ends_a_command_as_it_would_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def refused() -> None:
        await checkpoint()
        raise RequestError("there is no such level")

    with printing(read=True), pytest.raises(ExceptionGroup) as raised:
        call(while_read, refused)
    assert report(ExceptionGroup("outer", [raised.value])) == REFUSED
    assert capsys.readouterr().err == "Error: there is no such level\n"
    with pytest.raises(ZeroDivisionError):
        report(ExceptionGroup("a bug", [ZeroDivisionError()]))
