"""What the daemon and the controllers run is noted in the journal when it is something new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.runtime.journal.records import VersionsSeen

if TYPE_CHECKING:
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Journal

DAEMON: Final = ""
"""Stands for the daemon where others have a controller's name."""


class RunningNow:
    """What is known to run, and noted.

    Args:
        journal: Where it is noted, if it is new.
        clock: What time it is.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._noted: dict[str, dict[str, str]] = {}

    def note(self, controller: str, found: dict[str, str]) -> None:
        """Take note of what a controller, or the daemon, runs from now on."""
        if found and self._noted.get(controller) != found:
            self._noted[controller] = found
            seen = VersionsSeen(controller, self._clock.time(), dict(sorted(found.items())))
            self._journal.write([seen], lambda _commit: None)
