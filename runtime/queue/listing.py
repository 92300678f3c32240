"""The queue as it stands, for people to look at."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from stationd.proto.job import JobId
from stationd.proto.queue_requests import QueueEntry, QueueState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from stationd.runtime.queue.entry import Entry
    from stationd.runtime.queue.lane import Lane
    from stationd.runtime.queue.queue import Queue
    from stationd.runtime.queue.ranked import Order


def listing(queue: Queue, controllers: tuple[str, ...], limit: int) -> list[QueueEntry]:
    """Return what is at the controllers, then what waits, in the order in which it would go.

    Then comes what is held or is not to begin yet, in the order of submission.

    Args:
        queue: The queue.
        controllers: Only jobs that need any of these.
        limit: The most to return.
    """
    return [*islice(_entries(queue, controllers), limit)]


def unnamed(entry: QueueEntry) -> QueueEntry:
    """Return a place in the queue without the job that has it."""
    return QueueEntry(job=JobId(""), number=0, state=entry.state, controllers=entry.controllers)


def _entries(queue: Queue, controllers: tuple[str, ...]) -> Iterator[QueueEntry]:
    out = [out for out in queue.tickets() if not set(out.entry.claims).isdisjoint(controllers)]
    for ticket in sorted(out, key=lambda ticket: (not ticket.began, ticket.order)):
        yield _shown(ticket.entry, "running" if ticket.began else "in_line")
    lanes = queue.lanes(controllers)
    for *_, number, is_open in merge(*(_orders(queue, lane) for lane in lanes)):
        waiter = queue.waiter(number)
        if waiter is not None:
            yield _shown(waiter.entry, "waiting" if is_open else "closed")
    aside = [one.entry for one in queue.waiters() if one.lane is None]
    for entry in sorted(aside, key=lambda entry: entry.number):
        if not set(entry.claims).isdisjoint(controllers):
            yield _shown(entry, "held" if entry.held else "early")


def _orders(queue: Queue, lane: Lane) -> Iterable[tuple[Order, int, bool]]:
    for order in lane.jobs:
        yield queue.heads.effective(order, lane.share), order[3], lane.open


def _shown(entry: Entry, state: QueueState) -> QueueEntry:
    return QueueEntry(
        job=JobId(entry.job),
        number=entry.number,
        state=state,
        controllers=entry.claims,
        project=entry.project,
        priority=entry.priority,
        since_unix_s=entry.since_unix_s,
        not_before=entry.not_before,
        moved=entry.place is not None,
    )
