"""A journal that is about to be opened: its directory is locked, and its processes are starting.

A daemon begins with this and then imports all the rest: the processes import meanwhile, one
beside the other, and are at work when they are asked.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from stationd.runtime.journal.child import Child, start_child
from stationd.runtime.journal.lock import take_lock


class Beginning:
    """Both processes, and the lock that lasts as long as one of them or this.

    Args:
        state: The state directory; made if need be. Blocks until it is free.

    Raises:
        AlreadyRunning: Another process holds the directory.
        HostError: The directory cannot be used.
        JournalFailed: A process cannot be started.
    """

    def __init__(self, state: Path) -> None:
        with ExitStack() as stack:
            lock = take_lock(state)
            stack.callback(os.close, lock)
            self.writer: Child = start_child("writer", state, lock)
            stack.callback(self.writer.end)
            # It opens nothing before it is asked: there may be no database yet, or an older one.
            self.reader: Child = start_child("reader", state)
            stack.callback(self.reader.end)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End both processes, and let go of the directory. Blocks; the second time not."""
        self._stack.close()
