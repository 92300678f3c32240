"""From what a person types to a job's id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from stationd.client import jobs
from stationd.proto.error import NoUniqueMatch, RequestError, ZeroMatches
from stationd.proto.job import JobId

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    return job_ids((text,))[0]


def job_ids(texts: Sequence[str]) -> list[JobId]:
    """Return the ids of jobs, each once, in the order in which they are named; see `job_id`."""
    found: dict[JobId, None] = {}
    newest: list[JobId] | None = None
    for text in texts:
        whole = _whole(text)
        if whole is None:
            _check_beginning(text)
            # One look serves all of them.
            newest = (
                [job.id for job in jobs.get_all().list(limit=NEWEST)] if newest is None else newest
            )
            whole = _completed(text, newest)
        found[whole] = None
    return list(found)


def _whole(text: str) -> JobId | None:
    try:
        return JobId(str(UUID(text)))
    except ValueError:
        return None


def _check_beginning(text: str) -> None:
    if len(text) < SHORTEST or set(text.lower()) - set("0123456789abcdef-"):
        raise RequestError(
            f"{text!r} names no job: give its id, or at least the first {SHORTEST} characters of it"
        )


def _completed(text: str, ids: Sequence[JobId]) -> JobId:
    found = [job for job in ids if job.startswith(text.lower())]
    if not found:
        raise ZeroMatches(f"the id of none of the newest {NEWEST} jobs begins with {text!r}")
    if len(found) > 1:
        named = ", ".join(found[:_MOST_NAMED])
        raise NoUniqueMatch(f"the ids of {len(found)} jobs begin with {text!r}: {named}")
    return found[0]
