"""The daemon's side of the reader: questions out, answers in, and a new reader if one dies."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

import anyio
import msgspec

from stationd.proto.error import ErrorCode, ErrorInfo, JournalClosed, JournalFailed, RequestError
from stationd.runtime.journal.child import Child, child
from stationd.runtime.journal.pipe import Pipe, framed
from stationd.runtime.journal.queries.query import Answer, Query
from stationd.runtime.journal.reader import Answered, Asked, Question

log = logging.getLogger(__name__)

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Answered)
_MOST_DEATHS: Final = 3
"""A question at which this many readers have died is not asked again."""
_SHORTEST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0


class _Pending:
    """A question that has no answer yet."""

    def __init__(self, frame: bytes) -> None:
        self.frame = frame
        self.deaths = 0
        self.over = anyio.Event()
        self.answer: Answered | None = None


class ReaderLink:
    """Asks the reader.

    Args:
        state: The state directory, in which a journal is open.
        program: The module of this package that reads.
        first: A reader that has been started already; ended with the others, or by its owner.
    """

    restarts: int = 0
    """How often a reader has ended by itself."""
    pid: int | None = None
    """The reader's process; None while there is none."""

    def __init__(self, state: Path, program: str = "reader", first: Child | None = None) -> None:
        self._state = state
        self._program = program
        self._first = first
        self._numbers = count(1)
        self._pending: dict[int, _Pending] = {}
        self._outbox: list[bytes] = []
        self._wake = anyio.Event()
        self._closed = False

    async def ask(self, query: Query[Answer]) -> Answer:
        """Return the answer to a question.

        Raises:
            JournalClosed: The daemon is ending.
            JournalFailed: The journal cannot be read.
            RequestError: The question has no meaning for the journal.
        """
        if self._closed:
            raise JournalClosed(_CLOSED)
        number = next(self._numbers)
        asked = Asked(number, cast("Question", query))
        pending = self._pending[number] = _Pending(framed(_ENCODER.encode(asked)))
        self._outbox.append(pending.frame)
        self._wake.set()
        try:
            await pending.over.wait()
        finally:
            del self._pending[number]
        found = pending.answer
        if found is None:
            raise JournalClosed(_CLOSED)
        if found.error is not None:
            raise _exception(found.error)
        return cast("Answer", query.decoder.decode(found.payload))

    async def run(self) -> None:
        """Run readers, one after another, until cancelled.

        Raises:
            JournalFailed: No reader can be started.
        """
        pause = _SHORTEST_PAUSE
        try:
            while True:
                async with self._next() as reader:
                    answered = await self._serve(reader)
                self.restarts += 1
                log.warning(
                    "the journal's %s (process %d) ended; another one is started",
                    self._program,
                    reader.pid,
                )
                self._blame()
                pause = _SHORTEST_PAUSE if answered else min(2 * pause, _LONGEST_PAUSE)
                await anyio.sleep(pause)
        finally:
            self._closed = True
            for pending in self._pending.values():
                pending.over.set()

    @asynccontextmanager
    async def _next(self) -> AsyncGenerator[Child]:
        if self._first is None:
            async with child(self._program, self._state) as reader:
                yield reader
            return
        reader, self._first = self._first, None
        try:
            yield reader
        finally:
            await reader.aend()

    async def _serve(self, reader: Child) -> int:
        """Ask one reader until it dies; return how many answers it gave."""
        self.pid = reader.pid
        answered = 0
        try:
            async with anyio.create_task_group() as tasks:
                self._outbox = [pending.frame for pending in self._pending.values()]
                self._wake.set()
                tasks.start_soon(self._send, reader.pipe)
                while payloads := await _received(reader.pipe):
                    for payload in payloads:
                        self._take(_DECODER.decode(payload))
                        answered += 1
                tasks.cancel_scope.cancel()
        finally:
            self.pid = None
        return answered

    async def _send(self, pipe: Pipe) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake = anyio.Event()
                data = b"".join(self._outbox)
                self._outbox.clear()
                await pipe.send(data)
        except anyio.BrokenResourceError:
            return  # the reader is gone; the next one is asked everything again

    def _take(self, answer: Answered) -> None:
        # Whoever asked may have been cancelled meanwhile.
        if (pending := self._pending.get(answer.number)) is not None:
            pending.answer = answer
            pending.over.set()

    def _blame(self) -> None:
        """Count a death against the question that was being answered: the oldest."""
        for number, pending in self._pending.items():
            if not pending.over.is_set():
                pending.deaths += 1
                if pending.deaths >= _MOST_DEATHS:
                    info = ErrorInfo(ErrorCode.JOURNAL_FAILED, _DEADLY)
                    self._take(Answered(number, msgspec.Raw(b""), info))
                return


async def _received(pipe: Pipe) -> list[bytearray]:
    try:
        return await pipe.receive()
    except anyio.EndOfStream:
        return []


def _exception(info: ErrorInfo) -> Exception:
    kinds: dict[Any, type[RequestError | JournalFailed]] = {ErrorCode.INVALID_REQUEST: RequestError}
    return kinds.get(info.code, JournalFailed)(info)


_CLOSED: Final = "the journal is closed"
_DEADLY: Final = (
    "the journal's reader died of this question again and again; see its standard error"
)
