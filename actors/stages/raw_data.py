"""Raw data as controllers send it: blocks, their arrays, and where they belong."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from stationd.proto.instruments_protocol import Data

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS: Final = "biufcSU"
"""Kinds of numpy types that are plain values; objects and records are refused."""


class BadData(Exception):
    """Raw data that no result can be built of. Becomes the item's error."""


class RawBlock(Struct, frozen=True):
    """One block of raw data, as it is stored."""

    controller: str
    header: Data
    data: bytes


def block_array(block: RawBlock) -> NDArray[np.generic]:
    """Return a block's array, without copying it.

    Raises:
        BadData: The header does not describe the bytes.
    """
    header = block.header
    try:
        dtype = np.dtype(header.dtype)
    except (TypeError, ValueError):
        dtype = None
    if dtype is None or dtype.kind not in _KINDS or dtype.itemsize == 0:
        raise BadData(f"{_described(block)} is of the unknown type {header.dtype[:40]!r}")
    sane = bool(header.shape) and min(header.shape) >= 0 and header.offset >= 0
    if not sane or math.prod(header.shape) * dtype.itemsize != len(block.data):
        raise BadData(
            f"{_described(block)} has {len(block.data):,} bytes, which are not"
            f" {header.shape} of {header.dtype}"
        )
    return np.frombuffer(block.data, dtype).reshape(header.shape)


def _described(block: RawBlock) -> str:
    return f"block {block.header.index} ({block.header.name!r}) of {block.controller!r}"


def check_fits(block: RawBlock, length: int) -> None:
    """Raise `BadData` unless a block lies within an array of some length."""
    last = block.header.offset + block.header.shape[0]
    if last > length:
        raise BadData(
            f"{_described(block)} reaches to {last:,}, and only {length:,} were asked for"
        )
