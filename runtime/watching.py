"""Whoever watches a station from outside: Prometheus, and people with a browser."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anyio import CancelScope, to_thread

from stationd.runtime.logs import logs
from stationd.runtime.metrics import served
from stationd.runtime.status_page.board import Board
from stationd.runtime.status_page.page import pages
from stationd.runtime.status_page.publishing import Publishing
from stationd.runtime.vital_signs import VitalSigns

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stationd.runtime.station import Station

log = logging.getLogger(__name__)


@asynccontextmanager
async def watched(station: Station) -> AsyncGenerator[int]:
    """Let a station be watched while the context lasts; yield the port, 0 if nobody may.

    Raises:
        StationError: The port is taken.
    """
    settings, board = station.settings.metrics, Board()
    station.metrics.log_lines = lambda: logs.statistics().lines
    station.metrics.log_lines_dropped = lambda: logs.statistics().dropped + station.story.dropped
    shown = await to_thread.run_sync(pages, board) if settings.status_page else {}
    server = served(station.metrics, settings.listen, shown)
    port = server.__enter__()
    try:
        if port:
            _begin(station, board if shown else None, settings.listen.rpartition(":")[0], port)
        yield port
    finally:
        # It waits for its thread, and the loop has others to look after.
        with CancelScope(shield=True):
            await to_thread.run_sync(server.__exit__, None, None, None)


def _begin(station: Station, board: Board | None, host: str, port: int) -> None:
    address = f"http://{host}:{port}"
    station.tasks.start_soon(VitalSigns(station).keep)
    log.info("metrics at %s", address)
    if board is not None:
        publishing = Publishing(station, board)
        station.tasks.start_soon(publishing.remember)
        station.tasks.start_soon(publishing.publish)
        log.info("status page at %s/", address)
