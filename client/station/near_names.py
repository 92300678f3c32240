"""What was probably meant by a name that is not known."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_NAMED: Final = 3
_MOST_LISTED: Final = 8


def meant(wrong: str, known: Iterable[str]) -> str:
    """Return how to go on after "there is no ...": likely names, or the few that there are.

    >>> meant("lab.bowl.X", ["lab.bowl.x", "lab.bowl.noise"])
    "; did you mean 'lab.bowl.x'?"
    >>> meant("vna", ["lab", "qpu"])
    "; there are 'lab', 'qpu'"
    """
    names = sorted(set(known))
    folded = {name.casefold(): name for name in names}
    same = [wrong.casefold()] if wrong.casefold() in folded else []
    close = same or difflib.get_close_matches(wrong.casefold(), folded, n=_MOST_NAMED)
    if close:
        return f"; did you mean {' or '.join(repr(folded[one]) for one in close)}?"
    if 0 < len(names) <= _MOST_LISTED:
        return f"; there are {', '.join(map(repr, names))}"
    return ""
