"""What the event loop alone can know of the station, as it was when it was looked at last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stationd.proto.guard_requests import GuardState
    from stationd.runtime.limits.quotas import Use


class Vitals(Struct, frozen=True, kw_only=True):
    """Plain numbers, replaced as a whole, so that any thread may read them."""

    starts: int = 0
    """How often the station has been started in its whole life."""
    backend: str = ""
    """The event loop."""
    oldest_unix_s: float | None = None
    """Since when the job waits that came to the queue first, of those that may go; None if there
    is none."""
    waiting: Mapping[str, int]
    """Jobs that wait for each controller."""
    paused: Mapping[str, bool]
    """Controllers on which an operator lets nothing new begin."""
    heard_unix_s: Mapping[str, float]
    """When each controller was heard last; 0 for never."""
    restarts: Mapping[str, int]
    """How often this daemon has started each controller because its process had ended."""
    committed_unix_s: float = 0.0
    """When the newest commit of the journal was there, to a second; 0 for never."""
    calibrated_unix_s: Mapping[str, float] = {}
    """When the default calibration set of each target that has one was made."""
    expires_unix_s: Mapping[str, float] = {}
    """When the default calibration set of each target expires that has one which does."""
    projects: tuple[Use, ...] = ()
    """What projects with a quota have; the fullest first."""
    guards: tuple[GuardState, ...] = ()
    """How the guards stand."""
    journal: Path | None = None
    """The journal's database; None if it is no file."""
