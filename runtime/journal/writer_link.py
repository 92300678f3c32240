"""The daemon's side of the writer: writes out, callbacks in."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

import anyio
import msgspec

from stationd.proto.error import JournalClosed, JournalFailed
from stationd.runtime.giving_way import PART_SECONDS, give_way
from stationd.runtime.histogram import PlainHistogram
from stationd.runtime.journal.child import PATIENCE, Child
from stationd.runtime.journal.interface import (
    COMMIT_RECORDS,
    COMMIT_SECONDS,
    Commit,
    JournalStatistics,
    Opening,
)
from stationd.runtime.journal.pipe import framed
from stationd.runtime.journal.records import Record
from stationd.runtime.journal.writer import (
    Committed,
    Failed,
    Healed,
    Migrating,
    Opened,
    Report,
    Trouble,
)
from stationd.runtime.notification import notify

_log = logging.getLogger(__name__)

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[Report]] = msgspec.msgpack.Decoder(Report)
_EXTEND_EVERY: Final = 5.0
"""Seconds between the assurances, while the journal is being opened, that it is."""
_SENT_TOGETHER_BYTES: Final = 256 * 1024
"""As much as is sent with one call to the kernel, about."""


class WriterLink:
    """Sends writes to the writer, all of one turn of the loop at once, and calls back.

    Args:
        writer: The process.
    """

    trouble: str | None = None
    """What is wrong with the storage."""

    def __init__(self, writer: Child) -> None:
        self.turned = anyio.Event()
        """Set, and replaced, when `trouble` changes."""
        self.after_commit: list[Callable[[], None]] = []
        """See `Journal.after_commit`."""
        self._pipe = writer.pipe
        self._pid = writer.pid
        self._outbox = deque[bytes]()
        self._callbacks = deque[Callable[[Commit], None]]()
        self._wake = anyio.Event()
        self._closed = False
        self._sending = False
        self._over = anyio.Event()
        self._scope = anyio.CancelScope(shield=True)
        self._commits = self._writes = self._records = 0
        self._newest = Committed([], {}, 0, 0.0)
        self._seconds = PlainHistogram(COMMIT_SECONDS)
        self._sizes = PlainHistogram(COMMIT_RECORDS)

    async def opened(self) -> Opening:
        """Wait until the journal is open. To be called once, before `run`.

        Raises:
            JournalFailed: It cannot be opened; the message says why.
        """
        while True:
            opening: Opening | None = None
            with anyio.move_on_after(_EXTEND_EVERY):
                for report in await self._reports():
                    if isinstance(report, Opened):
                        opening = report.opening
                    else:
                        # Also what came with it: a disk that is full from the first.
                        self._take(report)
            if opening is not None:
                return opening
            # A service manager would take a long migration for a daemon that does not start.
            notify(f"EXTEND_TIMEOUT_USEC={round(3 * _EXTEND_EVERY * 1_000_000)}")

    def write(self, records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        """Store records soon; see `Journal.write`."""
        if self._closed:
            raise JournalClosed("the journal is closed")
        self._outbox.append(framed(_ENCODER.encode(records)))
        self._callbacks.append(committed)
        self._wake.set()

    def send_now(self) -> None:
        """Send what has been written in this turn of the loop; see `Journal.send_now`."""
        # Not raw data, which would be copied if not all of it is taken.
        if self._sending or not self._outbox or len(self._outbox[0]) >= _SENT_TOGETHER_BYTES:
            return
        rest = self._pipe.send_nowait(self._next())
        if rest:
            self._outbox.appendleft(rest)

    async def flush(self) -> None:
        """Wait until all is durable; see `Journal.flush`."""
        if self._callbacks:
            done = anyio.Event()
            self.write((), lambda _: done.set())
            await done.wait()

    async def run(self) -> None:
        """Send writes and call back, until `aclose`. Is not cancelled by what surrounds it.

        Raises:
            JournalFailed: The writer failed or died. No more callbacks come.
        """
        try:
            with self._scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._send)
                    await self._receive()
                    tasks.cancel_scope.cancel()
            if self._callbacks:
                raise JournalFailed(_DEAD)
        finally:
            self._closed = True
            self._over.set()

    async def aclose(self) -> None:
        """Wait, but not for ever, until all is durable and called back; then `run` ends."""
        self._closed = True
        self._wake.set()
        with anyio.CancelScope(shield=True), anyio.move_on_after(PATIENCE):
            await self._over.wait()
        self._scope.cancel()

    def statistics(self) -> JournalStatistics:
        """Return how the writer is doing."""
        return JournalStatistics(
            commits=self._commits,
            writes=self._writes,
            records=self._records,
            waiting=len(self._callbacks),
            newest_commit_writes=len(self._newest.first_seqs),
            newest_commit_seconds=self._newest.seconds,
            commit_seconds=self._seconds,
            commit_records=self._sizes,
            trouble=self.trouble is not None,
            writer_pid=self._pid,
        )

    async def _send(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake = anyio.Event()
                self._sending = True
                while self._outbox:
                    await self._pipe.send(self._next())
                self._sending = False
                if self._closed and not self._outbox:
                    self._pipe.finish()
                    return
        except anyio.BrokenResourceError:
            return  # the writer is gone: whoever receives hears why

    def _next(self) -> bytes:
        """Return what is to be sent together: as a whole, raw data would stand here twice."""
        data = self._outbox.popleft()
        if len(data) >= _SENT_TOGETHER_BYTES or not self._outbox:
            return data
        together = [data]
        room = _SENT_TOGETHER_BYTES - len(data)
        while self._outbox and room > 0:
            data = self._outbox.popleft()
            together.append(data)
            room -= len(data)
        return b"".join(together)

    async def _receive(self) -> None:
        while True:
            try:
                reports = await self._reports()
            except JournalFailed:
                if self._closed:
                    return
                raise
            for report in reports:
                if isinstance(report, Committed):
                    await self._call_back(report)
                else:
                    self._take(report)

    async def _reports(self) -> list[Report]:
        try:
            return [_DECODER.decode(payload) for payload in await self._pipe.receive()]
        except anyio.EndOfStream:
            raise JournalFailed(_DEAD) from None

    def _take(self, report: Report) -> None:
        match report:
            case Failed():
                raise JournalFailed(report.error)
            case Trouble():
                _log.error("%s; no new work is taken, jobs under way go on", report.reason)
                self._turn(report.reason)
            case Healed():
                if self.trouble is not None:
                    _log.info("the storage is in order again, new work is taken")
                self._turn(None)
            case Migrating():
                _log.info("bringing the journal from format %d to %d", report.old, report.new)
            case _:
                raise JournalFailed(_DEAD)

    def _turn(self, trouble: str | None) -> None:
        self.trouble = trouble
        self.turned.set()
        self.turned = anyio.Event()

    async def _call_back(self, report: Committed) -> None:
        self._newest = report
        self._commits += 1
        self._writes += len(report.first_seqs)
        self._records += report.records
        self._seconds.observe(report.seconds)
        self._sizes.observe(report.records)
        known = report.known
        part_ends = perf_counter() + PART_SECONDS
        for index, first_seq in enumerate(report.first_seqs):
            if perf_counter() > part_ends:
                self._follow_up()
                await give_way()
                part_ends = perf_counter() + PART_SECONDS
            callback = self._callbacks.popleft()
            try:
                callback(Commit(first_seq, known.get(index) or {}))
            except JournalClosed:
                # What it would write now is for the next daemon; the others are to be told.
                if not self._closed:
                    raise
        self._follow_up()

    def _follow_up(self) -> None:
        for follow in self.after_commit:
            try:
                follow()
            except JournalClosed:
                # As of those who are called back: tickets that go now may have to be written down.
                if not self._closed:
                    raise


_DEAD: Final = (
    "the journal's writer has ended or does not answer any more, and so must this station: what"
    " was acknowledged is durable; the writer's last words are on standard error"
)
