"""What controllers' time was spent on of late: a sample a minute, for an hour."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.runtime.metrics.utilisation import Seconds

SAMPLE_EVERY: Final = 60.0
"""Seconds."""
_SAMPLES: Final = 60


class Lately:
    """The last hour of the controllers."""

    def __init__(self) -> None:
        self._samples: deque[Mapping[str, Seconds]] = deque(maxlen=_SAMPLES)

    def sample(self, spent: Mapping[str, Seconds]) -> None:
        """Take note of what the time was spent on until now; once in `SAMPLE_EVERY`."""
        self._samples.append(spent)

    def shares(self, spent: Mapping[str, Seconds]) -> tuple[float, dict[str, tuple[float, ...]]]:
        """Return what the time was spent on of late.

        Args:
            spent: Until now, since the daemon's start.

        Returns:
            How many seconds that is about, and the shares of each controller, by use; they add up
            to 1, or are 0 if no time has passed.
        """
        before: Mapping[str, Seconds] = self._samples[0] if self._samples else {}
        span = 0.0
        shares: dict[str, tuple[float, ...]] = {}
        for name, now in spent.items():
            then = before.get(name, (0.0,) * len(now))
            passed = [max(0.0, new - old) for new, old in zip(now, then, strict=True)]
            span = max(span, sum(passed))
            shares[name] = tuple(one / (sum(passed) or 1.0) for one in passed)
        return span, shares
