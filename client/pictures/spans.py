"""What a job did when: the stages of its timeline, with the colours that all pictures give them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.proto.job import TimelineEntry

_S = JobExecutorStatus
STAGES: Final[Mapping[str, tuple[str, frozenset[JobExecutorStatus]]]] = {
    "validate": ("#9ecae9", frozenset({_S.RECEIVED, _S.VALIDATION_STARTED})),
    "fetch calibration": (
        "#b79a20",
        frozenset({_S.VALIDATION_ENDED, _S.FETCH_CALIBRATION_STARTED}),
    ),
    "compile": ("#f58518", frozenset({_S.FETCH_CALIBRATION_ENDED, _S.COMPILATION_STARTED})),
    "save metadata": (
        "#bab0ac",
        frozenset({_S.COMPILATION_ENDED, _S.SAVE_SWEEP_METADATA_STARTED}),
    ),
    "queue": ("#dddddd", frozenset({_S.SAVE_SWEEP_METADATA_ENDED, _S.PENDING_EXECUTION})),
    "execute": ("#4c78a8", frozenset({_S.EXECUTION_STARTED})),
    "post-process": (
        "#54a24b",
        frozenset(
            {
                _S.EXECUTION_ENDED,
                _S.POST_PROCESSING_PENDING,
                _S.POST_PROCESSING_STARTED,
                _S.POST_PROCESSING_ENDED,
            }
        ),
    ),
}
"""The colour of each stage, and the rungs on which a job stands during it."""
_STAGE_OF: Final = {status: name for name, (_, held) in STAGES.items() for status in held}
_FIRST: Final = next(iter(STAGES))
CANCELLING: Final = ("cancelling", "#e45756")
"""What takes the place of a stage once a cancel is accepted, and its colour."""


@dataclass(frozen=True)
class Span:
    """A stretch of a job's timeline."""

    stage: str
    start: float
    """Seconds since 1970."""
    end: float


def spans(timeline: Sequence[TimelineEntry]) -> list[Span]:
    """Return the stages of a job, of all its attempts, in the order in which they were.

    >>> from stationd.proto.job import TimelineEntry
    >>> start = TimelineEntry(
    ...     seq=1, ordinal=1, attempt=1, status=_S.PENDING_EXECUTION, time_unix_s=5.0
    ... )
    >>> end = TimelineEntry(
    ...     seq=2, ordinal=2, attempt=1, status=_S.EXECUTION_STARTED, time_unix_s=7.5
    ... )
    >>> spans([start, end])
    [Span(stage='queue', start=5.0, end=7.5)]
    """
    found: list[Span] = []
    for entry, following in pairwise(timeline):
        if entry.status.is_terminal:
            # What lies between two attempts is nobody's.
            continue
        # A rung that only a newer station knows belongs to the stage that it follows.
        before = found[-1].stage if found else _FIRST
        stage = CANCELLING[0] if entry.cancelling else _STAGE_OF.get(entry.status, before)
        if found and found[-1].stage == stage and found[-1].end == entry.time_unix_s:
            found[-1] = Span(stage, found[-1].start, following.time_unix_s)
        else:
            found.append(Span(stage, entry.time_unix_s, following.time_unix_s))
    return found
