"""What a line of the log is about, as fields: given with the line, or known from the work at hand.

Rule 1. A line names its job in its text too, for people; these fields are for machines.
Rule 2. Whatever a thread or a task logs while it is at work on a job is about that job.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from msgspec import Struct


class About(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a line is about; what does not apply is empty."""

    job: str = ""
    attempt: int = 0
    ticket: int = 0
    stage: str = ""
    """As in ``compile``."""
    controller: str = ""
    code: str = ""
    """Of an error."""


AT_WORK: Final[ContextVar[About | None]] = ContextVar("stationd_at_work", default=None)
"""The work that a thread or a task has in hand; None if it has none."""

NOTHING: Final = About()
_FIELD: Final = "stationd_about"
_NAMES: Final = About.__struct_fields__


def extra(about: About) -> dict[str, object]:
    """Return what to give a logging call as ``extra``.

    >>> import logging
    >>> about = About(job="0b1c", attempt=2)
    >>> logging.getLogger("doctest").debug("job %s is late", "0b1c", extra=extra(about))
    """
    return {_FIELD: about}


def given(record: object) -> About:
    """Return what was given with a log record."""
    found = getattr(record, _FIELD, None)
    return found if isinstance(found, About) else NOTHING


def joined(first: About, second: About | None) -> About:
    """Return what two say together; the second one where both do.

    >>> both = joined(About(controller="qpu", job="a"), About(job="b"))
    >>> both.job, both.controller
    ('b', 'qpu')
    """
    if second is None or second is NOTHING:
        return first
    if first is NOTHING:
        return second
    return About(**{name: getattr(second, name) or getattr(first, name) for name in _NAMES})


def fields(one: About) -> dict[str, str | int]:
    """Return what applies, by name.

    >>> fields(About(job="0b1c", attempt=2))
    {'job': '0b1c', 'attempt': 2}
    """
    return {name: value for name in _NAMES if (value := getattr(one, name))}
