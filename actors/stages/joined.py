"""Raw data of several attempts at a sweep, as if it were of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from stationd.actors.stages.raw_data import FIRST, LAST
from stationd.proto.number import MOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stationd.actors.stages.raw_data import BlockHead, Key, RawBlock, RawData
    from stationd.actors.stages.stretches import Range, Stretch
    from stationd.proto.instruments_protocol import Data


class Joined:
    """All blocks of some attempts, cut down to the spots that are each one's own.

    Args:
        data: All blocks of all attempts.
        found: Which spots are of which.
    """

    def __init__(self, data: RawData, found: Sequence[Stretch]) -> None:
        self._data = data
        self._of = {one.attempt: (one.first, one.end) for one in found}
        if found:
            # What reaches beyond the sweep is for others to refuse.
            self._of[found[-1].attempt] = (found[-1].first, MOST)

    def heads(self) -> Iterator[BlockHead]:
        """See `RawData.heads`."""
        for head in self._data.heads():
            kept = self._kept(head.header)
            if kept is None:
                continue
            rows = _rows(head.header)
            size = head.size_bytes // rows * (kept[1] - kept[0])
            yield (
                head
                if kept == (0, rows)
                else replace(head, header=_cut(head.header, kept), size_bytes=size)
            )

    def blocks(self, first: Key = FIRST, last: Key = LAST) -> Iterator[RawBlock]:
        """See `RawData.blocks`."""
        for block in self._data.blocks(first, last):
            kept = self._kept(block.header)
            if kept is None:
                continue
            rows = _rows(block.header)
            row = len(block.data) // rows
            yield (
                block
                if kept == (0, rows)
                else replace(
                    block,
                    header=_cut(block.header, kept),
                    data=block.data[kept[0] * row : kept[1] * row],
                )
            )

    def _kept(self, header: Data) -> Range | None:
        """Return which rows of a block count; None if none do."""
        own = self._of.get(header.ticket.attempt)
        if own is None:
            return None
        rows = _rows(header)
        first = max(own[0] - header.offset, 0)
        end = min(own[1] - header.offset, rows)
        return (first, end) if end > first else None


def _rows(header: Data) -> int:
    return header.shape[0] if header.shape else 0


def _cut(header: Data, kept: Range) -> Data:
    shape = (kept[1] - kept[0], *header.shape[1:])
    return replace(header, offset=header.offset + kept[0], shape=shape)
