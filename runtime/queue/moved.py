"""Where jobs stand that people have put before others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.runtime.queue.entry import Place, place_before

if TYPE_CHECKING:
    from stationd.runtime.queue.entry import Entry
    from stationd.runtime.queue.ranked import Order


class Moved:
    """The places of moved jobs, by the job that they were first put before."""

    def __init__(self) -> None:
        self._beside: dict[int, set[Order]] = {}

    def add(self, entry: Entry, order: Order) -> None:
        """Know where a job stands, if it was moved."""
        if entry.place is not None:
            self._beside.setdefault(entry.place.beside, set()).add(order)

    def forget(self, entry: Entry, order: Order) -> None:
        """Let go of where a job stood, if it was moved."""
        if entry.place is None:
            return
        beside = self._beside[entry.place.beside]
        beside.discard(order)
        if not beside:
            del self._beside[entry.place.beside]

    def before(self, order: Order, share: str) -> Place:
        """Return the place just before a job.

        Args:
            order: The job's.
            share: Its share.
        """
        return place_before(order, share, self._beside.get(order[1], ()))
