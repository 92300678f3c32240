"""Whoever watches a station from outside: Prometheus, and people with a browser."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stationd.runtime.logs import logs
from stationd.runtime.metrics import served
from stationd.runtime.status_page.board import Board
from stationd.runtime.status_page.page import pages
from stationd.runtime.status_page.publishing import Publishing
from stationd.runtime.vital_signs import VitalSigns

if TYPE_CHECKING:
    from collections.abc import Generator

    from stationd.runtime.station import Station

log = logging.getLogger(__name__)


@contextmanager
def watched(station: Station) -> Generator[int]:
    """Let a station be watched while the context lasts; yield the port, 0 if nobody may.

    Raises:
        StationError: The port is taken.
    """
    settings, board = station.settings.metrics, Board()
    station.metrics.log_lines = lambda: logs.statistics().lines
    station.metrics.log_lines_dropped = lambda: logs.statistics().dropped
    shown = pages(board) if settings.status_page else {}
    with served(station.metrics, settings.listen, shown) as port:
        if port:
            station.tasks.start_soon(VitalSigns(station).keep)
            address = f"http://{settings.listen.rpartition(':')[0]}:{port}"
            log.info("metrics at %s", address)
            if shown:
                publishing = Publishing(station, board)
                station.tasks.start_soon(publishing.remember)
                station.tasks.start_soon(publishing.publish)
                log.info("status page at %s/", address)
        yield port
