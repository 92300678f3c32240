"""Looking jobs up, and searching for them; asynchronous."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from stationd.client.connection.line import R
from stationd.client.connection.shared import connection
from stationd.client.projects import context
from stationd.client.projects.project_ref import ProjectRef
from stationd.client.references.job import Job, JobRef, JobStatus, id_of
from stationd.client.references.referring import job_of, status_of
from stationd.client.searching import filtering
from stationd.client.searching.filtering import CREATED_AFTER, Status, Strings, Type
from stationd.client.searching.pages import JobSearch
from stationd.proto import jobs_protocol
from stationd.proto.error import UnknownJob, ZeroMatches
from stationd.proto.job import JobFilter, JobView
from stationd.proto.project import PropertyValue
from stationd.proto.search import ScopeFilterEnum, SortFilterEnum


def get_all(
    *,
    name_like: str | None = None,
    name_exact: Strings | None = None,
    creator_email: Strings | None = None,
    project: ProjectRef | str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    job_status: Status | Iterable[Status] | None = None,
    job_type: Type | Iterable[Type] | None = None,
    created_before: datetime | None = None,
    created_after: datetime | None = CREATED_AFTER,
    modified_before: datetime | None = None,
    modified_after: datetime | None = None,
    sort_filters: SortFilterEnum | Iterable[SortFilterEnum] | None = None,
    page_number: int | None = None,
    page_size: int | None = None,
    scope: ScopeFilterEnum | str | None = None,
    target: str | None = None,
) -> JobSearch:
    """Return the jobs that match; nothing is fetched before it is needed.

    All of the filters must match; of several values of one filter any may.

    Args:
        name_like: Part of the name, in any case.
        name_exact: The whole name.
        creator_email: Who submitted it. A station knows people by their user names, so give these.
        project: A project, or its id; None for that of `using_project`, if there is one.
        properties: Each must be as given; true is not 1.
        job_status: Statuses, CANCELLING and RETRYING too, or rungs, but not both.
        job_type: ``execute`` or ``compile``, or finer ``circuits`` and ``sweep``.
        created_before: Earlier than this; a time without a zone is meant in UTC.
        created_after: At this time or later; None for no bound.
        modified_before: The same about the last change of status.
        modified_after: The same.
        sort_filters: The first counts most; None for the newest first.
        page_number: Only this page, from 0; None for all jobs.
        page_size: Jobs on a page, and per request; up to 1000.
        scope: USER for your own jobs; ORG_ADMIN and GLOBAL_ADMIN for all, which show nothing to
            whoever is no operator or admin; HIGHEST for the widest of these that you may have.
            None for all jobs of the station, which everybody may see.
        target: The QPU.

    Raises:
        RequestError: An argument makes no sense.
    """
    wanted = filtering.wanted(
        name_like=name_like,
        name_exact=name_exact,
        creator_email=creator_email,
        project=context.project_of(project),
        properties=properties,
        job_status=job_status,
        job_type=job_type,
        created_before=created_before,
        created_after=created_after,
        modified_before=modified_before,
        modified_after=modified_after,
        scope=scope,
        target=target,
    )
    return JobSearch(wanted, _ask, filtering.sorting(sort_filters), page_number, page_size)


async def get(
    *,
    id: Job | None = None,  # noqa: A002 - its name in the API that this one is compatible with
    name_like: str | None = None,
    name_exact: Strings | None = None,
    creator_email: Strings | None = None,
    project: ProjectRef | str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    job_status: Status | Iterable[Status] | None = None,
    job_type: Type | Iterable[Type] | None = None,
    created_before: datetime | None = None,
    created_after: datetime | None = CREATED_AFTER,
    modified_before: datetime | None = None,
    modified_after: datetime | None = None,
    sort_filters: SortFilterEnum | Iterable[SortFilterEnum] | None = None,
    page_number: int | None = None,
    page_size: int | None = None,
    scope: ScopeFilterEnum | str | None = None,
    target: str | None = None,
    number: int | None = None,
) -> JobRef:
    """Return the one job that matches; the filters are those of `get_all`.

    Args:
        id: The job's id; the other arguments are not looked at then.
        name_like: As in `get_all`, and so are the others.
        name_exact: The whole name.
        creator_email: Who submitted it.
        project: A project, or its id.
        properties: Each must be as given.
        job_status: Statuses, or rungs.
        job_type: ``execute`` or ``compile``, or finer.
        created_before: Earlier than this.
        created_after: At this time or later.
        modified_before: The same about the last change of status.
        modified_after: The same.
        sort_filters: In which order to look at a page.
        page_number: Only this page, from 0.
        page_size: Jobs on a page.
        scope: As whom to look.
        target: The QPU.
        number: The job's number, as `stationctl` shows it; the other arguments are not looked at
            then.

    Raises:
        ZeroMatches: No job matches; the message says what was searched for.
        NoUniqueMatch: More than one does.
        RequestError: An argument makes no sense.
    """
    if id is not None:
        try:
            return job_of(await view(id))
        except UnknownJob as error:
            raise ZeroMatches(f"the station has no job with the id {id_of(id)}") from error
    if number is not None:
        numbered = await with_number(number)
        if numbered is None:
            raise ZeroMatches(f"the station has no job with the number {number}")
        return job_of(numbered)
    found = get_all(
        name_like=name_like,
        name_exact=name_exact,
        creator_email=creator_email,
        project=project,
        properties=properties,
        job_status=job_status,
        job_type=job_type,
        created_before=created_before,
        created_after=created_after,
        modified_before=modified_before,
        modified_after=modified_after,
        sort_filters=sort_filters,
        page_number=page_number,
        page_size=page_size,
        scope=scope,
        target=target,
    )
    return await found.try_unique_match()


async def with_number(number: int) -> JobView | None:
    """Return the job with a number, however many there are; None if it has none."""
    if number < 1:
        return None
    # The newest one up to there.
    newest = jobs_protocol.List(0, JobFilter(), number + 1, 1)
    page = await connection().ask(newest, jobs_protocol.Jobs)
    return next((one for one in page.views if one.number == number), None)


async def view(job: Job) -> JobView:
    """Return all that the station knows of a job: timeline, items, errors.

    Raises:
        UnknownJob: The station does not know it.
    """
    return (await connection().ask(jobs_protocol.Get(0, id_of(job)), jobs_protocol.Job)).view


async def refresh(job: Job) -> JobRef:
    """Return a job as it is now."""
    return job_of(await view(job))


async def status(job: Job) -> JobStatus:
    """Return where a job stands now."""
    return status_of(await view(job))


async def _ask(message: jobs_protocol.Request, answer: type[R], /) -> R:
    return await connection().ask(message, answer)
