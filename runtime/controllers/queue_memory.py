"""What the queue must not forget when the station starts again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import msgspec
from msgspec import Struct

from stationd.proto.error import JournalClosed
from stationd.runtime.journal.records import QueueNoted
from stationd.runtime.queue.gates import Gate, Lock, Reservation

if TYPE_CHECKING:
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.queue.queue import Queue

KEEP_EVERY: Final = 10.0
"""Seconds between two notes of what projects have used; what was used since is lost in a crash."""


class Use(Struct, frozen=True):
    """What a project has used."""

    seconds: float
    at_unix_s: float
    """The time that this is of."""


async def remember(queue: Queue, journal: Journal, clock: Clock) -> None:
    """Take up what an earlier daemon has noted: gates, locks, reservations and use."""
    now = clock.time()
    over: list[QueueNoted] = []
    for note in await journal.queue_notes():
        data = note.data or "{}"
        match note.kind:
            case "gate":
                queue.set_gate(note.name, msgspec.json.decode(data, type=Gate), now)
            case "lock":
                queue.set_lock(note.name, msgspec.json.decode(data, type=Lock), now)
            case "reservation":
                reservation = msgspec.json.decode(data, type=Reservation)
                queue.reserve(reservation, now)
                if reservation.to_unix_s <= now:
                    over.append(QueueNoted(note.kind, note.name, None))
            case _:
                use = msgspec.json.decode(data, type=Use)
                queue.shares.recall(note.name, use.seconds, now, use.at_unix_s)
    if over:
        journal.write(over, lambda _commit: None)


async def keep(queue: Queue, journal: Journal, clock: Clock) -> None:
    """Note for ever what projects have used."""
    noted: dict[str, float] = {}
    while True:
        await anyio.sleep(KEEP_EVERY)
        if journal.trouble is None:
            try:
                noted = note(queue, journal, clock.time(), noted)
            except JournalClosed:
                return


def note(
    queue: Queue, journal: Journal, now_unix_s: float, noted: dict[str, float]
) -> dict[str, float]:
    """Note what projects have used since the last time.

    Args:
        queue: Knows it.
        journal: Where it is noted.
        now_unix_s: The time.
        noted: What this returned the last time.
    """
    used = queue.shares.used()
    records: list[QueueNoted] = [
        QueueNoted("use", project, _json(Use(seconds, now_unix_s)))
        for project, seconds in used.items()
        if seconds > noted.get(project, 0.0)
    ]
    records += [QueueNoted("use", project, None) for project in noted.keys() - used.keys()]
    if records:
        journal.write(records, lambda _commit: None)
    return used


def _json(value: Struct) -> str:
    return msgspec.json.encode(value).decode()
