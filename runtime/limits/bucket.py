"""How often somebody may ask: a bucket of tokens. Pure.

Rule 1. In any time no more is let through than fits into the bucket, and what flows in meanwhile.
Rule 2. Whoever is refused is told a time at which there will be a token, each a later one: if all
        wait as told, all are let through at their second try. It is never later than
        `LONGEST_WAIT` from now, so that those who do not wait spoil nothing for long.
"""

from __future__ import annotations

from typing import Final

LONGEST_WAIT: Final = 60.0
"""Seconds, unless a single token takes longer."""
_NEARLY: Final = 1e-6
"""Of a token: what adding up fractions may lose."""


class Bucket:
    """The tokens of one user.

    Args:
        rate: Tokens that flow in each second, more than 0.
        burst: Tokens that it holds, 1 at least. It is full at first.
        now: Seconds on a clock that never goes back.
    """

    __slots__ = ("_at", "_burst", "_promised", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._at = now
        self._promised = now

    def take(self, now: float) -> float:
        """Take a token, or learn when to try again.

        Returns:
            0.0 if one was taken; else the seconds after which there will be one.
        """
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens >= 1.0 - _NEARLY:
            self._tokens -= 1.0
            return 0.0
        soonest = now + (1.0 - self._tokens) / self._rate
        promise = max(soonest, self._promised + 1.0 / self._rate)
        self._promised = min(promise, max(soonest, now + LONGEST_WAIT))
        return self._promised - now
