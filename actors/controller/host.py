"""What a controller gets from the host that it runs on: clocks and threads.

Simulations bring another one, in which time is virtual and nothing runs in a thread.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread

from stationd.actors.controller.execution_thread import ExecutionThread, Word
from stationd.actors.controller.threads import Inbox
from stationd.actors.ledger.ledger import Committed

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.actors.driver import Driver

T = TypeVar("T")

Message = Word | Committed
"""What the instrument's and the ledger's threads tell the loop."""


class Host:
    """The machine's own clocks and threads."""

    def time(self) -> float:
        """Return Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def in_thread(self, function: Callable[[], T]) -> T:
        """Call what may block."""
        return await anyio.to_thread.run_sync(function)

    def inbox(self) -> Inbox[Message]:
        """Return where threads tell the loop something."""
        return Inbox()

    def instrument(
        self,
        make: Callable[[], Driver],
        mark_started: Callable[[int], None],
        tell: Callable[[Message], None],
        tell_soon: Callable[[Message], None],
    ) -> ExecutionThread:
        """Return the instrument's thread, not started yet; see `ExecutionThread`."""
        return ExecutionThread(make, mark_started, tell, tell_soon)
