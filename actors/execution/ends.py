"""How an execution has come out, by how the parts of its controllers ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.ladder import (
    CameToRest,
    Event,
    ExecutionDone,
    ExecutionFailed,
    LeftQueue,
)
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.instruments_protocol import AtRest, Failed, Finished, Lost

if TYPE_CHECKING:
    from collections.abc import Sequence

End = Finished | Failed | AtRest | Lost
"""How one controller's part can end."""


def error_of(controller: str, end: End | None, *, expected: bool) -> ErrorInfo | None:
    """Return what is wrong with the end of a controller's part; None if nothing is.

    Args:
        controller: Its name.
        end: How its part ended; None if it has not.
        expected: It was to be brought to rest.
    """
    match end:
        case Failed(code=code, detail=detail):
            return ErrorInfo(code, f"controller {controller!r}: {detail}")
        case AtRest() if not expected:
            return ErrorInfo(
                ErrorCode.INSTRUMENT_LOST,
                f"controller {controller!r} was shut down while it ran the job; partial data"
                " is kept",
            )
        case Lost():
            return ErrorInfo(
                ErrorCode.INSTRUMENT_LOST,
                f"controller {controller!r} went away while it held the job, and did not"
                " keep its result; partial data that had arrived is kept",
            )
        case _:
            return None


def brought_to_rest(controller: str) -> ErrorInfo:
    """Return what is wrong with a controller that is brought to rest, and nobody knows why."""
    return ErrorInfo(
        ErrorCode.INSTRUMENT_LOST,
        f"controller {controller!r} was being brought to rest when the daemon ended, which told"
        " nobody why; partial data is kept",
    )


def outcome(ends: Sequence[End | None], error: ErrorInfo | None, *, began: bool) -> Event:
    """Return what the job is told when all parts have ended.

    Args:
        ends: How they ended; None for those that were never sent.
        error: The first that went wrong.
        began: The job was told that the execution began.
    """
    if error is not None:
        return ExecutionFailed(error)
    if not any(isinstance(end, AtRest) for end in ends):
        return ExecutionDone()
    return CameToRest() if began else LeftQueue()
