"""The queue of a station: who goes next, and what operators say of it; asynchronous.

Whatever is changed here is on the station's disk when the call returns.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from stationd.client.references import Job, id_of
from stationd.client.shared import connection
from stationd.proto.guard_requests import Guards, GuardState, ListGuards
from stationd.proto.queue_requests import (
    Explanation,
    Hold,
    ListQueue,
    ListTargets,
    Lock,
    Maintain,
    Move,
    Placed,
    Prioritise,
    QueueListing,
    Reason,
    Release,
    Reserve,
    SetTarget,
    Targets,
    Unlock,
    Unreserve,
    Why,
)

Moment = float | datetime
"""Unix seconds, or a time; one without a zone is local."""


def unix(moment: Moment | None) -> float | None:
    """Return a time as Unix seconds.

    >>> unix(None), unix(1.5)
    (None, 1.5)
    """
    return moment.timestamp() if isinstance(moment, datetime) else moment


# --- one job -----------------------------------------------------------------------------------


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


# --- targets -----------------------------------------------------------------------------------


async def pause_target(target: str, note: str = "") -> Targets:
    """Let nothing more begin at a target or a controller; what runs goes on.

    Args:
        target: Its name.
        note: Why, for people.
    """
    return await connection().ask(SetTarget(0, target, "paused", note), Targets)


async def drain_target(target: str, note: str = "") -> Targets:
    """Let a target or a controller run empty: what waits goes on, and no new job is taken.

    Args:
        target: Its name.
        note: Why, for people.
    """
    return await connection().ask(SetTarget(0, target, "draining", note), Targets)


async def resume_target(target: str) -> Targets:
    """Open a target or a controller again that was paused or drained."""
    return await connection().ask(SetTarget(0, target, "open"), Targets)


async def reserve(
    target: str,
    project: str,
    begin: Moment,
    end: Moment,
    *,
    note: str = "",
    id: str | None = None,  # noqa: A002 - as in `submit`
) -> Targets:
    """Keep a target or a controller for one project for a while.

    Jobs of others do not begin in that time; what runs goes on.

    Args:
        target: Its name.
        project: The project's id or name; empty for jobs without a project.
        begin: The first moment.
        end: The first moment after it.
        note: Why, for people.
        id: A UUID. A second reservation of the same id replaces the first.

    Raises:
        Conflict: It is reserved for another project at that time.
        RequestError: The times make no sense, or there is no such target or project.
    """
    number = str(uuid.UUID(id)) if id is not None else str(uuid.uuid4())
    request = Reserve(0, number, target, project, unix(begin) or 0.0, unix(end) or 0.0, note)
    return await connection().ask(request, Targets)


async def plan_maintenance(
    target: str,
    begin: Moment,
    end: Moment,
    *,
    note: str = "",
    id: str | None = None,  # noqa: A002 - as in `submit`
) -> Targets:
    """Let nothing begin at a target or a controller for a while; what runs goes on.

    `drop_reservation` drops it again.

    Args:
        target: Its name.
        begin: The first moment.
        end: The first moment after it.
        note: Why, for people.
        id: A UUID. A second one of the same id replaces the first.

    Raises:
        RequestError: The times make no sense, or there is no such target.
    """
    number = str(uuid.UUID(id)) if id is not None else str(uuid.uuid4())
    request = Maintain(0, number, target, unix(begin) or 0.0, unix(end) or 0.0, note)
    return await connection().ask(request, Targets)


async def lock_target(target: str, note: str = "") -> Targets:
    """Put your lock on a target or a controller: nothing begins there until it is off.

    What runs goes on, and new jobs come in and wait. Whoever submits one is told whose lock it
    is and why. Doing it again changes the note.

    Args:
        target: Its name.
        note: Why, and whom to ask.

    Raises:
        Conflict: Somebody else has locked it.
    """
    return await connection().ask(Lock(0, target, note), Targets)


async def unlock_target(target: str, *, force: bool = False) -> Targets:
    """Take your lock off a target or a controller, if there is one.

    Args:
        target: Its name.
        force: Take it off even if it is somebody else's.

    Raises:
        Forbidden: It is somebody else's lock.
    """
    return await connection().ask(Unlock(0, target, force), Targets)


async def drop_reservation(id: str) -> Targets:  # noqa: A002 - as in `reserve`
    """Drop a reservation or a time of maintenance, if it is there."""
    return await connection().ask(Unreserve(0, id), Targets)


async def guards() -> tuple[GuardState, ...]:
    """Return the guards of the station, with their last readings and how they stand."""
    return (await connection().ask(ListGuards(0), Guards)).guards


async def target_states() -> Targets:
    """Return what operators have said of targets, and all reservations and maintenance."""
    return await connection().ask(ListTargets(0), Targets)
