"""How a guard stands: what its readings were, and for how long.

Rule 1. Pure: readings and times go in, the next state comes out.
Rule 2. Before the first reading that is right, nothing begins: so after every start of the daemon.
Rule 3. A guard is violated when it has been out for its grace: when its readings were wrong, or
        could not be had. The last reading counts until there is another one.
Rule 4. A guard that was violated holds on until its readings have been right for its grace, from
        one of them to another; a wrong one in between begins the time anew.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from stationd.proto.program import SettingValue
    from stationd.runtime.settings.guard import Guard


class Standing(StrEnum):
    """How a guard stands."""

    UNREAD = "unread"
    """No reading has been right since the daemon's start."""
    WITHIN = "within"
    OUT = "out"
    """It is not right, and has not been so for its grace."""
    VIOLATED = "violated"
    BACK = "back"
    """It was violated, is right again, and has not been so for its grace."""


class Watch(Struct, frozen=True):
    """How a guard stands, and since when."""

    since: float
    """Seconds that never go back."""
    standing: Standing = Standing.UNREAD
    fault: str = ""
    """What is not right, in words; empty if all is."""

    @property
    def holds(self) -> bool:
        """Whether nothing may begin."""
        return self.standing not in {Standing.WITHIN, Standing.OUT}


def read(watch: Watch, fault: str, grace: float, now: float) -> Watch:
    """Return how a guard stands after a reading, or after one that could not be had.

    Args:
        watch: How it stood.
        fault: What is not right; empty if all is.
        grace: Seconds.
        now: When.
    """
    watch = wait(watch, grace, now)
    if fault:
        return wait(replace(_wrong(watch, now), fault=fault), grace, now)
    return replace(_right(watch, grace, now), fault="")


def wait(watch: Watch, grace: float, now: float) -> Watch:
    """Return how a guard stands when time has passed without a reading."""
    time = next_time(watch, grace)
    if time is not None and now >= time:
        return replace(watch, standing=Standing.VIOLATED, since=now)
    return watch


def next_time(watch: Watch, grace: float) -> float | None:
    """Return when `wait` changes something; None for never."""
    out = watch.fault and watch.standing in {Standing.UNREAD, Standing.OUT}
    return watch.since + grace if out else None


def _wrong(watch: Watch, now: float) -> Watch:
    match watch.standing:
        case Standing.WITHIN:
            return replace(watch, standing=Standing.OUT, since=now)
        case Standing.BACK:
            return replace(watch, standing=Standing.VIOLATED, since=now)
        case Standing.UNREAD if not watch.fault:
            return replace(watch, since=now)
        case _:
            return watch


def _right(watch: Watch, grace: float, now: float) -> Watch:
    match watch.standing:
        case Standing.UNREAD | Standing.OUT:
            return replace(watch, standing=Standing.WITHIN, since=now)
        case Standing.VIOLATED if grace > 0:
            return replace(watch, standing=Standing.BACK, since=now)
        case Standing.VIOLATED:
            return replace(watch, standing=Standing.WITHIN, since=now)
        case Standing.BACK if now - watch.since >= grace:
            return replace(watch, standing=Standing.WITHIN, since=now)
        case _:
            return watch


def fault_of(guard: Guard, value: SettingValue, unit: str = "") -> str:
    """Return what is not right with a reading, in words; empty if all is.

    Args:
        guard: What it must be.
        value: The reading.
        unit: Its unit.
    """
    behind = f" {unit}" if unit else ""
    if guard.expected is not None:
        wanted = guard.expected
        return "" if value == wanted else f"{_shown(value)}{behind} is not {_shown(wanted)}{behind}"
    if isinstance(value, str):
        return f"{value!r} is not a number"
    # Asked so, a NaN is wrong too.
    if guard.minimum is not None and not value >= guard.minimum:
        return f"{_shown(value)}{behind} is below {_shown(guard.minimum)}{behind}"
    if guard.maximum is not None and not value <= guard.maximum:
        return f"{_shown(value)}{behind} is above {_shown(guard.maximum)}{behind}"
    return ""


def _shown(value: SettingValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
