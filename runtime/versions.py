"""What this daemon runs is noted when it starts, so that it can be told later."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from anyio import to_thread

from stationd.runtime.controllers.running_now import DAEMON, RunningNow

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from stationd.runtime.station import House

log = logging.getLogger(__name__)


@asynccontextmanager
async def versions_noted(house: House) -> AsyncGenerator[None]:
    """Note what this daemon runs; to look it up takes a moment, for which nobody waits."""
    house.station.tasks.start_soon(_note_own, house)
    yield


async def _note_own(house: House) -> None:
    try:
        found = await to_thread.run_sync(_installed)
    except Exception:
        # Jobs do not depend on it; their results lack it until the next start.
        log.exception("what this daemon runs could not be looked up")
        return
    RunningNow(house.station.journal, house.station.ports.clock).note(DAEMON, found)


def _installed() -> dict[str, str]:
    # What reads installations is slow to import, and a start would wait for it.
    from stationd.actors.controller.installed import versions  # noqa: PLC0415

    return versions()
