"""Jobs in the queue, for scripts and notebooks: the twins of `steering.queue`."""

from __future__ import annotations

from stationd.client.blocking.portal import call
from stationd.client.references.job import Job
from stationd.client.steering import queue as asynchronous
from stationd.proto.queue_requests import Placed, QueueListing, Reason


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
