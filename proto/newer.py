"""Statuses that only a newer peer knows: shown as they came, and nothing concluded from them.

Rule 1. An enum is closed unless somebody reads inside `statuses_of_newer_peers`: everywhere else
        a value without a member is an error, as Python has it.
Rule 2. A status that we do not know is one of a job that is under way. The three that end an
        attempt are closed for ever; see `proto/README.md`, "Versions".
Rule 3. The same value gives the same object for as long as somebody has it, so that identity and
        equality hold among them.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar, cast
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Generator
    from enum import Enum

E = TypeVar("E", bound="Enum")

_WRITTEN: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

_welcome: ContextVar[bool] = ContextVar("statuses_of_newer_peers", default=False)
_known: WeakValueDictionary[tuple[type[Enum], str], Enum] = WeakValueDictionary()


@contextmanager
def statuses_of_newer_peers() -> Generator[None]:
    """Let statuses be read, within the block, that we do not know."""
    token = _welcome.set(True)
    try:
        yield
    finally:
        _welcome.reset(token)


def stranger(enum: type[E], value: object) -> E | None:
    """Return what stands for a value without a member; None if it is simply wrong.

    To be called from an enum's ``_missing_``. It has the name and the value as they were received
    and is not among the members. Attributes of members are the caller's to set.

    Args:
        enum: Which it is not a member of.
        value: A word in lower case, as statuses are written.
    """
    if not _welcome.get() or not isinstance(value, str) or not _WRITTEN.fullmatch(value):
        return None
    found = object.__new__(enum)
    found._name_ = value.upper()
    found._value_ = value
    return cast("E", _known.setdefault((enum, value), found))
