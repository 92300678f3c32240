"""From what a person types to a job's id."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from stationd.client import jobs
from stationd.proto.error import NoUniqueMatch, RequestError, ZeroMatches
from stationd.proto.job import JobId

SHORTEST: Final = 4
"""Characters of an id that are enough to look for it."""
NEWEST: Final = 1000
"""Among how many jobs to look."""
_MOST_NAMED: Final = 5


def job_id(text: str) -> JobId:
    """Return the id of a job that is named by its id, or by how that begins.

    Raises:
        ZeroMatches: No job of the newest begins so.
        NoUniqueMatch: Several do.
        RequestError: The text is too short, or no beginning of an id.
    """
    try:
        return JobId(str(UUID(text)))
    except ValueError:
        pass
    beginning = text.lower()
    if len(beginning) < SHORTEST or set(beginning) - set("0123456789abcdef-"):
        raise RequestError(
            f"{text!r} names no job: give its id, or at least the first {SHORTEST} characters of it"
        )
    found = [job for job in jobs.get_all().list(limit=NEWEST) if job.id.startswith(beginning)]
    if not found:
        raise ZeroMatches(f"the id of none of the newest {NEWEST} jobs begins with {text!r}")
    if len(found) > 1:
        named = ", ".join(job.id for job in found[:_MOST_NAMED])
        raise NoUniqueMatch(f"the ids of {len(found)} jobs begin with {text!r}: {named}")
    return found[0].id
