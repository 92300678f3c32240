"""The beginning of a further attempt: what a live job and the journal get to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.ladder import CollectAccepted, RestartAccepted
from stationd.actors.retry import BEFORE_EXECUTION, opening
from stationd.runtime.journal.records import (
    AttemptOpened,
    BlocksDropped,
    CalibrationPinned,
    Record,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.actors import ladder
    from stationd.proto.status import JobExecutorStatus
    from stationd.runtime.live import LiveJob


def following(
    live: LiveJob, failed_at: JobExecutorStatus, now: float
) -> tuple[ladder.AttemptOpened, Record]:
    """Prepare a job for the attempt that follows by itself.

    Args:
        live: The job, which has failed.
        failed_at: The rung on which it did.
        now: Unix seconds.

    Returns:
        What opens the attempt, and what goes into the journal with it.
    """
    lacking = [
        item for item in range(live.spec.items) if live.runs(item) and item not in live.complete
    ]
    if not lacking:
        # What ended it was lost after the last of its data had come: nothing runs again.
        return CollectAccepted(), prepared(live, [], live.data_attempt, now)
    executed = [item for item in lacking if not _was_refused(live, item)]
    event = opening(live.job.kind, failed_at) if executed else RestartAccepted()
    items = lacking if isinstance(event, RestartAccepted) else executed
    collected = live.data_attempt if isinstance(event, CollectAccepted) else 0
    return event, prepared(live, items, collected, now)


def prepared(live: LiveJob, items: Sequence[int], collected: int, now: float) -> AttemptOpened:
    """Prepare a job for its next attempt, and return what the journal is told of it.

    Args:
        live: The job.
        items: Those that it runs.
        collected: The attempt whose raw data it works up; 0 for its own.
        now: Unix seconds.
    """
    chosen = None if len(items) == live.spec.items else tuple(items)
    live.next_attempt(chosen, collected, now)
    return AttemptOpened(live.job.number, chosen, collected)


def afresh(live: LiveJob) -> list[Record]:
    """Return what lets a job that was prepared for an attempt begin it with nothing."""
    number, dropped = live.job.number, range(1, live.job.attempt + 1) if live.spec.resume else ()
    # What it has stored must not be gone on with.
    return [
        CalibrationPinned(number, None),
        *(BlocksDropped(number, attempt) for attempt in dropped),
    ]


def _was_refused(live: LiveJob, item: int) -> bool:
    error = live.item_errors.get(item)
    return error is not None and error.code in BEFORE_EXECUTION
