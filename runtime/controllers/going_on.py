"""Sweeps that go on where an earlier attempt was cut short: what the journal has of them.

What follows from it is decided in `actors.stages.stretches`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from stationd.actors.about import extra
from stationd.actors.stages.stretches import Stretch, goes_on_at, stretches
from stationd.proto.program import Sweep

if TYPE_CHECKING:
    from stationd.actors.stages.stretches import Covered
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.live import LiveJob

log = logging.getLogger(__name__)


async def first_spot(journal: Journal, live: LiveJob) -> int:
    """Return the spot that a job's current attempt begins with."""
    sweep = live.spec.work
    if not isinstance(sweep, Sweep) or not live.goes_on:
        return 0
    first = goes_on_at(sweep.returns, await _stored(journal, live, live.job.attempt - 1))
    if first:
        log.info(
            "job %s: attempt %d goes on with spot %d of %d",
            live.job.id,
            live.job.attempt,
            first,
            sweep.spots,
            extra=extra(live.about),
        )
    return first


async def attempts_of(journal: Journal, live: LiveJob) -> list[Stretch]:
    """Return which spots of a job's results are of which attempt; none if all are of one."""
    sweep = live.spec.work
    if not isinstance(sweep, Sweep) or not live.spec.resume or live.data_attempt == 1:
        return []
    stored = await _stored(journal, live, live.data_attempt)
    return stretches(sweep.returns, stored, sweep.spots)


async def _stored(journal: Journal, live: LiveJob, newest: int) -> dict[int, Covered]:
    # What came last may still be on its way to the disk.
    await journal.flush()
    number = live.job.number
    return {attempt: await journal.covered(number, attempt) for attempt in range(1, newest + 1)}
