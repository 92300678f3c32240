"""Raw data as controllers send it: blocks, their arrays, and where they belong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from msgspec import Struct

from stationd.proto.instruments_protocol import Data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_KINDS: Final = "biufcSU"
"""Kinds of numpy types that are plain values; objects and records are refused."""

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


def block_array(block: RawBlock) -> NDArray[np.generic]:
    """Return a block's array, without copying it.

    Raises:
        BadData: The header does not describe the bytes.
    """
    dtype = block_type(block.controller, block.header, len(block.data))
    return np.frombuffer(block.data, dtype).reshape(block.header.shape)


def block_type(controller: str, header: Data, size_bytes: int) -> np.dtype[np.generic]:
    """Return the type of a block's values.

    Raises:
        BadData: The header does not describe so many bytes.
    """
    try:
        dtype = np.dtype(header.dtype)
    except (TypeError, ValueError):
        dtype = None
    if dtype is None or dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise BadData(
            f"{_described(controller, header)} is of the unknown type {header.dtype[:40]!r}"
        )
    sane = bool(header.shape) and min(header.shape) >= 0 and header.offset >= 0
    if not sane or math.prod(header.shape) * dtype.itemsize != size_bytes:
        raise BadData(
            f"{_described(controller, header)} has {size_bytes:,} bytes, which are not"
            f" {header.shape} of {header.dtype}"
        )
    return dtype


def _described(controller: str, header: Data) -> str:
    return f"block {header.index} ({header.name!r}) of {controller!r}"


def check_fits(block: RawBlock | BlockHead, length: int) -> None:
    """Raise `BadData` unless a block lies within an array of some length."""
    header = block.header
    last = header.offset + header.shape[0]
    if last > length:
        raise BadData(
            f"{_described(block.controller, header)} reaches to {last:,}, and only {length:,} were"
            " asked for"
        )
