"""How the daemon looks for cycles of objects that nobody holds any more.

Rule 1. Young objects are looked through a few thousand at a time: that stops the loop for less
        than a millisecond.
Rule 2. What survives is not looked through again: a job that waits is hundreds of objects, and
        to go through those of all jobs takes longer the more of them there are.
Rule 3. Now and then, when nothing is under way, everything is looked through, for survivors may
        have made a cycle. A short job makes hundreds of objects and hardly ever one.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

YOUNG: Final = 5_000
"""Objects that are looked through at once."""
REST_SECONDS: Final = 3_600.0
"""Between two looks at everything."""
MOST_RESTS: Final = 24
"""After so many, everything is looked through although something is under way."""


def settle() -> None:
    """Look for cycles as the rules say, from now on; while a daemon starts nobody does.

    What is there survives: to look it through would be the longest step of a start, for a few
    hundred objects of forty thousand, and longer with every job that has not ended.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
    gc.enable()
    if _keep not in gc.callbacks:
        gc.callbacks.append(_keep)


async def look_through(idle: Callable[[], bool]) -> None:
    """Look through everything now and then, for ever.

    Args:
        idle: Tells whether nothing is under way.
    """
    while True:
        for _ in range(MOST_RESTS):
            await anyio.sleep(REST_SECONDS)
            if idle():
                break
        gc.unfreeze()
        gc.collect()


def _keep(phase: str, _info: Mapping[str, int]) -> None:
    """Take what has survived for good."""
    if phase == "stop":
        gc.freeze()
