"""Raw data on its way to the disk: so much at a time, and no more.

Rule. A controller whose data come faster than the disk takes them is not waited for, and need
      not wait. What there is no room for is dropped: it stays in the controller's spool, and is
      collected when the execution has ended, a few blocks at a time, as the disk takes them.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.runtime.journal.interface import Commit, Journal
    from stationd.runtime.journal.records import BlockStored

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of all controllers together; a block that begins to fit is taken."""
_BESIDE_BYTES: Final = 1024
"""What a block takes beside its data."""


class DataRoom:
    """Writes blocks of raw data to the journal, as long as there is room for them.

    Args:
        journal: Where they go.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._taken = 0
        self._waiting: list[Callable[[], None]] = []

    @property
    def full(self) -> bool:
        """Whether there is no room for another block."""
        return self._taken >= MOST_BYTES

    def store(self, block: BlockStored) -> None:
        """Write a block, for which there is room."""
        size = len(block.data) + _BESIDE_BYTES
        self._taken += size
        self._journal.write([block], partial(self._stored, size))

    def when_free(self, ask: Callable[[], None]) -> None:
        """Ask for data now, or once the disk has taken half of what is on its way."""
        if self._taken <= MOST_BYTES // 2:
            ask()
        else:
            self._waiting.append(ask)

    def _stored(self, size: int, _commit: Commit) -> None:
        self._taken -= size
        if self._waiting and self._taken <= MOST_BYTES // 2:
            waiting, self._waiting = self._waiting, []
            for ask in waiting:
                ask()
