"""Phrases of error messages: choices, and what was probably meant."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_SHOWN: Final = 8
_MOST_COMPARED: Final = 10_000
"""Comparing with every name of a large instrument would take the daemon's time."""
_LONGEST_COMPARED: Final = 100


def any_of(names: Iterable[str]) -> str:
    """Return names as a list in words, cut where it gets long.

    >>> any_of(["qpu", "awg", "source"])
    "'awg', 'qpu' or 'source'"
    """
    quoted = [repr(name) for name in sorted(names)]
    if len(quoted) > _MOST_SHOWN:
        return f"{', '.join(quoted[:_MOST_SHOWN])} or {len(quoted) - _MOST_SHOWN} others"
    if len(quoted) == 1:
        return quoted[0]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def suggestion(wrong: str, names: Iterable[str]) -> str:
    """Return how to go on after "there is no ...": the likely name, or what there is.

    >>> suggestion("source.dealy", ["source.delay", "source.amplitude"])
    "; did you mean 'source.delay'?"
    """
    known = list(names)[:_MOST_COMPARED]
    if not known:
        return ""
    close = difflib.get_close_matches(wrong, known, n=1) if len(wrong) <= _LONGEST_COMPARED else []
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; there is {any_of(known)}"
