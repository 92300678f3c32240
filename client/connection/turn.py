"""Waiting for one's turn: what a station says to who asks too often."""

from __future__ import annotations

import anyio

from stationd.proto.error import StationError


class Turn:
    """How long a request that was refused may still wait to be sent again.

    Args:
        patience: Seconds from now on.
    """

    def __init__(self, patience: float) -> None:
        self.wait = 0.0
        """Seconds until it is to be sent again."""
        self._end = anyio.current_time() + patience

    def comes(self, refusal: StationError) -> bool:
        """Take note of a refusal; return whether it is worth the wait."""
        self.wait = refusal.info.retry_after or 0.0
        return self.wait > 0.0 and anyio.current_time() + self.wait <= self._end
