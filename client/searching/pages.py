"""Searching for jobs: the pages in which the answers come."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from stationd.client.references.job import JobRef
from stationd.client.references.referring import job_of
from stationd.client.references.table import Rows, frame
from stationd.client.searching.filtering import described
from stationd.proto.error import NoUniqueMatch, RequestError, ZeroMatches
from stationd.proto.job import JobFilter, place_of
from stationd.proto.jobs_protocol import MOST_LISTED, Jobs, List
from stationd.proto.project_requests import Count, Counted
from stationd.proto.search import Order, SortFilterEnum

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    import pandas as pd

    from stationd.client.connection.line import Asking

PAGE: Final = 100
"""Jobs per request."""
_UNIQUE: Final = 2
"""How many matches it takes to know that a search has no unique one."""

Found = Rows[JobRef]
"""So that `JobSearch.list` can be named as it is."""


class JobSearch:
    """The jobs that match a search, in its order; fetched as they are iterated over.

    Every iteration searches anew. Jobs that come in meanwhile shift nothing: a page begins
    where the one before it ended.

    Args:
        search: What must match.
        ask: Asks the station.
        sort: The order; empty for the newest first.
        page_number: From 0: only this page is meant; None for all.
        page_size: Jobs on a page, and per request; None for the usual number.

    Raises:
        RequestError: There is no such page, or none of this size.
    """

    def __init__(
        self,
        search: JobFilter,
        ask: Asking,
        sort: tuple[SortFilterEnum, ...] = (),
        page_number: int | None = None,
        page_size: int | None = None,
    ) -> None:
        if page_size is not None and not 1 <= page_size <= MOST_LISTED:
            raise RequestError(f"page_size: a page holds 1 to {MOST_LISTED} jobs, not {page_size}")
        if page_number is not None and page_number < 0:
            raise RequestError(f"page_number: pages are counted from 0, not {page_number}")
        self._search = search
        self._ask = ask
        self._sort = sort
        self._page = page_number
        self._size = page_size or PAGE

    def __repr__(self) -> str:
        return f"<JobSearch: {self.described}>"

    @property
    def described(self) -> str:
        """What is searched for, in words."""
        return described(self._search)

    async def __aiter__(self) -> AsyncIterator[JobRef]:
        """Yield the matching jobs."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for job in page:
                    yield job

    async def pages(self, size: int | None = None) -> AsyncGenerator[Found]:
        """Yield the matching jobs, as many at a time as are fetched together."""
        if self._page is not None:
            order = Order(self._sort, None, self._page * self._size)
            page = await self._ask(List(0, self._search, None, self._size, order), Jobs)
            yield Found(job_of(view) for view in page.views)
            return
        order = Order(self._sort)
        while True:
            page = await self._ask(List(0, self._search, None, size or self._size, order), Jobs)
            yield Found(job_of(view) for view in page.views)
            if not page.more or not page.views:
                return
            order = Order(self._sort, place_of(page.views[-1]))

    async def list(self, limit: int | None = None) -> Found:
        """Return the matching jobs; at most `limit` of them, None for all."""
        found = Found()
        size = None if limit is None else min(limit, MOST_LISTED)
        if size is not None and size < 1:
            return found
        async with aclosing(self.pages(size)) as pages:
            async for page in pages:
                found += page
                if limit is not None and len(found) >= limit:
                    break
        return found if limit is None else Found(found[:limit])

    async def count(self) -> int:
        """Return how many jobs match, on all pages: the station counts, nothing is fetched."""
        return (await self._ask(Count(0, self._search), Counted)).count

    async def summarize(self) -> pd.DataFrame:
        """Return a table of one row: what was searched for, and how many there are.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return frame([{"resource": "Job", "total_count": await self.count()}])

    async def df(self) -> pd.DataFrame:
        """Return a table of the matching jobs; one request for each page, and none for a row.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return (await self.list()).df()

    async def try_unique_match(self) -> JobRef:
        """Return the one job that matches.

        Raises:
            ZeroMatches: None does; the message says what was searched for.
            NoUniqueMatch: More than one does.
        """
        found = await self.list(limit=_UNIQUE)
        if not found:
            raise ZeroMatches(f"no job matches: {self.described}")
        if len(found) > 1:
            raise NoUniqueMatch(
                f"more than one job matches: {self.described}; among them are"
                f" {found[0].id} and {found[1].id}"
            )
        return found[0]
