"""Forgetting jobs: those that somebody wants deleted, and those that are too old or too many.

Rule 1. Only a job that is over is forgotten, and nobody retries it meanwhile.
Rule 2. Its files are removed when its rows are gone for good, and not before. Files that a crash
        leaves behind are found when the daemon starts.
Rule 3. Forgetting takes a small part of the time: some jobs together, whose rows ride along with
        what others commit, then a pause that is several times as long.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.error import ErrorCode, ErrorInfo, JournalClosed, RequestError
from stationd.runtime.journal import durable
from stationd.runtime.journal.records import JobDeleted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from stationd.proto.job import JobId
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.journal.stored import StoredJob
    from stationd.runtime.settings import Retention, Settings
    from stationd.runtime.work.artifacts import Artifacts, Files

log = logging.getLogger(__name__)

TOGETHER: Final = 50
"""Jobs that are forgotten at a time: some milliseconds of the writer's time."""
REST: Final = 4.0
"""How many times as long as the forgetting the pause after it is."""
SHORTEST_REST: Final = 0.02
LOOK_EVERY: Final = 60.0
"""Seconds between two looks at the journal."""
LOOK_AT_FILES_EVERY: Final = 3600.0
_DAY: Final = 86_400.0


class Forgetting:
    """Forgets jobs, one at a time.

    Args:
        journal: Where the jobs are.
        artifacts: Where the files are.
        under_way: Whether a job is.
        alone: Keeps retries of a job away.
        gone: Told up to which sequence number facts are about to go that nobody wanted deleted.
    """

    def __init__(
        self,
        journal: Journal,
        artifacts: Artifacts,
        under_way: Callable[[JobId], bool],
        alone: Callable[[JobId], AbstractAsyncContextManager[None]],
        gone: Callable[[int], None],
    ) -> None:
        self._journal = journal
        self.artifacts = artifacts
        self._under_way = under_way
        self._alone = alone
        self._gone = gone
        self._deleted: list[Callable[[StoredJob], None]] = []
        self._at_work = 0

    def watch(self, deleted: Callable[[StoredJob], None]) -> None:
        """Call back with every job that has been forgotten."""
        self._deleted.append(deleted)

    def at_work(self) -> bool:
        """Whether a job is being deleted that nobody has been called back with yet."""
        return self._at_work > 0

    async def delete(self, job: JobId, *, expired: bool = False) -> bool:
        """Forget a job, durably, and remove its files; return whether there was one.

        Args:
            job: The job.
            expired: Nobody asked for it.

        Raises:
            RequestError: It is not over.
        """
        async with self._alone(job):
            # What is not on disk yet is not seen; and what ends now has ended then.
            await self._journal.flush()
            stored = await self._journal.stored(job)
            if stored is not None:
                if not stored.status.is_terminal or self._under_way(job):
                    raise RequestError(
                        ErrorInfo(
                            ErrorCode.NOT_FINISHED,
                            f"job {job} is under way ({stored.status}): cancel it or wait for it,"
                            " and delete it then",
                        )
                    )
                if expired:
                    self._gone(stored.seq)
                await self.artifacts.bury(job)
                await self._delete(stored, expired=expired)
            await self.artifacts.remove(job)
        return stored is not None

    async def _delete(self, stored: StoredJob, *, expired: bool) -> None:
        record = JobDeleted(stored.number, expired)
        self._at_work += 1
        try:
            await durable.stored(self._journal, record)
            for deleted in self._deleted:
                deleted(stored)
        finally:
            self._at_work -= 1


