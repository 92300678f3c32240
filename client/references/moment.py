"""A moment, as calls take it."""

from __future__ import annotations

from datetime import datetime

Moment = float | datetime
"""Unix seconds, or a time; one without a zone is local."""


def unix(moment: Moment | None) -> float | None:
    """Return a time as Unix seconds.

    >>> unix(None), unix(1.5)
    (None, 1.5)
    """
    return moment.timestamp() if isinstance(moment, datetime) else moment
