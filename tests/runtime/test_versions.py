"""What the daemon runs is noted; that it cannot be looked up costs the record alone."""

# pyright: reportPrivateUsage=false

import logging
from pathlib import Path

import pytest
from anyio.lowlevel import checkpoint

from stationd.runtime import versions
from stationd.runtime.controllers.running_now import DAEMON
from stationd.runtime.station import House
from tests.runtime.bench import Bench, a_bench, committed_until

pytestmark = pytest.mark.anyio


def house_of(bench: Bench) -> House:
    return House(settings=bench.station.settings, config=Path(), station=bench.station)


async def test_what_the_daemon_runs_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_installed", lambda: {"stationd": "1.0"})
    async with a_bench() as bench, versions.versions_noted(house_of(bench)):
        while not (noted := await bench.journal.versions(bench.clock.now)):
            bench.journal.commit()
            await checkpoint()
        assert [(one.controller, one.versions) for one in noted] == [(DAEMON, {"stationd": "1.0"})]


async def test_a_station_that_cannot_tell_what_it_runs_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unreadable() -> dict[str, str]:
        raise PermissionError("somebody else's package")

    monkeypatch.setattr(versions, "_installed", unreadable)
    with caplog.at_level(logging.ERROR):
        async with a_bench() as bench, versions.versions_noted(house_of(bench)):
            await committed_until(bench, lambda: "could not be looked up" in caplog.text)
            bench.queued(1)
