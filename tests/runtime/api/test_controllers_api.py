"""Clients are shown the controllers, and reset those that there are."""

import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.jobs_protocol import Controllers, ListControllers, ResetController
from tests.runtime.api.asking import asked, failed
from tests.runtime.bench import Peer, a_bench, client_of

pytestmark = pytest.mark.anyio


async def test_the_station_shows_its_targets_and_controllers() -> None:
    async with a_bench() as bench:
        bench.queued(1)
        with client_of(bench).socket as socket:
            shown = await asked(Peer(socket), ListControllers(1), Controllers)
            assert [target.name for target in shown.targets] == ["a", "b", "q"]
            lines = {one.name: one.line for one in shown.controllers}
            assert lines == {"a": 1, "b": 0, "c": 0, "d": 0, "q": 0}
            assert not any(one.connected for one in shown.controllers)


async def test_a_controller_is_shown_with_its_last_sign_of_life() -> None:
    async with a_bench() as bench:
        bench.clock.now += 1000.0
        bench.bus.peers["a"].spoke = bench.clock.monotonic() - 2.5
        with client_of(bench).socket as socket:
            shown = await asked(Peer(socket), ListControllers(1), Controllers)
        heard = {one.name: one.heard_unix_s for one in shown.controllers}
        assert heard["a"] == bench.clock.time() - 2.5
        assert heard["b"] is None


async def test_a_controller_that_is_not_there_is_not_reset() -> None:
    async with a_bench() as bench:
        with client_of(bench).socket as socket:
            failure = await failed(Peer(socket), ResetController(1, "z"))
        assert failure.error.code is ErrorCode.INVALID_REQUEST
        assert "known are a, b, c, d, q" in str(failure.error)
