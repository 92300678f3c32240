"""Times that lie behind, as people type them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

import click

_AGO: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")
_SECONDS: Final = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")


def past_time(text: str, now: datetime) -> datetime:
    """Return a time that a person has typed.

    Args:
        text: ``2h`` (that long ago; also s, min, d, w), ``14:30`` (the last one), ``today``,
            ``yesterday``, or any ISO 8601 date or time, local if it has no zone.
        now: The time, with a zone.

    Raises:
        ValueError: It is none of these.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    >>> [str(past_time(text, noon))[5:16] for text in ("2h", "11:00", "13:00", "yesterday")]
    ['11-22 10:00', '11-22 11:00', '11-21 13:00', '11-21 00:00']
    """
    text = text.strip()
    word = text.lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if word in {"today", "yesterday"}:
        return midnight if word == "today" else midnight - timedelta(days=1)
    ago = _AGO.fullmatch(word)
    if ago is not None:
        return now - timedelta(seconds=float(ago[1]) * _SECONDS[ago[2]])
    if _CLOCK.fullmatch(text):
        hour, minute, *second = (int(part) for part in text.split(":"))
        found = midnight.replace(hour=hour, minute=minute, second=second[0] if second else 0)
        return found if found <= now else found - timedelta(days=1)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


class PastTime(click.ParamType[datetime]):
    """A time that lies behind, as a parameter of a command."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time, or say what is understood."""
        if isinstance(value, datetime):
            return value
        try:
            return past_time(str(value), datetime.now().astimezone())
        except ValueError:
            self.fail(
                f"{value!r} is no time: write 2h (ago), 14:30, today, yesterday, 2026-11-22 or"
                " 2026-11-22T14:30",
                param,
                ctx,
            )
