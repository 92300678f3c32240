"""Where the loop hangs out the newest snapshot, for threads to read.

Rule 1. The loop makes a snapshot only while somebody looks, and one a second however many do.
Rule 2. Whoever comes first waits a moment for a fresh one; all others get what hangs there.
"""

from __future__ import annotations

import time
from threading import Condition
from typing import Final

WATCHED_FOR: Final = 5.0
"""Seconds after a look in which there may be another one."""
FRESH_FOR: Final = 3.0
"""Seconds for which a snapshot may be shown."""


class Board:
    """The newest snapshot, encoded."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._newest = b""
        self._hung_out = -FRESH_FOR
        self._looked = -WATCHED_FOR

    @property
    def watched(self) -> bool:
        """Whether somebody has looked of late."""
        return time.monotonic() - self._looked < WATCHED_FOR

    def hang_out(self, snapshot: bytes) -> None:
        """Show another snapshot from now on."""
        with self._changed:
            self._newest = snapshot
            self._hung_out = time.monotonic()
            self._changed.notify_all()

    def read(self, patience: float) -> bytes | None:
        """Return a fresh snapshot, or None if there is none for so long.

        Args:
            patience: Seconds to wait for one.
        """
        with self._changed:
            self._looked = time.monotonic()
            if self._changed.wait_for(self._is_fresh, patience):
                return self._newest
        return None

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._hung_out < FRESH_FOR
