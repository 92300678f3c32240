"""Is the machine's clock right? Deadlines, reservations and the order of logs hang on it."""

from __future__ import annotations

import ctypes
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

from stationd.runtime.care.doctor.finding import Finding, ok, warn
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.reader import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationd.runtime.settings import Settings

_TIME_ERROR: Final = 5
"""What adjtimex(2) returns when nobody keeps the clock right."""
_STRUCT_BYTES: Final = 512
"""More than the kernel's struct timex has."""
_AHEAD: Final = 5.0
"""Seconds that the journal may be ahead: a job may have been stored just now."""
_SET_BACK: Final = 60.0


def clock(settings: Settings) -> Iterator[Finding]:
    """Compare the clock with the journal, and ask the kernel who keeps it right."""
    yield synchronised(_kernel())
    path = settings.state / DATABASE
    try:
        with closing(connect(path)) as database:
            newest, back = database.execute("SELECT newest_created, set_back FROM meta").fetchone()
    except sqlite3.Error:
        return
    yield jumps(float(newest), float(back), time.time())


def synchronised(state: int | None) -> Finding:
    """Judge what the kernel says; None if it says nothing."""
    if state == _TIME_ERROR:
        return warn(
            "clock",
            "nobody keeps the clock right",
            "install and enable chrony or systemd-timesyncd; see `timedatectl`",
        )
    if state is None:
        return ok("clock", "the kernel does not tell here whether it is kept right")
    return ok("clock", "it is kept right by somebody")


def jumps(newest_unix_s: float, set_back_s: float, now_unix_s: float) -> Finding:
    """Judge what the journal knows of the clock: the newest job, and how far it was set back."""
    if newest_unix_s > now_unix_s + _AHEAD:
        return warn(
            "clock jumps",
            f"the newest job is {newest_unix_s - now_unix_s:,.0f} s in the future: the clock was"
            " set back, or is wrong",
            "set the clock right before jobs with times (not before, deadline) are submitted",
        )
    if set_back_s > _SET_BACK:
        return warn(
            "clock jumps",
            f"it has been set back by {set_back_s:,.0f} s between two jobs once",
            "nothing, if you know of it; else see that the clock is kept right from the boot on",
        )
    return ok("clock jumps", "none among the jobs of the journal")


def _kernel() -> int | None:
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_STRUCT_BYTES))
    except (OSError, AttributeError):
        return None
    return state if state >= 0 else None
