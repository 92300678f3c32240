"""Clients that listen to all jobs: ``python -m benchmarks.listener ENDPOINT LISTENERS EVENTS``.

Each has a connection of its own, and counts what it is told.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Final

import anyio
import msgspec

from stationd.client.connection import Connection
from stationd.proto.codec import REPLIES
from stationd.proto.jobs_protocol import Events, Snapshot

SILENCE: Final = 30.0
"""Seconds without anything new after which a listener gives up."""


@dataclass(slots=True)
class Heard:
    """What the listeners of this process have heard."""

    ready: int = 0
    events: int = 0
    frames: int = 0
    weighed: int = 0
    """Frames of the first listener."""
    weight: int = 0
    """Bytes of these."""
    last: float = 0.0
    """When the last one came, monotonic seconds."""
    disordered: int = 0
    """Frames that were not newer than the one before."""
    ages: dict[int, float] = field(default_factory=dict[int, float])
    """By sequence number: seconds from the fact to the last listener that has it."""


async def main(endpoint: str, listeners: int, events: int) -> None:
    """Say ``ready`` when all listen, and ``done`` with figures when all have heard all."""
    heard = Heard()
    async with anyio.create_task_group() as tasks:
        for number in range(listeners):
            tasks.start_soon(_listen, endpoint, events, heard, listeners, number == 0)
    print("done", msgspec.json.encode(_figures(heard)).decode(), flush=True)


async def _listen(
    endpoint: str,
    events: int,
    heard: Heard,
    listeners: int,
    weighs: bool,  # noqa: FBT001 - one of them does
) -> None:
    connection = Connection(endpoint, connect_wait=60.0)
    stream = connection.listen(None)
    left, newest = events, 0
    while left > 0:
        with anyio.move_on_after(SILENCE) as patience:
            frame = await stream.receive()
        if patience.cancelled_caught:
            break  # what is missing by now is lost, and is counted as such
        if isinstance(frame, Snapshot):
            heard.ready += 1
            if heard.ready == listeners:
                print("ready", flush=True)
        if not isinstance(frame, Events):
            continue
        if weighs:
            heard.weighed += 1
            heard.weight += len(REPLIES.encode(Events(frame.request, tuple(frame.events))))
        first, last = frame.events[0].entry, frame.events[-1].entry
        heard.disordered += first.seq <= newest
        newest = last.seq
        left -= len(frame.events)
        heard.frames += 1
        heard.events += len(frame.events)
        heard.last = time.monotonic()
        heard.ages[last.seq] = time.time() - last.time_unix_s
    await connection.aclose()


def _figures(heard: Heard) -> dict[str, float]:
    figures = {
        "events": heard.events,
        "frames": heard.frames,
        "bytes a frame": heard.weight / max(1, heard.weighed),
        "last": heard.last,
        "disordered": heard.disordered,
    }
    return figures | {f"age {seq}": age for seq, age in heard.ages.items()}


if __name__ == "__main__":
    anyio.run(
        main, sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), backend_options={"use_uvloop": True}
    )
