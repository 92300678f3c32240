"""Signs of life: what each actor of a station has to do before the watchdog is fed.

Rule 1. A proof takes the way that real work takes, and changes nothing.
Rule 2. What an actor cannot do for a known reason, such as a full disk, is no sign of death: the
        reason is told elsewhere, and a restart would not mend it.
Rule 3. A proof has no bound of its own; whoever asks for it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import zmq

from stationd.proto.codec import REQUESTS
from stationd.proto.jobs_protocol import Ping
from stationd.proto.socket import connect
from stationd.runtime.controllers.instrument_bus import MISSED_BEATS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from stationd.runtime.station import Station

_TIMER: Final = "proof of life"
_LOOK: Final = 0.05
"""Seconds between two looks at a number that should move."""


async def dispatcher(station: Station) -> None:
    """The journal's writer answers, and the callbacks that move all jobs are called.

    They come in the order of the writes: one that comes proves those before it.
    """
    if station.journal.trouble is not None:
        return
    done = anyio.Event()
    station.journal.write((), lambda _: done.set())
    await done.wait()


async def timers(station: Station) -> None:
    """What is due is done."""
    done = anyio.Event()
    station.timers.set(_TIMER, 0.0, done.set)
    await done.wait()


async def instruments(station: Station) -> None:
    """The bus looks after the controllers, as it does once in every beat."""
    late = MISSED_BEATS * station.settings.instruments.beat_interval
    clock = station.ports.clock
    while clock.monotonic() - station.bus.looked_at > late:  # noqa: ASYNC110 - for a moment at most
        await anyio.sleep(_LOOK)


async def api(station: Station) -> None:
    """A client that asks is answered, over the socket that local clients use."""
    local = [one for one in station.settings.api_endpoints if one.startswith("ipc://")]
    if not local:
        # Over a network it would take a key, which the daemon has no business with.
        return
    with connect(zmq.DEALER, local[0]) as client:
        await client.send([REQUESTS.encode(Ping(1, "watchdog"))])
        await client.receive()


PROOFS: Final[Mapping[str, Callable[[Station], Awaitable[None]]]] = {
    "the journal or the dispatcher": dispatcher,
    "the timers": timers,
    "the instruments' bus": instruments,
    "the jobs API": api,
}


async def missing(station: Station, seconds: float) -> list[str]:
    """Return which actors have given no sign of life.

    Args:
        station: Whose actors.
        seconds: How long they may take.
    """
    silent = dict(PROOFS)

    async def prove(name: str) -> None:
        await PROOFS[name](station)
        del silent[name]

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as tasks:
            for name in PROOFS:
                tasks.start_soon(prove, name)
    return list(silent)
