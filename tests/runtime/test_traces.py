"""A station sends traces if its configuration asks for them, and is told what it needs for that."""

from importlib import util
from pathlib import Path

import pytest

from stationd.proto.error import StationError
from stationd.runtime.settings import SettingsError, parse
from stationd.runtime.station import House
from stationd.runtime.traces import traced
from tests.runtime.bench import a_bench

pytestmark = pytest.mark.anyio


def asking(endpoint: str) -> dict[str, object]:
    return {"tracing": {"endpoint": endpoint}}


async def test_nothing_is_sent_unless_somebody_asks() -> None:
    async with a_bench() as bench:
        before = bench.dispatch.ended
        house = House(settings=parse({}, ""), config=Path(), station=bench.station)
        async with traced(house):
            assert bench.dispatch.ended == before
            assert bench.station.bus.overheard is None


async def test_whoever_asks_has_jobs_controllers_and_workers_traced() -> None:
    async with a_bench() as bench:
        before = bench.dispatch.ended
        settings = parse(asking("http://127.0.0.1:1/v1/traces"), "")
        async with traced(House(settings=settings, config=Path(), station=bench.station)):
            assert bench.dispatch.ended != before
            assert bench.station.bus.overheard is not None
            assert bench.station.ports.workers.called is not None
            assert bench.station.metrics.traces_dropped() == 0
        assert bench.dispatch.ended == before


async def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from stationd.runtime import traces  # noqa: PLC0415 - the module, not the room

    def missing(_name: str) -> None:
        return None

    monkeypatch.setattr(traces, "find_spec", missing)
    assert util.find_spec("opentelemetry") is not None
    async with a_bench() as bench:
        settings = parse(asking("http://127.0.0.1:1/v1/traces"), "")
        with pytest.raises(StationError, match=r"pip install 'stationd\[otel\]'"):
            async with traced(House(settings=settings, config=Path(), station=bench.station)):
                pass


async def test_an_endpoint_is_an_address_of_the_web() -> None:
    with pytest.raises(SettingsError, match=r"stationd\.toml: tracing\.endpoint"):
        parse(asking("localhost:4318"), "stationd.toml")
