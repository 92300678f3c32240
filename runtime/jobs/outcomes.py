"""What a stage's end means to its job, where the stage itself does not say."""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING

import msgspec

from stationd.actors.about import extra
from stationd.actors.ladder import (
    AllItemsDone,
    DataKept,
    Effect,
    Event,
    SomeItemsFailed,
    StageFailed,
)
from stationd.actors.raised import in_words
from stationd.proto.error import (
    MOST_PROBLEMS_SHOWN,
    ErrorCode,
    ErrorInfo,
    Problem,
    StationError,
)

if TYPE_CHECKING:
    from stationd.runtime.live import LiveJob

log = logging.getLogger(__name__)


def settled(live: LiveJob) -> AllItemsDone | SomeItemsFailed:
    """Return how a job has come out whose items have all ended."""
    failed = len(live.item_errors) + len(live.left_out)
    if not failed:
        return AllItemsDone()
    return SomeItemsFailed(
        ErrorInfo(
            ErrorCode.ITEMS_FAILED,
            f"{failed} of {live.spec.items} items failed; the others have results",
            tuple(
                Problem(str(error), item=item)
                for item, error in islice(sorted(live.item_errors.items()), MOST_PROBLEMS_SHOWN)
            ),
        )
    )


def failed_stage(live: LiveJob, effect: Effect, error: Exception) -> Event:
    """Return what follows on an exception in a stage."""
    fields = extra(msgspec.structs.replace(live.about, stage=effect.value))
    if effect is Effect.KEEP_DATA:
        # The job is ending anyway; its raw data stays in the journal.
        log.error(
            "job %s: partial data could not be worked up",
            live.job.id,
            exc_info=error,
            extra=fields,
        )
        return DataKept()
    if isinstance(error, StationError):
        return StageFailed(error.info)
    log.error("job %s: %s failed", live.job.id, effect.value, exc_info=error, extra=fields)
    return StageFailed(ErrorInfo(ErrorCode.INTERNAL_ERROR, f"{effect.value}: {in_words(error)}"))
