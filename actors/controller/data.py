"""Arrays of a driver as blocks that fit into messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

MOST_BLOCK_BYTES: Final = 4 * 1024 * 1024
"""The most bytes of an array in one block; a message must hold a block and more."""


def split(values: ArrayLike, offset: int) -> Iterator[tuple[int, str, tuple[int, ...], bytes]]:
    """Cut an array along its first dimension, and copy it: the driver may use it again.

    Args:
        values: At least one dimension; the first counts spots or shots.
        offset: The number of the first spot or shot.

    Yields:
        The number of the block's first spot or shot, its numpy type string, shape and bytes in
        C order.

    Raises:
        ValueError: The values have no dimension to count spots or shots by, or one spot or shot
            is too large.
        TypeError: They are not of plain numbers, text or bytes.

    >>> [(first, shape) for first, _, shape, _ in split(np.zeros((3, 2)), offset=5)]
    [(5, (3, 2))]
    """
    array = np.asarray(values)
    if array.ndim == 0:
        raise ValueError("data needs a first dimension that counts spots or shots")
    if array.dtype.hasobject or array.dtype.names is not None:
        raise TypeError(f"data must be numbers, booleans, text or bytes, not {array.dtype}")
    row_bytes = array.nbytes // len(array) if len(array) else 0
    if row_bytes > MOST_BLOCK_BYTES:
        raise ValueError(
            f"one spot or shot takes {row_bytes:,} bytes; at most {MOST_BLOCK_BYTES:,} fit"
        )
    rows = max(1, MOST_BLOCK_BYTES // max(1, row_bytes))
    for start in range(0, len(array), rows):
        part = array[start : start + rows]
        yield offset + start, array.dtype.str, part.shape, part.tobytes()
