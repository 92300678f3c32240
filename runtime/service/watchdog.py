"""systemd's watchdog: fed while the station's actors prove that they live.

A process that only *runs* may have a loop that turns and a dispatcher that waits for ever. So
each ration is earned: see `proofs`. What is not earned in time ends with SIGABRT and a restart,
which the controllers in units of their own outlive.
"""

from __future__ import annotations

import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio

from stationd.runtime.notification import notify
from stationd.runtime.service.proofs import missing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from stationd.runtime.station import House, Station

log = logging.getLogger(__name__)

_RATIONS: Final = 3
"""Between two of systemd's looks: one may be late."""


@asynccontextmanager
async def watchdog(house: House) -> AsyncGenerator[None]:
    """Feed the watchdog while the context lasts, if systemd has one for this process."""
    seconds = wanted(os.environ, os.getpid())
    if seconds is not None:
        log.info("the watchdog wants signs of life within %g s", seconds)
        house.station.tasks.start_soon(feed, house.station, seconds)
    yield


def wanted(environment: Mapping[str, str], pid: int) -> float | None:
    """Return the watchdog's patience in seconds; None if it does not watch this process."""
    usec = environment.get("WATCHDOG_USEC", "")
    watched = environment.get("WATCHDOG_PID", str(pid))
    if not usec.isdecimal() or not int(usec) or watched != str(pid):
        return None
    return int(usec) / 1_000_000


async def feed(station: Station, seconds: float) -> None:
    """Feed the watchdog for ever, as long as everybody lives.

    Args:
        station: Whose actors have to prove it.
        seconds: The watchdog's patience.
    """
    pause = seconds / _RATIONS
    while True:
        asked = anyio.current_time()
        silent = await missing(station, pause)
        if silent:
            log.error("no sign of life from %s within %.1f s", " and ".join(silent), pause)
            continue
        notify("WATCHDOG=1")
        await anyio.sleep(max(0.0, asked + pause - anyio.current_time()))
