"""What clients wrote: checked, and quoted in errors."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stationd.proto.error import ErrorInfo, RequestError

_CANONICAL: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
MOST_QUOTED: Final = 100
"""Characters of a client's text that an error repeats."""
LONGEST_ERROR: Final = 2_000
"""Characters of one sentence of an error, whoever wrote it."""


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


def bounded(error: ErrorInfo) -> ErrorInfo:
    """Return an error that repeats no more than a page of what a client wrote."""
    longest = max([len(error.detail), *(len(problem.message) for problem in error.problems)])
    if longest <= LONGEST_ERROR:
        return error
    problems = tuple(
        msgspec.structs.replace(problem, message=_cut(problem.message))
        for problem in error.problems
    )
    return msgspec.structs.replace(error, detail=_cut(error.detail), problems=problems)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_ERROR else f"{text[:LONGEST_ERROR]}..."
