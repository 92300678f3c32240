"""Fair shares: how much of the instruments' time each project has had lately.

Rule 1. Use is seconds of instrument time, summed over controllers. It is forgotten by half in
        every half-life.
Rule 2. A project's jobs stand back by its use, divided by its weight: as if they had been
        submitted that much later. While the instruments are busy, a project that has had all
        of the time so stands level with one that has just come, and from there on they take turns
        by their weights.
Rule 3. Shares are reckoned at intervals, not at every decision, so that a decision need not look
        at all projects.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HALF_LIFE: Final = 86_400.0
"""Seconds, if the settings say nothing else: what was used yesterday counts half."""
RECKON_EVERY: Final = 0.1
"""Seconds between two reckonings."""
LEAST_USE: Final = 0.001
"""Seconds that every ticket counts at least: the shortest job keeps an instrument busy too."""
_FORGOTTEN: Final = 1e-6
"""Seconds of use that are not worth remembering."""


class Shares:
    """What each project has used, and how far its jobs stand back.

    Args:
        half_life: Seconds in which use is forgotten by half; 0 turns fair shares off.
        weight: Tells the weight of a project, above 0.
    """

    def __init__(
        self, half_life: float = HALF_LIFE, weight: Callable[[str], float] = lambda _: 1.0
    ) -> None:
        self._half_life = half_life
        self.weight = weight
        self._used: dict[str, float] = {}
        # Charged since the last reckoning: nothing of it is forgotten yet.
        self._fresh: dict[str, float] = {}
        self._back: dict[str, float] = {}
        self._reckoned = 0.0

    def back(self, project: str) -> float:
        """Return how many seconds a project's jobs stand back, as last reckoned."""
        return self._back.get(project, 0.0)

    def used(self) -> dict[str, float]:
        """Return the use of each project in seconds, as last reckoned."""
        return dict(self._used)

    def charge(self, project: str, seconds: float) -> None:
        """Take note that a ticket of a project has kept instruments busy."""
        if self._half_life:
            self._fresh[project] = self._fresh.get(project, 0.0) + max(seconds, LEAST_USE)

    def recall(self, project: str, seconds: float, now_unix_s: float, at_unix_s: float) -> None:
        """Take up what was used before the station started.

        Args:
            project: The project.
            seconds: Its use.
            now_unix_s: The time.
            at_unix_s: The time that `seconds` are of.
        """
        if self._half_life:
            self._fresh[project] = seconds * self._left(now_unix_s - at_unix_s)

    def reckon(self, now_unix_s: float) -> bool:
        """Reckon anew if it is time; tell whether anything may have changed."""
        passed = now_unix_s - self._reckoned
        if 0 <= passed < RECKON_EVERY or not (self._used or self._fresh):
            return False
        left = self._left(passed)
        self._reckoned = now_unix_s
        used = {project: before * left for project, before in self._used.items()}
        for project, seconds in self._fresh.items():
            used[project] = used.get(project, 0.0) + seconds
        self._fresh = {}
        self._used = {project: each for project, each in used.items() if each > _FORGOTTEN}
        self._back = {project: used / self.weight(project) for project, used in self._used.items()}
        return True

    def _left(self, seconds: float) -> float:
        # A clock that was set back does not bring use back.
        return math.exp2(-max(0.0, seconds) / self._half_life)
