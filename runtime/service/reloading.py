"""Another configuration for a station that runs, as far as that is possible.

Rule 1. A file that cannot be used changes nothing, and is told.
Rule 2. Who takes part of the settings anew says which: a row of the station's `reloads`. Every
        other key that has changed is named, and waits for a restart.
Rule 3. Who takes settings sees those that hold from now on, and none that wait for a restart.
Rule 4. What came of it is told three times: in the log, in the status that systemd shows, and by
        the keys that wait, which stay in the status until the restart.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import msgspec
from anyio import to_thread

from stationd.proto.error import StationError
from stationd.runtime.notification import notify
from stationd.runtime.settings import Key, Settings, changed, dotted, load

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from stationd.runtime.station import Reload, Station

log = logging.getLogger(__name__)

_NAMED: Final = 6
"""As many keys are named in the status; the log has all."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of another configuration."""

    settings: Settings
    """That hold now."""
    taken: tuple[Key, ...] = ()
    """Keys that hold from now on."""
    waiting: tuple[Key, ...] = ()
    """Keys that hold after a restart."""
    refused: tuple[str, ...] = ()
    """What went wrong with others, in words."""

    def __str__(self) -> str:
        """Return it as a line for an operator, empty if nothing has changed."""
        return "; ".join(
            [
                *(f"not reloaded: {reason}" for reason in self.refused),
                *([f"restart to apply {_listed(self.waiting)}"] if self.waiting else []),
            ]
        )


async def reload_on(hangups: AsyncIterator[signal.Signals], station: Station, config: Path) -> None:
    """Read the configuration again at every SIGHUP, for ever."""
    async for _ in hangups:
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        notify("RELOADING=1", f"MONOTONIC_USEC={usec}")
        station.remark = await reload(station, config)
        notify("READY=1", f"STATUS={station.status}")


async def reload(station: Station, config: Path) -> str:
    """Read the configuration again, and return what an operator has to know of it.

    A configuration that cannot be used leaves the one that holds.
    """
    try:
        new = await to_thread.run_sync(load, config)
    except StationError as error:
        log.error("the configuration stays as it was: %s", error)  # noqa: TRY400 - it is the user's
        return f"not reloaded: {error}"
    came = applied(station.settings, new, station.reloads)
    station.settings = came.settings
    for reason in came.refused:
        log.error("not reloaded: %s", reason)
    if came.taken:
        log.info("reloaded %s", ", ".join(map(dotted, came.taken)))
    if came.waiting:
        log.warning("these wait for a restart: %s", ", ".join(map(dotted, came.waiting)))
    if not (came.taken or came.waiting or came.refused):
        log.info("reloaded; nothing in the configuration has changed")
    return str(came)


def applied(running: Settings, new: Settings, reloads: Iterable[Reload]) -> Reloaded:
    """Let those take the new settings who can.

    Args:
        running: What holds.
        new: What the files say now.
        reloads: Who can take what.
    """
    taken: list[Key] = []
    refused: list[str] = []
    for one in reloads:
        settings = with_key(running, new, one.key)
        keys = changed(running, settings)
        if not keys:
            continue
        try:
            one.take(settings)
        except StationError as error:
            refused.append(f"{dotted(one.key)}: {error}")
            continue
        running = settings
        taken += keys
    failed = {reason.partition(":")[0] for reason in refused}
    waiting = [key for key in changed(running, new) if not failed & set(_above(key))]
    return Reloaded(running, tuple(taken), tuple(waiting), tuple(refused))


def with_key(old: Settings, new: Settings, key: Key) -> Settings:
    """Return the old settings with one table, or key of a table, of the new ones.

    The old ones as they are, if it is in a table that one of them has not got.
    """
    return cast("Settings", _with_key(old, new, key))


def _with_key(old: object, new: object, key: Key) -> object:
    name, *inner = key
    before, after = _value(old, name), _value(new, name)
    if inner:
        if before is None or after is None:
            return old
        after = _with_key(before, after, tuple(inner))
    if isinstance(old, dict):
        return {**cast("dict[str, object]", old), name: after}
    return msgspec.structs.replace(cast("msgspec.Struct", old), **{name: after})


def _value(table: object, name: str) -> object:
    if isinstance(table, dict):
        return cast("dict[str, object]", table).get(name)
    return getattr(table, name)


def _above(key: Key) -> list[str]:
    return [dotted(key[:length]) for length in range(1, len(key) + 1)]


def _listed(keys: tuple[Key, ...]) -> str:
    named = ", ".join(map(dotted, keys[:_NAMED]))
    return named if len(keys) <= _NAMED else f"{named} and {len(keys) - _NAMED} more"
