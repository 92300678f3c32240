"""When the loop looks at what the instrument's thread has to tell, without being woken. Pure.

To wake the loop takes the thread longer than all else that it does between two tickets: a system
call, for which it lets go of the interpreter's lock, and an interrupt for another processor.
Where short tickets follow one another, each is expected to take as long as the one before, and
the loop looks just after that, when the next one is under way.

Rule 1. Nothing waits longer than `LONGEST` for the loop to look.
Rule 2. A look in vain is the only one of its ticket: after it the loop waits to be woken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.actors.line.facts import RunEnded, RunRaised, RunStarted, RunStopped

if TYPE_CHECKING:
    from stationd.actors.line.facts import Fact

LONGEST: Final = 0.005
"""Seconds. Beside a ticket that takes longer, what is gained by this is nothing."""
BEHIND: Final = 0.0001
"""Seconds from the expected end to the look, for the next ticket to begin in."""


class Rhythm:
    """How the tickets of one instrument follow each other."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._lasted: float | None = None

    def learn(self, fact: Fact) -> None:
        """Hear of a ticket's start or end; whatever else there is means nothing."""
        if isinstance(fact, RunStarted):
            self._began = fact.time_unix_s
        elif isinstance(fact, (RunEnded, RunStopped, RunRaised)):
            if self._began is not None:
                self._lasted = fact.time_unix_s - self._began
            self._began = None

    def look_within(self, now_unix_s: float) -> float | None:
        """Return after how many seconds to look; None if the loop is to be woken for all there is.

        Args:
            now_unix_s: By the clock that starts and ends are told by. It may jump.
        """
        if self._began is None or self._lasted is None or not 0 <= self._lasted <= LONGEST:
            return None
        left = self._began + self._lasted + BEHIND - now_unix_s
        return left if 0 < left <= LONGEST + BEHIND else None
