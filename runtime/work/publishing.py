"""Results that are files are copied to another store, and removed there.

Rule 1. A result is sealed and served here first; no job waits for the other store.
Rule 2. What is to be done stands on the disk: a result without a mark beside it is to be published,
        and a job with a tombstone is to be removed there. So a crash forgets nothing, and doing
        something again changes nothing.
Rule 3. Only what the journal knows is published, and only what it has forgotten is removed.
Rule 4. While the store is away nothing is lost and nothing else waits: it is tried again, later and
        later. It is told when it goes and when it is back.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, TypeVar, TypeVarTuple

import anyio
from anyio import CapacityLimiter, to_thread

from stationd.proto.error import JournalClosed, StationError
from stationd.proto.job import JobId
from stationd.runtime.work.artifacts import JOB_ID, TOMBSTONES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.work.object_store import ObjectStore

T = TypeVar("T")
Args = TypeVarTuple("Args")
log = logging.getLogger(__name__)

MARK: Final = ".published"
"""How the name of the empty file ends that stands beside what has been published."""
SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds between tries while the store is away."""


class Publishing:
    """Copies results to another store.

    Args:
        directory: Where they are here.
        store: The other store.
        queries: Know which results there are.
        keep_local: Whether they stay here, too.
    """

    def __init__(
        self, directory: Path, store: ObjectStore, queries: Queries, *, keep_local: bool
    ) -> None:
        self._directory = directory
        self._store = store
        self._queries = queries
        self._keep_local = keep_local
        # How often each was asked for: what has come while it was looked at is to be seen as well.
        self._waiting: dict[JobId, int] = {}
        self._come = anyio.Event()
        self._one = CapacityLimiter(1)
        self.trouble: str | None = None
        """Why nothing is published; None if nothing is wrong."""

    @property
    def waiting(self) -> int:
        """How many jobs are looked at next."""
        return len(self._waiting)

    def look_at(self, job: JobId) -> None:
        """Publish what there is of a job that is over, or remove one that is gone, soon."""
        self._waiting[job] = self._waiting.get(job, 0) + 1
        self._come.set()

    async def run(self) -> None:
        """Publish and remove for ever, beginning with what an earlier daemon has left."""
        pause = SHORTEST_PAUSE
        for job in await self._blocking(self._left):
            self._waiting.setdefault(job, 0)
        while True:
            if not self._waiting:
                self._come = anyio.Event()
                await self._come.wait()
            job, asked = next(iter(self._waiting.items()))
            try:
                await self._look(job)
            except JournalClosed:
                return
            except (StationError, OSError) as error:
                self._tell(str(error))
                # Others first: it may be this one's fault.
                self._waiting[job] = self._waiting.pop(job)
                await anyio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            if self._waiting[job] == asked:
                del self._waiting[job]
            pause = SHORTEST_PAUSE
            self._tell(None)

    async def _look(self, job: JobId) -> None:
        if await self._queries.stored(job) is None:
            await self._blocking(self._remove, job)
            return
        await self._blocking(self._spare, job)
        for name in await self._blocking(self._unpublished, job):
            attempt, _, item = name.partition("-")
            # A file that was sealed when its daemon died is no result; its job makes it again.
            if await self._queries.artifact(f"{job}/{attempt}/{item}") is not None:
                await self._blocking(self._publish, job, name)

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None and self.trouble is None:
            log.error("results stay here for the time being: %s", trouble)
        elif trouble is None and self.trouble is not None:
            log.info("the artifact store %s answers again", self._store.url)
        self.trouble = trouble

    async def _blocking(self, function: Callable[[*Args], T], *args: *Args) -> T:
        # The store may take minutes: a daemon that ends does not wait for it.
        return await to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=self._one)

    # --- in a thread -----------------------------------------------------------------------------

    def _left(self) -> list[JobId]:
        """Return the jobs of which something is left to do."""
        buried = [name for name in _names(self._directory / TOMBSTONES) if JOB_ID.fullmatch(name)]
        jobs = (JobId(name) for name in _names(self._directory) if JOB_ID.fullmatch(name))
        return [*map(JobId, buried), *(job for job in jobs if self._unpublished(job))]

    def _unpublished(self, job: JobId) -> list[str]:
        names = _names(self._directory / job)
        own = [name for name in names if not name.startswith(".")]
        return [name for name in own if f".{name}{MARK}" not in names]

    def _publish(self, job: JobId, name: str) -> None:
        file = self._directory / job / name
        try:
            self._store.create(f"{job}/{name}", file)
        except FileNotFoundError:
            return  # the job was deleted meanwhile
        if self._keep_local:
            file.with_name(f".{name}{MARK}").touch()
        else:
            file.unlink(missing_ok=True)

    def _remove(self, job: JobId) -> None:
        self._store.remove_all(job)
        self._tombstone(job).unlink(missing_ok=True)

    def _spare(self, job: JobId) -> None:
        """Forget that a job was to be removed: its daemon died before it was."""
        self._tombstone(job).unlink(missing_ok=True)

    def _tombstone(self, job: JobId) -> Path:
        return self._directory / TOMBSTONES / job


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []
