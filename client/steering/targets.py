"""What operators say of targets: pauses, reservations, maintenance and locks; asynchronous.

Whatever is changed here is on the station's disk when the call returns.
"""

from __future__ import annotations

import uuid

from stationd.client.connection.shared import connection
from stationd.client.references.moment import Moment, unix
from stationd.proto.guard_requests import Guards, GuardState, ListGuards
from stationd.proto.queue_requests import (
    ListTargets,
    Lock,
    Maintain,
    Reserve,
    SetTarget,
    Targets,
    Unlock,
    Unreserve,
)


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