class Keeper:
    """Forgets jobs that are too old or too many, for ever.

    Args:
        settings: What is kept.
        forgetting: Forgets them.
        journal: Where the jobs are.
        artifacts: Where the files are.
        clock: What is old.
        kept: Returns how many days projects' jobs are kept, by id; 0 for ever. Of projects that
            are not in it they are kept as `settings` say.
    """

    def __init__(
        self,
        settings: Retention,
        forgetting: Forgetting,
        *,
        journal: Journal,
        artifacts: Artifacts,
        clock: Clock,
        kept: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self._kept = kept
        self._settings = settings
        self.forgetting = forgetting
        self._journal = journal
        self.artifacts = artifacts
        self._clock = clock

    def reload(self, settings: Settings) -> None:
        """Go by other settings from the next look on."""
        self._settings = settings.retention

    async def keep(self) -> None:
        """Look at what is stored now and then, for ever."""
        looks = 0
        while True:
            try:
                if looks == 0:
                    await self.remove_orphans()
                seldom = looks % round(LOOK_AT_FILES_EVERY / LOOK_EVERY) == 0
                if seldom:
                    await self.look_at_files()
                    await self.look_at_projects()
                # What is kept longer than the rest is passed over each time, and may be much.
                if seldom or not self._kept():
                    await self.look_at_jobs()
            except JournalClosed:
                return
            except Exception:
                # The next look may go better, and jobs do not depend on it.
                log.exception("what is stored could not be looked through")
            looks += 1
            await anyio.sleep(LOOK_EVERY)

    async def look_at_jobs(self) -> int:
        """Forget jobs that ended too long ago, or are too many; return how many it was."""
        settings = self._settings
        if not settings.days and not settings.jobs:
            return 0
        forgotten = 0
        while True:
            before = self._clock.time() - settings.days * _DAY if settings.days else 0.0
            keep = settings.jobs or _ALL
            found = await self._journal.expired(before, keep, TOGETHER, tuple(self._kept()))
            done = await self._forget([job.job for job in found])
            forgotten += done
            if done < TOGETHER:
                return forgotten

    async def look_at_projects(self) -> int:
        """Forget jobs that ended longer ago than their projects keep them; return how many."""
        forgotten = 0
        for project, days in self._kept().items():
            done = TOGETHER if days else 0
            while done == TOGETHER:
                before = self._clock.time() - days * _DAY
                found = await self._journal.expired_of(project, before, TOGETHER)
                done = await self._forget([job.job for job in found])
                forgotten += done
        return forgotten

    async def remove_orphans(self) -> int:
        """Remove files of no job, which a crash has left; return of how many there were."""
        removed = 0
        for files in await self.artifacts.oldest():
            if await self._journal.stored(files.job) is None:
                await self.artifacts.remove(files.job)
                removed += 1
        return removed

    async def look_at_files(self) -> int:
        """Forget the oldest jobs with files if all files are too large together.

        Returns:
            How many jobs were forgotten.
        """
        most = self._settings.artifact_gib * 2**30
        if not most:
            return 0
        too_large = await self._first_of(await self.artifacts.oldest(), most)
        forgotten = 0
        for at in range(0, len(too_large), TOGETHER):
            jobs = [files.job for files in too_large[at : at + TOGETHER]]
            forgotten += await self._forget(jobs)
        return forgotten

    async def _first_of(self, files: Sequence[Files], most: float) -> list[Files]:
        """Return the oldest, so many that the others are not too large together.

        Those of projects that say themselves how long their jobs are kept stay.
        """
        total = sum(each.size for each in files)
        kept = self._kept()
        found: list[Files] = []
        for each in files:
            if total <= most:
                return found
            if kept:
                stored = await self._journal.stored(each.job)
                if stored is not None and stored.spec.project in kept:
                    continue
            found.append(each)
            total -= each.size
        return found

    async def _forget(self, jobs: Sequence[JobId]) -> int:
        """Forget jobs together, then rest; return how many were."""
        begun = time.perf_counter()
        done = 0

        async def forget(job: JobId) -> None:
            nonlocal done
            try:
                there = await self.forgetting.delete(job, expired=True)
            except RequestError:
                return  # it is being retried, and so it is not old any more
            done += there

        async with anyio.create_task_group() as tasks:
            for job in jobs:
                tasks.start_soon(forget, job)
        if jobs:
            log.info("forgot %d jobs that were too old or too many", done)
            await anyio.sleep(max(SHORTEST_REST, REST * (time.perf_counter() - begun)))
        return done


_ALL: Final = 2**62
