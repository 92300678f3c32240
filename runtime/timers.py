"""What happens at a given time: deadlines of jobs, and the bounds of what is being ended."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable


_MOST_STALE: Final = 1_000
"""Timers that stay in the heap for nothing, beside as many as there are of the others."""


class Timers:
    """Calls back when a time has come, in the event loop; one timer for each key."""

    def __init__(self) -> None:
        self._due: dict[Hashable, int] = {}
        # What has been cancelled or set anew stays in the heap and is skipped when its time comes;
        # but not all of it: a job may take a day, and be over in a millisecond.
        self._heap: list[tuple[float, int, Hashable, Callable[[], None]]] = []
        self._numbers = count()
        self._sooner = anyio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: Hashable, seconds: float, call: Callable[[], None]) -> None:
        """Call back after some seconds, and not when an earlier timer of the same key says.

        Args:
            key: What the timer is for.
            seconds: From now; what is past is called in the next turn.
            call: Must not raise.
        """
        number = next(self._numbers)
        self._due[key] = number
        when = anyio.current_time() + max(0.0, seconds)
        if not self._heap or when < self._heap[0][0]:
            self._sooner.set()
        heappush(self._heap, (when, number, key, call))
        if len(self._heap) > 2 * len(self._due) + _MOST_STALE:
            self._tidy()

    def cancel(self, key: Hashable) -> None:
        """Forget a timer, if there is one."""
        self._due.pop(key, None)

    async def run(self) -> None:
        """Call back for ever."""
        while True:
            self._sooner = anyio.Event()
            self._call_due()
            if not self._heap:
                await self._sooner.wait()
                continue
            with anyio.move_on_after(self._heap[0][0] - anyio.current_time()):
                await self._sooner.wait()

    def _call_due(self) -> None:
        now = anyio.current_time()
        while self._heap and (self._heap[0][0] <= now or self._is_stale()):
            _, number, key, call = heappop(self._heap)
            if self._due.get(key) == number:
                del self._due[key]
                call()

    def _is_stale(self) -> bool:
        _, number, key, _ = self._heap[0]
        return self._due.get(key) != number

    def _tidy(self) -> None:
        """Let go of all that is skipped; so often that it costs each timer next to nothing."""
        self._heap = [timer for timer in self._heap if self._due.get(timer[2]) == timer[1]]
        heapify(self._heap)
