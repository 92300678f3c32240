"""What operators say of targets, for scripts and notebooks: the twins of `steering.targets`."""

from __future__ import annotations

from stationd.client.blocking.portal import call
from stationd.client.references.moment import Moment
from stationd.client.steering import targets as asynchronous
from stationd.proto.guard_requests import GuardState
from stationd.proto.queue_requests import Targets


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
