"""A journal in memory: the same answers as the durable one, for tests and simulations.

What is written waits until it is committed, in the next turn of the loop or when the test says
so; `MemoryJournal.reopened` is what a station finds after a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from stationd.proto.error import JournalClosed
from stationd.runtime.journal.contents import Contents
from stationd.runtime.journal.interface import Commit, JournalStatistics, Opening
from stationd.runtime.journal.memory_queries import MemoryQueries
from stationd.runtime.journal.records import (
    Record,
)


class MemoryJournal(MemoryQueries):
    """A journal that forgets everything with its process.

    ``async with MemoryJournal() as journal`` commits in the next turn of the loop. With
    ``manual=True`` only `commit` does, and no block is needed.

    Args:
        manual: Whether only `commit` commits.
        contents: For `reopened`.
    """

    def __init__(self, *, manual: bool = False, contents: Contents | None = None) -> None:
        super().__init__(contents or Contents())
        self._contents.epoch += 1
        self._manual = manual
        self._waiting: list[tuple[tuple[Record, ...], Callable[[Commit], None]]] = []
        self._wake = anyio.Event()
        self._closed = False
        self._tasks: TaskGroup
        self._statistics = JournalStatistics()
        self._turned = anyio.Event()
        self.after_commit: list[Callable[[], None]] = []
        """Called, in order, when the callbacks of a commit have been called."""
        self.trouble: str | None = None
        """What is wrong with the storage, as the test says; see `suffer`."""
        self.database: Path | None = None
        """There is none."""
        self.opening = Opening(
            station=self._contents.station,
            epoch=self._contents.epoch,
            seq=self._contents.seq,
            number=self._contents.number,
            ticket=self._contents.ticket,
            forgotten=self._contents.forgotten,
        )

    def reopened(self) -> MemoryJournal:
        """Return what a station finds that starts again after a crash at this moment.

        What was not committed is lost, and this journal must not be used any more.
        """
        self._closed = True
        return MemoryJournal(manual=self._manual, contents=self._contents)

    async def __aenter__(self) -> Self:
        self._tasks = anyio.create_task_group()
        await self._tasks.__aenter__()
        if not self._manual:
            self._tasks.start_soon(self._commit_soon)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self.commit()
        self._closed = True
        self._tasks.cancel_scope.cancel()
        try:
            return await self._tasks.__aexit__(kind, error, traceback)
        except BaseExceptionGroup as group:
            if group.exceptions == (error,):
                return False  # what the block raised goes on as it is
            raise

    def suffer(self, trouble: str | None) -> None:
        """Let the storage be in trouble, until it is None again: nothing is committed meanwhile."""
        self.trouble = trouble
        self._turned.set()
        self._turned = anyio.Event()
        self._wake.set()

    async def turned(self) -> None:
        """Return when `trouble` has changed."""
        await self._turned.wait()

    def write(self, records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        """Store records together, soon, and call back then."""
        if self._closed:
            raise JournalClosed("the journal is closed")
        self._waiting.append((tuple(records), committed))
        self._wake.set()

    def commit(self) -> int:
        """Commit and call back all that has been written; return how many writes it was.

        Writes made by the callbacks wait for the next commit.
        """
        if self._closed or self.trouble is not None or not self._waiting:
            return 0
        waiting, self._waiting = self._waiting, []
        # All is stored before anybody is called back, as in a group commit.
        commits = [self._contents.store(records) for records, _ in waiting]
        old = self._statistics
        self._statistics = JournalStatistics(
            commits=old.commits + 1,
            writes=old.writes + len(waiting),
            records=old.records + sum(len(records) for records, _ in waiting),
            newest_commit_writes=len(waiting),
        )
        self._call_back(commits, [committed for _, committed in waiting])
        return len(waiting)

    def _call_back(
        self, commits: Sequence[Commit], callbacks: Sequence[Callable[[Commit], None]]
    ) -> None:
        for commit, callback in zip(commits, callbacks, strict=True):
            callback(commit)
        for follow in self.after_commit:
            follow()

    def send_now(self) -> None:
        """Do nothing: there is nobody to send it to."""

    async def flush(self) -> None:
        """Return when everything written before is committed and called back."""
        if self._manual:
            self.commit()
        elif self._waiting:
            done = anyio.Event()
            self.write((), lambda _: done.set())
            await done.wait()

    def statistics(self) -> JournalStatistics:
        """Return how the journal is doing."""
        old = self._statistics
        return JournalStatistics(
            commits=old.commits,
            writes=old.writes,
            records=old.records,
            waiting=len(self._waiting),
            newest_commit_writes=old.newest_commit_writes,
            trouble=self.trouble is not None,
        )

    async def _commit_soon(self) -> None:
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            self.commit()
