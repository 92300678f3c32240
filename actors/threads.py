"""How threads tell the event loop something: any thread fills the inbox, one task empties it."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

from stationd.proto.descriptor import Descriptor

T = TypeVar("T")


class Inbox(Generic[T]):
    """What threads put in comes out on the event loop, in order, many at a time.

    It wakes the loop through a descriptor, at most once for all that has come since it last
    looked: that works on every loop and costs the thread about a microsecond.
    """

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._heard = Descriptor(self._bell)
        self._rung = False
        self._closed = False

    def put(self, item: T) -> None:
        """Add an item, from any thread. Does nothing once the inbox is closed."""
        self._items.append(item)
        if not self._rung and not self._closed:
            self._rung = True
            os.eventfd_write(self._bell, 1)

    async def receive(self) -> list[T]:
        """Wait until there is something and return all of it."""
        while True:
            await self._heard.readable()
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)
            # From here on whoever adds something rings again; what is in is taken now.
            self._rung = False
            items = self._items
            taken = [items.popleft() for _ in range(len(items))]
            if taken:
                return taken

    def close(self) -> None:
        """Let go of the descriptor; nothing may wait for it any more."""
        self._closed = True
        self._heard.forget()
        os.close(self._bell)
