"""A job as the queue sees it, whether it has been taken up or is known in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.queue.entry import Claims, Entry

if TYPE_CHECKING:
    from stationd.runtime.journal.stored import Outline
    from stationd.runtime.live import LiveJob


def entry(live: LiveJob) -> Entry:
    """Return what decides when a job goes."""
    spec = live.spec
    return Entry(
        number=live.job.number,
        claims=live.claims,
        job=live.job.id,
        project=spec.project,
        priority=spec.priority,
        # A later attempt waits since it came to the queue, as the journal remembers it too.
        since_unix_s=live.began_unix_s if live.job.attempt == 1 else live.stored_at,
        not_before=spec.not_before,
        held=spec.hold,
        place=live.place,
    )


def outlined(outline: Outline, claims: Claims) -> Entry:
    """Return the same of a job that has not been taken up yet."""
    return Entry(
        number=outline.number,
        claims=claims,
        job=outline.job,
        project=outline.project,
        priority=outline.priority,
        since_unix_s=outline.began_unix_s,
        not_before=outline.not_before,
        held=outline.held,
        place=outline.place,
    )
