"""Part of the jobs protocol: guards, and how they stand.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from stationd.proto.number import Natural
from stationd.proto.program import SettingValue

GuardStanding = Literal["unread", "within", "out", "violated", "back"]
"""``unread``: no reading has been right since the daemon's start; ``out``: it is not right, and has
not been so for its grace; ``back``: it was violated, is right again, and has not been so for its
grace. Nothing begins at its targets but in ``within`` and ``out``."""


class ListGuards(Struct, frozen=True, array_like=True, tag=90):
    """Show the guards and their last readings. Answered by Guards."""

    request: Natural


class GuardState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guard, and how it stands."""

    name: str
    readout: str
    """Dotted, as in ``fridge.temperature``."""
    targets: tuple[str, ...]
    """The targets and controllers that it guards."""
    standing: GuardStanding
    since_unix_s: float
    """Since when it stands so."""
    holds: bool
    """Whether nothing begins at its targets."""
    fault: str = ""
    """What is not right, in words; empty if nothing is."""
    value: SettingValue | None = None
    """The last reading; None if there is none."""
    unit: str = ""
    read_unix_s: float | None = None
    """When that was."""
    minimum: float | None = None
    maximum: float | None = None
    expected: SettingValue | None = None
    """What the reading must be."""
    grace: float = 0.0
    """Seconds."""
    every: float = 0.0
    """Seconds between two readings."""
    abort: bool = False
    """Whether what is at work is brought to rest, too."""
    aborted: int = 0
    """Jobs that it has brought to rest since the daemon's start."""


class Guards(Struct, frozen=True, array_like=True, tag=190):
    """The guards, by name."""

    request: int
    guards: tuple[GuardState, ...]
