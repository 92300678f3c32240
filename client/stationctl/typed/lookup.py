"""From what a person types to a job's id.

Rule 1. Digits that do not begin with 0 are a job's number; only if no job has it may they be how
        an id begins. New ids begin with 0, so that the two are hardly ever the same.
Rule 2. A number costs one look at the station, however many jobs there are: it is asked for the
        newest job up to there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from stationd.client.blocking import jobs
from stationd.client.blocking.portal import call
from stationd.client.connection.shared import connection
from stationd.client.searching.finding import with_number
from stationd.proto.error import NoUniqueMatch, RequestError, ZeroMatches
from stationd.proto.job import MOST_NAMED, JobFilter, JobId, JobView
from stationd.proto.jobs_protocol import Jobs, List

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.client.references.job import JobRef

SHORTEST: Final = 4
"""Characters of an id that are enough to look for it."""
NEWEST: Final = 1000
"""Among how many jobs an id is looked for by how it begins."""
_MOST_DIGITS: Final = 15
_MOST_SHOWN: Final = 5


def job_id(text: str) -> JobId:
    """Return the id of a job that is named by its number, its id, or how that begins.

    Raises:
        ZeroMatches: There is no such job.
        NoUniqueMatch: The ids of several begin so.
        RequestError: The text is neither a number nor a beginning of an id.
    """
    return next(iter(numbered((text,))))


def job_ids(texts: Sequence[str]) -> list[JobId]:
    """Return the ids of jobs, each once, in the order in which they are named; see `job_id`."""
    return list(numbered(texts))


def called(texts: Sequence[str]) -> dict[JobId, str]:
    """Return the ids of jobs, and what to call each: its number if it is known, else its id."""
    return {job: name_of(job, number) for job, number in numbered(texts).items()}


def name_of(job: JobId, number: int) -> str:
    """Return what to call a job, whose number is 0 if nobody has asked for it."""
    return str(number) if number else job


def numbered(texts: Sequence[str]) -> dict[JobId, int]:
    """Return the ids of jobs, and the number of each that is not named by its whole id, else 0."""
    found: dict[JobId, int] = {}
    newest: list[JobRef] | None = None
    for text in texts:
        whole = _whole(text)
        if whole is not None:
            found.setdefault(whole, 0)
            continue
        number = _number(text)
        view = None if number is None else call(with_number, number)
        if view is not None:
            found[view.id] = view.number
            continue
        _check_beginning(text, number)
        # One look serves all of them.
        newest = jobs.get_all().list(limit=NEWEST) if newest is None else newest
        job = _completed(text, newest)
        found[job.id] = job.number
    return found


async def shown(ids: Sequence[JobId]) -> Mapping[JobId, JobView]:
    """Return jobs in short, without those that are gone; one look at the station for a thousand."""
    views: dict[JobId, JobView] = {}
    for start in range(0, len(ids), MOST_NAMED):
        wanted = JobFilter(ids=tuple(ids[start : start + MOST_NAMED]))
        page = await connection().ask(List(0, wanted, None, MOST_NAMED), Jobs)
        views |= {view.id: view for view in page.views}
    return views


def _whole(text: str) -> JobId | None:
    try:
        return JobId(str(UUID(text)))
    except ValueError:
        return None


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if plain and not text.startswith("0") else None


def _check_beginning(text: str, number: int | None) -> None:
    if len(text) >= SHORTEST and not set(text.lower()) - set("0123456789abcdef-"):
        return
    if number is not None:
        raise ZeroMatches(f"the station has no job with the number {number}")
    raise RequestError(
        f"{text!r} names no job: give its number, its id, or at least the first {SHORTEST}"
        " characters of its id"
    )


def _completed(text: str, newest: Sequence[JobRef]) -> JobRef:
    found = [job for job in newest if job.id.startswith(text.lower())]
    if not found:
        begins = f"the id of none of the newest {NEWEST} jobs begins with {text!r}"
        number = _number(text)
        raise ZeroMatches(f"no job has the number {number}, and {begins}" if number else begins)
    if len(found) > 1:
        named = ", ".join(f"{job.number} ({job.id})" for job in found[:_MOST_SHOWN])
        more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        raise NoUniqueMatch(
            f"the ids of {len(found)} jobs begin with {text!r}, name one by its number:"
            f" {named}{more}"
        )
    return found[0]
