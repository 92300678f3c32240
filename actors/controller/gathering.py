"""Data that comes in small pieces, made into blocks: each costs the disk and the daemon alike.

Rule 1. Pure: the caller says when the time is over that a piece may wait for others.
Rule 2. What was handed over under one name keeps its order, for what comes later counts.
Rule 3. What is said of the data, how far it is, comes behind it.
Rule 4. Only neighbours are put together, so a block's first spot says where all of it belongs.
"""

from __future__ import annotations

from typing import Final

from stationd.actors.line.facts import BlockCame, ProgressMade

SECONDS: Final = 0.01
"""A piece waits for others for so long at most. It is as much as a controller that dies may lose
of what its driver has handed over."""
LARGE_BYTES: Final = 64 * 1024
"""Of a block that needs no others, and of what is put together."""

_Kind = tuple[int, str, int, str, tuple[int, ...]]


class _Piece:
    """A block that grows."""

    __slots__ = ("first", "parts", "rows", "size")

    def __init__(self, came: BlockCame) -> None:
        self.first = came
        self.parts = [came.data]
        self.rows = came.shape[0]
        self.size = len(came.data)

    def joins(self, came: BlockCame) -> bool:
        return came.offset == self.first.offset + self.rows and self.size < LARGE_BYTES

    def join(self, came: BlockCame) -> None:
        self.parts.append(came.data)
        self.rows += came.shape[0]
        self.size += len(came.data)

    def block(self) -> BlockCame:
        first = self.first
        if len(self.parts) == 1:
            return first
        shape = (self.rows, *first.shape[1:])
        data = b"".join(self.parts)
        return BlockCame(
            first.number, first.name, first.item, first.offset, first.dtype, shape, data
        )


class Gathering:
    """Pieces that wait for their neighbours."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._newest: dict[_Kind, _Piece] = {}
        self._progress: ProgressMade | None = None

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def follow(self, progress: ProgressMade) -> None:
        """Let word of how far it is wait for the data that it is about."""
        self._progress = progress

    def add(self, came: BlockCame) -> list[BlockCame | ProgressMade]:
        """Let a piece wait for others.

        Returns:
            What is not to wait any more; all there is, with a large piece at its end.
        """
        if len(came.data) >= LARGE_BYTES:
            return [*self.take(), came]
        kind = came.number, came.name, came.item, came.dtype, came.shape[1:]
        newest = self._newest.get(kind)
        if newest is not None and newest.joins(came):
            newest.join(came)
        else:
            self._newest[kind] = newest = _Piece(came)
            self._pieces.append(newest)
        return []

    def take(self) -> list[BlockCame | ProgressMade]:
        """Return what has waited, as few blocks as it can be, in the order in which they began."""
        pieces, self._pieces, self._newest = self._pieces, [], {}
        progress, self._progress = self._progress, None
        return [*(piece.block() for piece in pieces), *([] if progress is None else [progress])]
