"""A moment, as calls take it."""

from __future__ import annotations

from datetime import datetime

from stationd.proto.error import RequestError

Moment = float | datetime
"""Unix seconds, or a time; one without a zone is local."""


def unix(moment: Moment | None) -> float | None:
    """Return a time as Unix seconds.

    >>> unix(None), unix(1.5)
    (None, 1.5)

    Raises:
        RequestError: It is text.
    """
    given: object = moment
    if isinstance(given, str):
        raise RequestError(f"{given!r} is a text: give a time as Unix seconds or as a datetime")
    return moment.timestamp() if isinstance(moment, datetime) else moment
