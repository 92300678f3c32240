"""Publishes snapshots while somebody looks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from stationd.proto.error import JournalClosed
from stationd.runtime.status_page.lately import SAMPLE_EVERY, Lately
from stationd.runtime.status_page.survey import Survey

if TYPE_CHECKING:
    from stationd.runtime.station import Station
    from stationd.runtime.status_page.board import Board

log = logging.getLogger(__name__)

CHECK_EVERY: Final = 0.25
"""Seconds between two looks whether anybody looks."""
PUBLISH_EVERY: Final = 1.0
"""Seconds between two snapshots."""
AFTER_A_FAILURE: Final = 30.0
"""Seconds until the next try."""


class Publishing:
    """Hangs snapshots of a station onto a board.

    Args:
        station: The station.
        board: Where they are read.
    """

    def __init__(self, station: Station, board: Board) -> None:
        self._station = station
        self._board = board
        self._lately = Lately()
        self._survey = Survey(station, self._lately)

    async def remember(self) -> None:
        """Remember for ever what the controllers' time was spent on of late."""
        while True:
            self._lately.sample(self._station.metrics.utilisation.seconds())
            await anyio.sleep(SAMPLE_EVERY)

    async def publish(self) -> None:
        """Publish a snapshot, for ever, now and then while somebody looks."""
        while True:
            pause = CHECK_EVERY
            if self._board.watched:
                pause = PUBLISH_EVERY
                try:
                    self._board.hang_out(msgspec.json.encode(await self._survey.snapshot()))
                except JournalClosed:
                    return
                except Exception:
                    # It is for looking at; jobs do not depend on it.
                    log.exception("the status page could not be made")
                    pause = AFTER_A_FAILURE
            await anyio.sleep(pause)
