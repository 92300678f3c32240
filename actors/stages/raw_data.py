"""Raw data as controllers send it: blocks, their arrays, and where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from stationd.proto.instruments_protocol import Data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Key = tuple[str, int]
"""The place of a block among the others of its attempt."""

FIRST: Final[Key] = ("", 0)
LAST: Final[Key] = (chr(0x10FFFF), 2**62)


class BadData(Exception):
    """Raw data that no result can be built of. Becomes the item's error."""


class BlockHead(Struct, frozen=True):
    """A block of raw data, but for the data itself."""

    key: Key
    controller: str
    header: Data
    size_bytes: int
    """Of the data."""


class RawBlock(Struct, frozen=True):
    """One block of raw data, as it is stored."""

    controller: str
    header: Data
    data: bytes


class RawData(Protocol):
    """All raw data of an attempt, which need not be in memory."""

    def heads(self) -> Iterator[BlockHead]:
        """Go through all blocks, in the order of their keys."""
        ...

    def blocks(self, first: Key = FIRST, last: Key = LAST) -> Iterator[RawBlock]:
        """Go through the blocks from one on to another one, a few in memory at a time."""
        ...


class DataInMemory:
    """Raw data that is in memory.

    Args:
        blocks: In any order; their keys are their places in it.
    """

    def __init__(self, blocks: Sequence[RawBlock]) -> None:
        self._blocks = blocks

    def heads(self) -> Iterator[BlockHead]:
        """See `RawData.heads`."""
        for place, block in enumerate(self._blocks):
            yield BlockHead(("", place), block.controller, block.header, len(block.data))

    def blocks(self, first: Key = FIRST, last: Key = LAST) -> Iterator[RawBlock]:
        """See `RawData.blocks`."""
        end = None if last == LAST else last[1] + 1
        yield from self._blocks[first[1] : end]


def described(controller: str, header: Data) -> str:
    """Return what a block is called when something is wrong with it."""
    return f"block {header.index} ({header.name!r}) of {controller!r}"


def check_fits(block: RawBlock | BlockHead, length: int) -> None:
    """Raise `BadData` unless a block lies within an array of some length."""
    header = block.header
    last = header.offset + header.shape[0]
    if last > length:
        raise BadData(
            f"{described(block.controller, header)} reaches to {last:,}, and only {length:,} were"
            " asked for"
        )
