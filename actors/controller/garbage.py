"""How a controller looks for cycles of objects that nobody holds any more.

While it looks, no thread of the process goes on: the instrument's would wait between two tickets.
So what is there when the driver stands is looked through no more, and the rest seldom.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import anyio

YOUNG: Final = 10_000
"""Objects that are looked through at once."""


async def settle(ready: anyio.Event) -> None:
    """Look for cycles as said above, once the driver stands; while it starts nobody does."""
    await ready.wait()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
    gc.enable()
