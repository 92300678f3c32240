"""Working up raw data that a worker reads from the journal itself.

Large data comes in block by block and is written down at once; were it read back into the
daemon, to be handed on to a worker, a result would take its size there, twice.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.actors.stages.post_process import ItemOutcome, PostProcessRequest, post_process
from stationd.actors.stages.raw_data import RawBlock
from stationd.proto.error import StorageTrouble
from stationd.proto.instruments_protocol import Data
from stationd.runtime.journal.queries.data import Blocks
from stationd.runtime.journal.reader import connect

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
    attempt: int
    """The one that the data is of."""


def post_process_stored(stored: StoredData) -> list[ItemOutcome]:
    """Read an attempt's blocks and do as `post_process` does. Belongs into a worker.

    Raises:
        StorageTrouble: The disk is full or fails: to be done again in a while.
    """
    try:
        blocks = tuple(_blocks(stored))
    except sqlite3.Error as error:
        raise StorageTrouble(f"raw data cannot be read: {error}") from error
    return post_process(msgspec.structs.replace(stored.request, blocks=blocks))


def _blocks(stored: StoredData) -> Iterator[RawBlock]:
    after, more = ("", -1), True
    with closing(connect(Path(stored.database))) as database:
        while more:
            # In pages, and none of them keeps the journal from being tidied for long.
            page, more = Blocks(stored.number, stored.attempt, after).answer(database)
            for block in page:
                yield RawBlock(block.controller, _HEADER.decode(block.header), block.data)
            if page:
                after = page[-1].controller, page[-1].index
