"""Durations as people write them, in files and on command lines."""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = r"(\d+(?:\.\d+)?)\s*(s|min|h|d)"
SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION: Final = re.compile(PATTERN)


def seconds(text: str) -> float:
    """Return a duration in seconds.

    Raises:
        ValueError: It is none.

    >>> [seconds(text) for text in ("90s", "90 min", "12h", "1.5d")]
    [90.0, 5400.0, 43200.0, 129600.0]
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return float(found[1]) * SECONDS[found[2]]
