"""What a running station has to do with traces: nothing, unless its configuration asks for them."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from anyio import to_thread

from stationd import __version__
from stationd.proto.error import StationError
from stationd.runtime.tracing.tracer import Tracer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stationd.runtime.live import LiveJob
    from stationd.runtime.station import House
    from stationd.runtime.tracing.otlp import Collector

log = logging.getLogger(__name__)


@asynccontextmanager
async def traced(house: House) -> AsyncGenerator[None]:
    """Send traces of the jobs that end meanwhile.

    Raises:
        StationError: What sends them is not installed.
    """
    endpoint = house.settings.tracing.endpoint
    if not endpoint:
        yield
        return
    station = house.station
    collector = await to_thread.run_sync(_collector, endpoint, house.settings.station.name)
    tracer = Tracer(station.journal, collector)
    told = station.dispatch.ended

    def over(live: LiveJob) -> None:
        told(live)
        tracer.over(live)

    station.dispatch.ended = over
    station.bus.overheard = tracer.reported
    station.ports.workers.called = tracer.called
    station.metrics.traces_dropped = lambda: tracer.dropped
    station.tasks.start_soon(tracer.run)
    log.info("traces go to %s", endpoint)
    try:
        yield
    finally:
        station.dispatch.ended = told
        await to_thread.run_sync(collector.close)


def _collector(endpoint: str, station: str) -> Collector:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise StationError(
            "[tracing] endpoint: traces need what is not installed: pip install 'stationd[otel]',"
            " or leave the key out"
        )
    from stationd.runtime.tracing.otlp import Collector  # noqa: PLC0415 - many parts, for few

    return Collector(endpoint, station, __version__)
