"""How threads tell the event loop something: any thread fills the inbox, one task empties it."""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

import anyio

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
        self._looks = False
        self._closed = False

    def put(self, item: T) -> None:
        """Add an item, from any thread. Does nothing once the inbox is closed."""
        self._items.append(item)
        if not self._rung:
            self._ring()

    def put_soon(self, item: T) -> None:
        """Add an item, for which nobody is woken if the loop will look by itself."""
        self._items.append(item)
        # In this order, and the other way round in `_look`: either side sees the other.
        if not self._looks and not self._rung:
            self._ring()

    async def receive(self, within: float | None = None) -> list[T]:
        """Wait until there is something and return all of it.

        Args:
            within: Seconds after which to look, once, for what was put in with `put_soon`;
                whatever else comes is returned at once. None to be woken for everything.
        """
        while True:
            if within is None:
                await self._heard.readable()
            else:
                await self._look(within)
                within = None
            with suppress(BlockingIOError):
                os.eventfd_read(self._bell)
            # From here on whoever adds something rings again; what is in is taken now.
            self._rung = False
            items = self._items
            taken = [items.popleft() for _ in range(len(items))]
            if taken:
                return taken

    async def _look(self, within: float) -> None:
        self._looks = True
        try:
            with anyio.move_on_after(within):
                await self._heard.readable()
        except BaseException:
            # Whoever waits next finds what has come meanwhile.
            self._looks = False
            self._ring()
            raise
        self._looks = False

    def _ring(self) -> None:
        if not self._closed:
            self._rung = True
            os.eventfd_write(self._bell, 1)

    def close(self) -> None:
        """Let go of the descriptor; nothing may wait for it any more."""
        self._closed = True
        self._heard.forget()
        os.close(self._bell)
