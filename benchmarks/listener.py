"""Clients that listen to all jobs: ``python -m benchmarks.listener ENDPOINT NUMBER EVENTS LOOK``.

Each has a connection of its own, and counts what it is told. LOOK is ``ends`` for those that look
at the first and the last fact of a frame, ``each`` for those that look at every one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio
import msgspec

from stationd.client.connection.connection import Connection
from stationd.proto.codec import REPLIES
from stationd.proto.jobs_protocol import Events, FeedEvent, Snapshot

SILENCE: Final = 30.0
"""Seconds without anything new after which a listener gives up."""


def _ends(events: Sequence[FeedEvent]) -> Sequence[FeedEvent]:
    """Return the first and the last; of one alone, only that."""
    return events if len(events) == 1 else (events[0], events[-1])


def _each(events: Sequence[FeedEvent]) -> Sequence[FeedEvent]:
    return events


LOOKS: Final[Mapping[str, Callable[[Sequence[FeedEvent]], Sequence[FeedEvent]]]] = {
    "ends": _ends,
    "each": _each,
}


@dataclass(frozen=True, slots=True)
class Errand:
    """What the listeners of this process are to do."""

    endpoint: str
    listeners: int
    events: int
    """How many each is to hear."""
    look: str


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
    """Facts that were looked at and were not newer than the one before."""
    ages: dict[int, float] = field(default_factory=dict[int, float])
    """By sequence number: seconds from the fact to the last listener that has it."""


async def main(errand: Errand) -> None:
    """Say ``ready`` when all listen, and ``done`` with figures when all have heard all."""
    heard = Heard()
    async with anyio.create_task_group() as tasks:
        for number in range(errand.listeners):
            tasks.start_soon(_listen, errand, heard, number == 0)
    print("done", msgspec.json.encode(_figures(heard)).decode(), flush=True)


async def _listen(errand: Errand, heard: Heard, weighs: bool) -> None:  # noqa: FBT001 - one does
    connection = Connection(errand.endpoint, connect_wait=60.0)
    looked_at = LOOKS[errand.look]
    stream = connection.listen(None)
    left, newest = errand.events, 0
    while left > 0:
        with anyio.move_on_after(SILENCE) as patience:
            frame = await stream.receive()
        if patience.cancelled_caught:
            break  # what is missing by now is lost, and is counted as such
        if isinstance(frame, Snapshot):
            heard.ready += 1
            if heard.ready == errand.listeners:
                print("ready", flush=True)
        if not isinstance(frame, Events):
            continue
        if weighs:
            heard.weighed += 1
            heard.weight += len(REPLIES.encode(Events(frame.request, tuple(frame.events))))
        for event in looked_at(frame.events):
            heard.disordered += event.entry.seq <= newest
            newest = event.entry.seq
        last = frame.events[-1].entry
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
    _, _endpoint, _listeners, _events, _look = sys.argv
    _errand = Errand(_endpoint, int(_listeners), int(_events), _look)
    anyio.run(main, _errand, backend_options={"use_uvloop": True})
