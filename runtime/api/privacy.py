"""Turns requests away that are about jobs which whoever asks may not read.

Rule 1. An id that nobody knows and one of a job that is not to be read are looked up and answered
        in the same way: no answer tells which of them it is.
Rule 2. Where everyone reads everything, nothing is looked up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.error import UnknownJob
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Fetch
from stationd.proto.project_requests import Delete, Deleted
from stationd.runtime.api.client_text import shown
from stationd.runtime.api.reading import Readers, may_read, named_by, whose
from stationd.runtime.api.results_api import unknown_result
from stationd.runtime.gone import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from stationd.proto.jobs_protocol import Request
    from stationd.runtime.api.people import Person
    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.live import LiveJob


class Privacy:
    """Knows which jobs somebody may read.

    Args:
        readers: Who reads a job.
        queries: Know who has made stored jobs.
        under_way: Returns a job that is.
    """

    def __init__(
        self, readers: Readers, queries: Queries, under_way: Callable[[JobId], LiveJob | None]
    ) -> None:
        self.readers: Readers = readers
        self._queries = queries
        self._under_way = under_way

    def whose(self, person: Person) -> str | None:
        """Return the user whose jobs alone a person may read; None for everybody's."""
        return whose(person, self.readers)

    def shows(self, person: Person, job: JobId) -> bool:
        """Whether somebody may read a job that is under way, as far as memory knows."""
        theirs = self.whose(person)
        live = self._under_way(job)
        return theirs is None or (live is not None and may_read(live.spec.creator, theirs))

    async def hidden(self, person: Person, jobs: Iterable[JobId]) -> list[JobId]:
        """Return those of some jobs that somebody may not read, or that are not there."""
        theirs = self.whose(person)
        if theirs is None:
            return []
        # The others are asked for whether they are under way or not: the time tells nothing.
        unsure = [job for job in jobs if not self.shows(person, job)]
        return await missing(self._queries, unsure, theirs) if unsure else []

    async def turn_away(self, person: Person, request: Request) -> Deleted | None:
        """Return the answer to a request that may not go on; None if it may.

        Raises:
            UnknownJob: It may not; it would be answered like this if there were no such job.
            UnknownArtifact: The same of a result.
        """
        if self.whose(person) is None:
            return None
        found = await self.hidden(person, named_by(request))
        if not found:
            return None
        match request:
            case Delete():
                return Deleted(request.request, "already_gone")
            case Fetch():
                raise unknown_result(request.artifact)
            case _:
                raise unknown_job(found[0])


def anonymous(job: JobId | None, shows: Callable[[JobId], bool]) -> JobId | None:
    """Return a job as somebody may know it: an empty id stands for one that they may not read."""
    return job if job is None or shows(job) else JobId("")


def unknown_job(job: str) -> UnknownJob:
    """Return the error for whoever asks for a job that is not there."""
    return UnknownJob(f"there is no job {shown(job)} at this station")
