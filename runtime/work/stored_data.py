"""Working up raw data that a worker reads from the journal itself.

Large data comes in block by block and is written down at once. A worker goes through it in
pages and writes each to its place in the result: nobody ever has all of it in memory.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.actors.stages.raw_data import FIRST, LAST, BlockHead, Key, RawBlock
from stationd.actors.stages.requests import ItemOutcome, PostProcessRequest
from stationd.proto.error import StorageTrouble
from stationd.proto.instruments_protocol import Data
from stationd.runtime.journal.queries.data import Blocks, block_heads
from stationd.runtime.journal.reader import connect
from stationd.runtime.work.heavy import post_process

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER: Final = msgspec.msgpack.Decoder(Data)


class StoredData(Struct, frozen=True, kw_only=True):
    """A request whose blocks are in the journal."""

    request: PostProcessRequest
    """Without blocks."""
    database: str
    number: int
    """The job's."""
    attempts: tuple[int, ...]
    """Those that the data is of: one, or several that went on with a sweep."""


def post_process_stored(stored: StoredData) -> list[ItemOutcome]:
    """Do as `post_process` does with an attempt's blocks. Belongs into a worker.

    Raises:
        StorageTrouble: The disk is full or fails: to be done again in a while.
    """
    try:
        with closing(connect(Path(stored.database))) as database:
            return post_process(stored.request, _StoredBlocks(database, stored))
    except sqlite3.Error as error:
        raise StorageTrouble(f"raw data cannot be read: {error}") from error


class _StoredBlocks:
    """Raw data in the journal, which is read in pages: none keeps it from being tidied for long.

    Args:
        database: The journal's.
        stored: Whose data.
    """

    def __init__(self, database: sqlite3.Connection, stored: StoredData) -> None:
        self._database = database
        self._number = stored.number
        self._attempts = stored.attempts

    def heads(self) -> Iterator[BlockHead]:
        """See `RawData.heads`."""
        for attempt in self._attempts:
            after = _before(FIRST)
            while page := block_heads(self._database, self._number, attempt, after):
                for controller, index, header, size in page:
                    after = controller, index
                    yield BlockHead(after, controller, _HEADER.decode(header), size)

    def blocks(self, first: Key = FIRST, last: Key = LAST) -> Iterator[RawBlock]:
        """See `RawData.blocks`."""
        for attempt in self._attempts:
            yield from self._of(attempt, first, last)

    def _of(self, attempt: int, first: Key, last: Key) -> Iterator[RawBlock]:
        after, more = _before(first), True
        while more:
            query = Blocks(self._number, attempt, after, last)
            page, more = query.answer(self._database)
            for block in page:
                yield RawBlock(block.controller, _HEADER.decode(block.header), block.data)
            if page:
                after = page[-1].controller, page[-1].index


def _before(key: Key) -> Key:
    controller, index = key
    return controller, index - 1
