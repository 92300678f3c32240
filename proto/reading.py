"""Part of the instruments protocol: a reading that belongs to no ticket.

The daemon asks for one to guard its instruments. A controller answers between two tickets, for
its driver does one thing at a time.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.job import Fence
from stationd.proto.number import Natural, UnixTime
from stationd.proto.program import Name, SettingValue


class Reading(Struct, frozen=True, array_like=True, tag=17):
    """The answer to the newest Read of a readout. May be lost."""

    number: Natural
    """Of the Read."""
    readout: str
    value: SettingValue | None
    """None if it could not be taken."""
    error: str
    """Why not; empty if it was."""
    time_unix_s: UnixTime
    """When it was taken, by the controller's clock."""


class Read(Struct, frozen=True, array_like=True, tag=113):
    """Take a reading as soon as no ticket is at work. Answered by Reading."""

    fence: Fence
    number: Natural
    """Comes back with the answer."""
    readout: Name
    """The controller's own name of it; one of a single value."""
