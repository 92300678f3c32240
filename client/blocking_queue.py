"""The queue of a station, for scripts and notebooks: the twins of `client.queue`."""

from __future__ import annotations

from stationd.client import queue as asynchronous
from stationd.client.portal import call
from stationd.client.queue import Moment
from stationd.client.references import Job
from stationd.proto.guard_requests import GuardState
from stationd.proto.queue_requests import Placed, QueueListing, Reason, Targets


def hold(job: Job) -> Placed:
    """Keep a job in the queue until somebody lets it go, with `release`."""
    return call(asynchronous.hold, job)


def release(job: Job) -> Placed:
    """Let a job go that is held."""
    return call(asynchronous.release, job)


def reprioritise(job: Job, priority: int) -> Placed:
    """Give a job another priority. If it was moved, it goes back to its place."""
    return call(asynchronous.reprioritise, job, priority)


def move_before(job: Job, other: Job) -> Placed:
    """Put a job that waits just before another one that waits."""
    return call(asynchronous.move_before, job, other)


def why(job: Job) -> tuple[Reason, ...]:
    """Return why a job stands where it stands: each rule that has decided it, in words."""
    return call(asynchronous.why, job)


def queue(target: str = "", limit: int = 50) -> QueueListing:
    """Return the queue as it stands."""
    return call(asynchronous.queue, target, limit)


def pause_target(target: str, note: str = "") -> Targets:
    """Let nothing more begin at a target or a controller; what runs goes on."""
    return call(asynchronous.pause_target, target, note)


def drain_target(target: str, note: str = "") -> Targets:
    """Let a target or a controller run empty: what waits goes on, and no new job is taken."""
    return call(asynchronous.drain_target, target, note)


def resume_target(target: str) -> Targets:
    """Open a target or a controller again that was paused or drained."""
    return call(asynchronous.resume_target, target)


def reserve(
    target: str,
    project: str,
    begin: Moment,
    end: Moment,
    *,
    note: str = "",
    id: str | None = None,  # noqa: A002 - as in the twin
) -> Targets:
    """Keep a target or a controller for one project for a while."""
    return call(asynchronous.reserve, target, project, begin, end, note=note, id=id)


def plan_maintenance(
    target: str,
    begin: Moment,
    end: Moment,
    *,
    note: str = "",
    id: str | None = None,  # noqa: A002 - as in the twin
) -> Targets:
    """Let nothing begin at a target or a controller for a while; what runs goes on."""
    return call(asynchronous.plan_maintenance, target, begin, end, note=note, id=id)


def lock_target(target: str, note: str = "") -> Targets:
    """Put your lock on a target or a controller: nothing begins there until it is off."""
    return call(asynchronous.lock_target, target, note)


def unlock_target(target: str, *, force: bool = False) -> Targets:
    """Take your lock off a target or a controller, if there is one."""
    return call(asynchronous.unlock_target, target, force=force)


def drop_reservation(id: str) -> Targets:  # noqa: A002 - as in the twin
    """Drop a reservation or a time of maintenance, if it is there."""
    return call(asynchronous.drop_reservation, id)


def guards() -> tuple[GuardState, ...]:
    """Return the guards of the station, with their last readings and how they stand."""
    return call(asynchronous.guards)


def target_states() -> Targets:
    """Return what operators have said of targets, and all reservations and maintenance."""
    return call(asynchronous.target_states)
