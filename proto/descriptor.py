"""A descriptor that is waited for again and again, on asyncio (with and without uvloop) and trio.

anyio tells a loop anew what it is to watch each time that somebody waits. Of asyncio's loops that
takes a dozen system calls, for something that happens at every message. So there a descriptor
stays watched for as long as somebody waits for it whenever it becomes readable.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    import asyncio


class Descriptor:
    """A descriptor. One task at a time waits for it.

    Args:
        number: The descriptor's; whoever made it closes it, after `forget`.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._watching: asyncio.AbstractEventLoop | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_elsewhere = False

    @property
    def is_watched(self) -> bool:
        """Whether a loop of asyncio watches it now."""
        return self._watching is not None

    async def readable(self) -> None:
        """Wait until it is readable, or was a moment ago: whoever waits looks for themselves."""
        loop = _running_loop()
        if loop is None:
            await self._readable_elsewhere()
            return
        if self._watching is not loop:
            self.forget()
            loop.add_reader(self._number, self._seen)
            self._watching = loop
        self._waiter = loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _readable_elsewhere(self) -> None:
        self._is_elsewhere = True
        try:
            # A scope to cancel would take as long as all the rest.
            with suppress(anyio.ClosedResourceError):
                await anyio.wait_readable(self._number)
        finally:
            self._is_elsewhere = False

    def wake(self) -> None:
        """Wake whoever waits, as if it were readable."""
        if self._is_elsewhere:
            anyio.notify_closing(self._number)
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def forget(self) -> None:
        """Let the loop watch it no more."""
        loop, self._watching = self._watching, None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._number)

    def _seen(self) -> None:
        if self._waiter is None:
            # Nobody empties it now, and the loop would go on to say that it is full.
            self.forget()
        else:
            self.wake()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop of asyncio that runs; None on trio."""
    # Who has not imported it runs none, and need not import it for this.
    module = sys.modules.get("asyncio")
    if module is None:
        return None
    try:
        loop: asyncio.AbstractEventLoop = module.get_running_loop()
    except RuntimeError:
        return None
    return loop
