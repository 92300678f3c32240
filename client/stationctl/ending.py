"""How a command ends that could not do what it was asked."""

from __future__ import annotations

from typing import Final

import click

from stationd.client.stationctl.audience import print_no_more
from stationd.proto.error import (
    MOST_PROBLEMS_SHOWN,
    JobError,
    PeerError,
    StationError,
    WaitTimeout,
)

JOB_FAILED: Final = 1
UNREACHABLE: Final = 3
REFUSED: Final = 4
TIMEOUT: Final = 5
UNREAD: Final = 141
"""As of programs that a signal, SIGPIPE, ends for the same reason."""

_CODES: Final[tuple[tuple[type[StationError], int], ...]] = (
    (WaitTimeout, TIMEOUT),
    (JobError, JOB_FAILED),
    (PeerError, UNREACHABLE),
    (StationError, REFUSED),
)


def report(error: Exception) -> int:
    """Write what is wrong to the standard error and return the exit code.

    Nothing is wrong if nobody reads what is printed any more.

    Raises:
        Exception: The error itself, if it is not one of ours: a bug, which needs its traceback.
    """
    if isinstance(error, ExceptionGroup):
        # Of tasks that worked together; what isinstance knows of a group has no parameter.
        return report(error.exceptions[0])  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    if isinstance(error, BrokenPipeError):
        print_no_more()
        return UNREAD
    for kind, code in _CODES:
        if isinstance(error, kind):
            click.echo(f"Error: {text(error)}", err=True)
            return code
    raise error


def text(error: StationError) -> str:
    """Return an error as a sentence, and a line for each problem."""
    problems = error.info.problems
    if not problems or isinstance(error, JobError):
        return str(error)
    shown = [f"  - {problem}" for problem in problems[:MOST_PROBLEMS_SHOWN]]
    more = len(problems) - len(shown)
    return "\n".join([f"{error.info.detail}:", *shown, *([f"  and {more} more"] if more else [])])
