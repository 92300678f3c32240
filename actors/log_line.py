"""A line of the log as a value: what happened, where, and what it is about.

Rule 1. It is one line. Names, messages of drivers and texts of errors come from outside: what
        could begin another line, or speak to a terminal, is escaped here, once for every reader.
Rule 2. It is bounded, whatever was logged.
Rule 3. A message whose template says ``job %s``, ``controller %s`` or ``ticket %d`` is about
        these: whoever logs need not say it twice, and text from outside cannot say it at all.
"""

from __future__ import annotations

import re
import traceback
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from stationd.actors.about import AT_WORK, NOTHING, About, given, joined
from stationd.proto.escaping import escaped

if TYPE_CHECKING:
    import logging

LONGEST_MESSAGE: Final = 4_000
LONGEST_TRACE: Final = 16_000
"""Characters; the end of a traceback says the most."""

_PLACE: Final = re.compile(
    r"(?:\b(?P<named>job|controller|ticket) )?%(?:(?P<kind>[-#0 +]*\d*(?:\.\d+)?[a-zA-Z])|%)"
)
_LONGEST_FIELD: Final = 200


class Line(Struct, frozen=True, kw_only=True):
    """One event of the log."""

    time_unix_s: float
    level: str
    """As in ``WARNING``."""
    number: int
    """Of the level, as logging counts."""
    logger: str
    message: str
    trace: str = ""
    """The traceback, of several lines."""
    about: About = About()
    file: str = ""
    row: int = 0
    function: str = ""


def line_of(record: logging.LogRecord, home: About) -> Line:
    """Return what a record says.

    Called where it was logged: what the thread or task is at work on is known there.

    Args:
        record: What logging made.
        home: What all lines of this process are about.
    """
    return Line(
        time_unix_s=record.created,
        level=escaped(record.levelname),
        number=record.levelno,
        logger=escaped(record.name),
        message=_shortened(escaped(_message(record))),
        trace=_trace(record),
        about=joined(joined(joined(home, AT_WORK.get()), _named(record)), given(record)),
        file=record.pathname,
        row=record.lineno,
        function=record.funcName or "",
    )


@lru_cache(1_000)
def _places(template: str) -> tuple[tuple[str, int], ...]:
    """Return what a template names, and which argument says it.

    >>> _places("%d%% of job %s: controller %s")
    (('job', 1), ('controller', 2))
    """
    places = [found for found in _PLACE.finditer(template) if found["kind"]]
    return tuple((one["named"], index) for index, one in enumerate(places) if one["named"])


def _named(record: logging.LogRecord) -> About:
    """Return what a record's message names."""
    arguments = record.args
    if not isinstance(arguments, tuple) or not isinstance(record.msg, str):
        return NOTHING
    said = {name: arguments[index] for name, index in _places(record.msg) if index < len(arguments)}
    if not said:
        return NOTHING
    ticket = said.get("ticket")
    return About(
        job=_word(said.get("job")),
        controller=_word(said.get("controller")),
        ticket=ticket if isinstance(ticket, int) else 0,
    )


def _word(value: object) -> str:
    return "" if value is None else escaped(str(value))[:_LONGEST_FIELD]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - whoever logs wrongly is told so in the log
        return f"{record.msg!r} % {record.args!r}: {type(error).__name__}: {error}"


def _shortened(message: str) -> str:
    if len(message) <= LONGEST_MESSAGE:
        return message
    return f"{message[:LONGEST_MESSAGE]}... ({len(message):,} characters)"


def _trace(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return ""
    text = "".join(traceback.format_exception(error)).rstrip()[-LONGEST_TRACE:]
    return "\n".join(escaped(line) for line in text.split("\n"))
