"""What the results of projects with a quota take up, to the byte, and whether they may have more.

Rule 1. It is counted in the journal when a project gets a quota and when the daemon starts; from
        then on as results are stored, replaced and deleted, each when that is on disk.
Rule 2. A count during which anything changed says nothing: it is made again. So what is known is
        what the journal holds, also when a quota is given to a project at work.
Rule 3. A refusal says how much there is, how much there may be, and what helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import anyio

from stationd.proto.error import LimitReached
from stationd.runtime.journal.records import ItemEnded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stationd.proto.project import Project
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.records import Record
    from stationd.runtime.journal.stored import StoredJob
    from stationd.runtime.live import LiveJob

PAGE: Final = 2000
"""Jobs whose results are counted at a time."""
_LONGEST_REST: Final = 1.0
_UNITS: Final = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


class Use(NamedTuple):
    """What a project with a quota has."""

    name: str
    used_bytes: int
    quota_bytes: int


class Quotas:
    """What projects with a quota have.

    Args:
        journal: Knows what is stored.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.deleting: Callable[[], bool] = bool
        """Whether a job is being deleted of which `deleted` has not heard."""
        self._projects: dict[str, Project] = {}
        self._bytes: dict[str, int] = {}
        self._changes = 0

    async def follow(self, project: Project) -> None:
        """Go by the quota that a project has from now on; count what it has, if it is its first."""
        if not project.quota_bytes:
            self._projects.pop(project.id, None)
            self._bytes.pop(project.id, None)
            return
        known = project.id in self._projects
        self._projects[project.id] = project
        if not known:
            self._bytes[project.id] = 0
            await self._count(project.id)

    def used(self) -> dict[str, int]:
        """Return the bytes of each project that has a quota, by id."""
        return dict(self._bytes)

    def uses(self) -> list[Use]:
        """Return the same by name, with the quotas; the fullest first."""
        found = [
            Use(one.name, self._bytes.get(one.id, 0), one.quota_bytes)
            for one in self._projects.values()
        ]
        return sorted(found, key=lambda use: -use.used_bytes / use.quota_bytes)

    def check(self, project: str) -> None:
        """Return if a project may have another job.

        Raises:
            LimitReached: Its results take up its quota.
        """
        known = self._projects.get(project)
        if known is None:
            return
        used = self._bytes[project]
        if used >= known.quota_bytes:
            raise LimitReached(
                f"the results of project {known.name!r} take {_size(used)} ({used:,} bytes) of its"
                f" quota of {_size(known.quota_bytes)} ({known.quota_bytes:,} bytes): delete jobs"
                " that are not needed any more (stationctl delete), or ask an operator for more"
                f" (stationctl projects quota {known.name} SIZE)"
            )

    def counted(
        self, live: LiveJob, records: Sequence[Record], committed: Callable[[], None] | None
    ) -> Callable[[], None] | None:
        """Count the results among some records when they are on disk.

        Args:
            live: The job that they are of, which has a project.
            records: What is about to be written.
            committed: Called once it is on disk.

        Returns:
            What is to be called instead.
        """
        ended = [record for record in records if isinstance(record, ItemEnded)]
        if not ended:
            return committed
        sizes = live.sizes = {} if live.sizes is None else live.sizes
        more = 0
        for record in ended:
            size = 0 if record.result is None else record.result.size_bytes
            more += size - sizes.get(record.index, 0)
            sizes[record.index] = size

        def counted() -> None:
            self._change(live.spec.project, more)
            if committed is not None:
                committed()

        return counted

    def deleted(self, job: StoredJob) -> None:
        """Take note of a job that has been deleted with its results."""
        if job.spec.project:
            sizes = (item.result.size_bytes for item in job.items if item.result is not None)
            self._change(job.spec.project, -sum(sizes))

    def _change(self, project: str, more: int) -> None:
        self._changes += 1
        if project in self._bytes:
            self._bytes[project] += more

    async def _count(self, project: str) -> None:
        rest = 0.01
        while project in self._projects:
            changes = self._changes
            found = await self._stored(project)
            # What the answer may hold already is told of before this returns.
            await self._journal.flush()
            if changes == self._changes and not self.deleting():
                if project in self._projects:
                    self._bytes[project] = found
                return
            await anyio.sleep(rest)
            rest = min(2 * rest, _LONGEST_REST)

    async def _stored(self, project: str) -> int:
        total, reached = 0, 0
        while True:
            size, last = await self._journal.project_size(project, reached, PAGE)
            if last is None:
                return total
            total, reached = total + size, last


def _size(count: int) -> str:
    """Return bytes in a unit that people know.

    >>> _size(500), _size(1536), _size(3 * 2**30)
    ('500 B', '1.5 KiB', '3 GiB')
    """
    for unit, name in _UNITS:
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} B"
