"""Tells in the log when the journal stands still: whoever waits for an answer is told nothing else.

A disk that is full says so itself. One that does not answer, or a writer that was stopped, says
nothing; and where systemd watches, the daemon is ended before an alert has fired.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stationd.runtime.journal.interface import Journal, JournalStatistics
    from stationd.runtime.station import House

log = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds that writes may wait without a commit."""
LOOK_EVERY: Final = 2.0
"""Seconds between two looks."""


class Standstill:
    """Knows since when nothing has come to the disk although something waits."""

    def __init__(self) -> None:
        self._commits = -1
        self._since = 0.0
        self._told = False

    def look(self, journal: JournalStatistics, now: float) -> None:
        """Tell what has changed since the last look.

        Args:
            journal: How it is doing.
            now: Monotonic seconds.
        """
        if journal.waiting and not journal.trouble and journal.commits == self._commits:
            self._stands(journal, now - self._since)
            return
        if self._told:
            log.warning("the journal goes on")
        self._commits, self._since, self._told = journal.commits, now, False

    def _stands(self, journal: JournalStatistics, seconds: float) -> None:
        if seconds < PATIENCE or self._told:
            return
        self._told = True
        log.error(
            "the journal stands still: %d writes wait, and none has come to the disk for %.0f s;"
            " its writer is process %s, and the disk or whoever has stopped it keeps it",
            journal.waiting,
            seconds,
            journal.writer_pid or "unknown",
        )


@asynccontextmanager
async def journal_watched(house: House) -> AsyncGenerator[None]:
    """Look after the journal while the context lasts."""
    house.station.tasks.start_soon(watch, house.station.journal)
    yield


async def watch(journal: Journal) -> None:
    """Look after a journal for ever."""
    standstill = Standstill()
    while True:
        standstill.look(journal.statistics(), anyio.current_time())
        await anyio.sleep(LOOK_EVERY)
