"""Commits that are tried until they succeed, and what is said meanwhile.

Rule 1. A commit that fails for a reason that may go away keeps its place: nothing overtakes it.
Rule 2. When room is wanted the ballast is given up, and the rest is tried in smaller parts, for
        a little may fit where much does not.
Rule 3. There is trouble while a commit fails or the ballast is missing, and it is told once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from stationd.proto.error import JournalFailed, StorageTrouble
from stationd.runtime.journal.ballast import Ballast
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.records import Record
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.trouble import CommitFailed

SHORTEST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 2.0
LAST_PATIENCE: Final = 5.0
"""How many seconds are tried on when the daemon ends: a new one waits for the lock."""


class Done(NamedTuple):
    """A commit that is durable."""

    commits: list[Commit]
    seconds: float
    """That its last try took."""


class Persistence:
    """Stores writes, however long it takes.

    Args:
        storage: Where to.
        ballast: The room that is given up for them.
        tell: Called when there is trouble, with another reason, or none any more (None).
        ended: Waits for so many seconds; returns whether the daemon will send nothing more.
    """

    trouble: str | None = None
    """What is wrong with the storage."""

    def __init__(
        self,
        storage: Storage,
        ballast: Ballast,
        tell: Callable[[str | None], None],
        ended: Callable[[float], bool],
    ) -> None:
        self._storage = storage
        self._ballast = ballast
        self._tell = tell
        self._ended = ended
        self._pause = SHORTEST_PAUSE
        self._due = 0.0
        self._ends_at: float | None = None

    @property
    def patience(self) -> float:
        """How many seconds until `look` should be called, if there is trouble."""
        return max(0.0, self._due - time.monotonic())

    def commit(self, writes: Sequence[Sequence[Record]]) -> Iterator[Done]:
        """Store writes, in as many commits as it takes, and tell of each.

        Raises:
            JournalFailed: It cannot be done, or the daemon has ended meanwhile and it took too
                long; what was not told is not stored.
        """
        waiting = [*writes]
        most = len(waiting)
        while waiting:
            begun = time.perf_counter()
            try:
                commits = self._storage.commit(waiting[:most])
            except CommitFailed as failed:
                if not self._make_room(failed):
                    most = max(1, most // 2)
                    self._wait(failed)
                continue
            del waiting[: len(commits)]
            yield Done(commits, time.perf_counter() - begun)
            self._ends_at = None
            most = min(2 * most, len(waiting))
            if self.trouble is not None and self.patience == 0.0:
                self.look()

    def look(self) -> None:
        """Take up the room for the ballast, if need be and if there is so much."""
        try:
            self._ballast.make()
        except StorageTrouble as trouble:
            self._say(str(trouble))
            self._put_off()
        else:
            self._pause = SHORTEST_PAUSE
            self._say(None)

    def _make_room(self, failed: CommitFailed) -> bool:
        """Give up the ballast, if that may help."""
        if not (failed.wants_room and self._ballast.drop()):
            return False
        self._say(str(failed))
        self._put_off()
        return True

    def _wait(self, failed: CommitFailed) -> None:
        self._say(str(failed))
        pause = self._pause
        self._put_off()
        if not self._ended(pause):
            return
        now = time.monotonic()
        self._ends_at = self._ends_at or now + LAST_PATIENCE
        if now >= self._ends_at:
            raise JournalFailed(f"what was not acknowledged is given up: {failed}") from failed
        time.sleep(pause)

    def _put_off(self) -> None:
        self._due = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _say(self, trouble: str | None) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._tell(trouble)
