"""Lines on their way to the disk, and answers that wait for them.

Rule 1. Nothing here blocks the loop: a thread writes all that has come since the last time.
Rule 2. An answer that waits for its line is sent when the line is on disk, or could not be
        written: a full disk must not keep anybody from cancelling a job. What could not be
        written is kept for the next time, as far as there is room.
Rule 3. Lines for which nobody waits may come half a second later, and are not flushed.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

import anyio
from anyio import to_thread

from stationd.runtime.audit.answered import Asked, in_words, line_of

if TYPE_CHECKING:
    from stationd.proto.audit_requests import AuditLine, ReadAudit
    from stationd.proto.jobs_protocol import Reply
    from stationd.runtime.audit.files import Files

log = logging.getLogger("stationd.audit")

LAZY_SECONDS: Final = 0.5
MOST_KEPT: Final = 10_000
"""Lines that wait for a disk that does not take them."""

_Entry = tuple[Asked, "Reply", float, int]


class Trail(Protocol):
    """Where the audit log goes."""

    def note(
        self,
        asked: Asked,
        reply: Reply,
        time_unix_s: float,
        left_out: int,
        written: Callable[[], None] | None,
    ) -> None:
        """Take note of a request and its answer.

        Args:
            asked: The request.
            reply: The answer.
            time_unix_s: When.
            left_out: Refusals before it that have no line.
            written: Called once the line is on disk; None if nobody waits for it.
        """
        ...

    async def read(self, request: ReadAudit) -> tuple[tuple[AuditLine, ...], bool]:
        """Return the newest lines that a request is about, and whether there are more."""
        ...


class FileTrail:
    """The audit log in files.

    Args:
        files: The files.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._entries: deque[_Entry] = deque(maxlen=MOST_KEPT)
        self._waiting: list[Callable[[], None]] = []
        self._unwritten: deque[AuditLine] = deque(maxlen=MOST_KEPT)
        self._failing = False
        self._some = anyio.Event()
        self._urgent = anyio.Event()
        self._writing = anyio.Lock()

    def note(
        self,
        asked: Asked,
        reply: Reply,
        time_unix_s: float,
        left_out: int,
        written: Callable[[], None] | None,
    ) -> None:
        """Take note of a request and its answer."""
        self._entries.append((asked, reply, time_unix_s, left_out))
        self._some.set()
        if written is not None:
            self._waiting.append(written)
            self._urgent.set()

    async def read(self, request: ReadAudit) -> tuple[tuple[AuditLine, ...], bool]:
        """Return the newest lines that a request is about, and whether there are more."""
        await self.flush()

        def matches(line: AuditLine) -> bool:
            return request.user in {None, line.user} and request.outcome in {None, line.outcome}

        since = request.since_unix_s or 0.0
        return await to_thread.run_sync(partial(self._files.newest, matches, since, request.limit))

    async def run(self) -> None:
        """Write what comes, for ever."""
        while True:
            await self._some.wait()
            with anyio.move_on_after(LAZY_SECONDS):
                await self._urgent.wait()
            # Here alone, for whoever else writes must not take away what this task waits for.
            self._some, self._urgent = anyio.Event(), anyio.Event()
            await self.flush()

    async def flush(self) -> None:
        """Write all that has come."""
        async with self._writing:
            entries = list(self._entries)
            self._entries.clear()
            waiting, self._waiting = self._waiting, []
            if entries or self._unwritten:
                # Never half a line: whoever ends the daemon waits for the disk once more.
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(self._store, entries, bool(waiting))
        for written in waiting:
            written()

    def _store(self, entries: list[_Entry], durably: bool) -> None:  # noqa: FBT001 - a thread's work
        lines = [line_of(*entry) for entry in entries]
        for line in lines:
            _tell(line)
        self._unwritten.extend(lines)
        try:
            self._files.add(list(self._unwritten), durably=durably)
        except OSError as error:
            if not self._failing:
                log.error(  # noqa: TRY400 - the disk is at fault, not the code
                    "the audit log cannot be written (%s): lines are kept until it can, and stand"
                    " in this log; see to the disk below the station's state directory",
                    error.strerror,
                )
            self._failing = True
            return
        self._unwritten.clear()
        self._failing = False


def _tell(line: AuditLine) -> None:
    """Say it in the daemon's log too, but for submits: the journal has them, and they are many."""
    level = logging.WARNING if line.outcome == "refused" else logging.INFO
    if line.outcome == "done" and line.request in {"Submit", "SubmitMany"}:
        level = logging.DEBUG
    if log.isEnabledFor(level):
        log.log(level, "%s", in_words(line))


@asynccontextmanager
async def written_trail(files: Files) -> AsyncGenerator[FileTrail]:
    """Keep an audit log while the context lasts."""
    trail = FileTrail(files)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(trail.run)
        try:
            yield trail
        finally:
            tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await trail.flush()
