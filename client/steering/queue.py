"""Jobs in the queue: held, let go, moved, and why one stands where it stands; asynchronous.

Whatever is changed here is on the station's disk when the call returns.
"""

from __future__ import annotations

from stationd.client.connection.shared import connection
from stationd.client.references.job import Job, id_of
from stationd.proto.queue_requests import (
    Explanation,
    Hold,
    ListQueue,
    Move,
    Placed,
    Prioritise,
    QueueListing,
    Reason,
    Release,
    Why,
)


async def hold(job: Job) -> Placed:
    """Keep a job in the queue until somebody lets it go, with `release`.

    Raises:
        Conflict: The job has begun, or is over.
        UnknownJob: The station does not know the job.
    """
    return await connection().ask(Hold(0, id_of(job)), Placed)


async def release(job: Job) -> Placed:
    """Let a job go that is held.

    Raises:
        Conflict: The job has begun, or is over.
        UnknownJob: The station does not know the job.
    """
    return await connection().ask(Release(0, id_of(job)), Placed)


async def reprioritise(job: Job, priority: int) -> Placed:
    """Give a job another priority. If it was moved, it goes back to its place.

    Args:
        job: The job.
        priority: -1000 to 1000; the higher goes first.

    Raises:
        Conflict: The job has begun, or is over.
        UnknownJob: The station does not know the job.
    """
    return await connection().ask(Prioritise(0, id_of(job), priority), Placed)


async def move_before(job: Job, other: Job) -> Placed:
    """Put a job that waits just before another one that waits.

    Raises:
        Conflict: One of the two does not wait in the queue.
        UnknownJob: The station does not know one of them.
    """
    return await connection().ask(Move(0, id_of(job), id_of(other)), Placed)


async def why(job: Job) -> tuple[Reason, ...]:
    """Return why a job stands where it stands: each rule that has decided it, in words.

    Raises:
        UnknownJob: The station does not know the job.
    """
    return (await connection().ask(Why(0, id_of(job)), Explanation)).reasons


async def queue(target: str = "", limit: int = 50) -> QueueListing:
    """Return the queue as it stands.

    Args:
        target: A target or a controller; empty for all.
        limit: The most jobs to show, 1 to 1000.
    """
    return await connection().ask(ListQueue(0, target, limit), QueueListing)
