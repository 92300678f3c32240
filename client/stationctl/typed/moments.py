"""Times as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

import click

from stationd.client.files.durations import PATTERN, SECONDS, seconds

_IN: Final = re.compile(rf"\+?{PATTERN}")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def unix_time(text: str, now: datetime) -> float:
    """Return the Unix seconds of a time that a person has typed.

    Args:
        text: ``14:30`` (the next one), ``2026-11-22 14:30``, any ISO 8601 time (local if it has
            no zone), or a time from now such as ``+90min``, ``+2h``, ``+1d``.
        now: The time, with a zone.

    Raises:
        ValueError: It is none of these.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> [unix_time(text, noon) - noon.timestamp() for text in ("+2h", "13:00", "11:00")]
    [7200.0, 3600.0, 82800.0]
    """
    text = text.strip()
    found = _IN.fullmatch(text)
    if found is not None:
        return now.timestamp() + float(found[1]) * SECONDS[found[2]]
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        moment = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return (moment if moment > now else moment + timedelta(days=1)).timestamp()
    return datetime.fromisoformat(text).timestamp()


class Duration(click.ParamType[float]):
    """A duration, as a parameter of a command."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the duration in seconds."""
        if isinstance(value, float):
            return value
        try:
            return seconds(str(value))
        except ValueError:
            self.fail(f"{value!r} is no duration: write 90min, 12h or 2d", param, ctx)


class Moment(click.ParamType[float]):
    """A time, as a parameter of a command."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the time in Unix seconds."""
        if isinstance(value, float):
            return value
        try:
            return unix_time(str(value), datetime.now().astimezone())
        except ValueError:
            self.fail(f"{value!r} is no time: write 14:30, '2026-11-22 14:30', or +2h", param, ctx)


MOMENT: Final = Moment()
DURATION: Final = Duration()
