"""Blocks of raw data as arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from stationd.actors.stages.raw_data import BadData, described

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stationd.actors.stages.raw_data import RawBlock
    from stationd.proto.instruments_protocol import Data

_KINDS: Final = "biufcSU"
"""Kinds of numpy types that are plain values; objects and records are refused."""


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
            f"{described(controller, header)} is of the unknown type {header.dtype[:40]!r}"
        )
    sane = bool(header.shape) and min(header.shape) >= 0 and header.offset >= 0
    if not sane or math.prod(header.shape) * dtype.itemsize != size_bytes:
        raise BadData(
            f"{described(controller, header)} has {size_bytes:,} bytes, which are not"
            f" {header.shape} of {header.dtype}"
        )
    return dtype
