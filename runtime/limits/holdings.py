"""What users have of the station: jobs that are not over, and bytes of stored results.

Rule 1. Jobs are counted as they come and go, in memory: what an earlier daemon has left counts
        once it has been taken up, which is a matter of seconds.
Rule 2. Bytes are counted when somebody wants to know, page by page, so that others get their
        answers between; from then on as results are stored and deleted. They are counted anew
        now and then, for an item that was executed again has replaced its result.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.error import JournalClosed, StationError
from stationd.runtime.journal.records import ItemEnded, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.journal.stored import StoredJob

log = logging.getLogger(__name__)

RECOUNT_SECONDS: Final = 3600.0
PAGE: Final = 1000
"""Jobs whose results are counted at a time."""
_REST_SECONDS: Final = 0.05


class Holdings:
    """What users have, by their names."""

    def __init__(self) -> None:
        self.weighs = False
        """Whether bytes are counted."""
        self._jobs: defaultdict[str, int] = defaultdict(int)
        self._bytes: defaultdict[str, int] = defaultdict(int)

    def jobs(self, user: str) -> int:
        """Return how many jobs of a user are not over."""
        return self._jobs.get(user, 0)

    def result_bytes(self, user: str) -> int:
        """Return how much a user's stored results take up, as far as that is known."""
        return self._bytes.get(user, 0)

    def begun(self, user: str) -> None:
        """Take note of a job that is under way."""
        self._jobs[user] += 1

    def ended(self, user: str) -> None:
        """Take note of a job that is not under way any more."""
        left = self._jobs[user] - 1
        if left > 0:
            self._jobs[user] = left
        else:
            del self._jobs[user]

    def stored(self, user: str, records: Sequence[Record]) -> None:
        """Take note of the results among some records."""
        for record in records:
            if isinstance(record, ItemEnded) and record.result is not None:
                self._bytes[user] += record.result.size_bytes

    def deleted(self, job: StoredJob) -> None:
        """Take note of a job that has been deleted with its results."""
        if self.weighs:
            size = sum(item.result.size_bytes for item in job.items if item.result is not None)
            user = job.spec.creator
            self._bytes[user] = max(0, self._bytes[user] - size)

    async def weigh(self, queries: Queries) -> None:
        """Count bytes from now on, for ever."""
        self.weighs = True
        while True:
            try:
                await self.count(queries)
            except JournalClosed:
                return
            except StationError as error:
                log.warning("what users' results take up could not be counted: %s", error)
            await anyio.sleep(RECOUNT_SECONDS)

    async def count(self, queries: Queries) -> None:
        """Count all stored results."""
        self.weighs = True
        found: defaultdict[str, int] = defaultdict(int)
        reached: int | None = 0
        while reached is not None:
            sizes, reached = await queries.result_sizes(reached, PAGE)
            for user, size in sizes.items():
                found[user] += size
            await anyio.sleep(_REST_SECONDS)
        self._bytes = found
