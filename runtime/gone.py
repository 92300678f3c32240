"""Jobs that somebody listens to and that are not stored any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.error import UnknownJob
from stationd.proto.job import JobFilter

if TYPE_CHECKING:
    from collections.abc import Collection

    from stationd.proto.job import JobId
    from stationd.runtime.journal.interface import Queries


async def missing(
    queries: Queries, jobs: Collection[JobId], creator: str | None = None
) -> list[JobId]:
    """Return which of some jobs are not stored, or (unless None) not some user's."""
    creators = () if creator is None else (creator,)
    wanted = JobFilter(ids=tuple(sorted(jobs)), creators=creators)
    views, _ = await queries.views(wanted, None, len(jobs))
    return sorted(set(jobs) - {view.id for view in views})


def gone(job: JobId) -> UnknownJob:
    """Return the error for whoever listens to a job that is not stored."""
    return UnknownJob(
        f"there is no job {job} at this station any more: it was deleted, or is older than what is"
        " kept; what became of it is not known"
    )
