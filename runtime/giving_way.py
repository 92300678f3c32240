"""How work that comes in thousands leaves others their turn of the loop.

Rule 1. Whoever has much to do does it in parts of a millisecond, and gives way in between.
Rule 2. Those who have just come go first: a part is the most that anybody waits for.
Rule 3. Other processes have their turn, too. Left to itself, the kernel takes a core away from
        who is busy no sooner than at its next tick, which is 4 ms where it ticks 250 times a
        second: so long a controller would wait that has just been woken, or who pings.
"""

from __future__ import annotations

import os
from typing import Final

from anyio.lowlevel import checkpoint

PART_SECONDS: Final = 0.001
"""Of work, after which others have their turn. With half of that what commits lead to travels in
smaller frames, which takes a twelfth more of the processor for each job, and pings gain nothing."""


async def give_way() -> None:
    """Let all others have their turn, those too of whom the loop has not heard yet.

    One checkpoint is for those who are ready. Only then does the loop look what has come from
    outside, and on asyncio that would stand behind our next part; the second one is for that.
    """
    os.sched_yield()
    await checkpoint()
    await checkpoint()
