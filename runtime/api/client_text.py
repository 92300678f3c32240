"""What clients wrote: checked, and quoted in errors."""

from __future__ import annotations

import re
from typing import Final

from stationd.proto.error import RequestError

_CANONICAL: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
MOST_QUOTED: Final = 100
"""Characters of a client's text that an error repeats."""


def check_id(text: str) -> None:
    """Check an id that a client has made.

    Raises:
        RequestError: It is not a UUID as everybody else would write it.
    """
    if _CANONICAL.fullmatch(text) is None:
        raise RequestError(f"{shown(text)} is not a UUID in lower-case canonical form")


def shown(text: str) -> str:
    """Return a client's text as an error quotes it: not all of it, if it is a megabyte."""
    return repr(text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}...")
