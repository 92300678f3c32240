"""A change of a job as one line of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from stationd.client.references.job import JobStatus


def line(update: JobStatus, *, named: str = "") -> str:
    """Return an update as one plain line.

    Args:
        update: What is new.
        named: The job, if the lines of several stand together.
    """
    parts = [
        update.time.astimezone().strftime("%H:%M:%S.%f")[:-3],
        named,
        f"{update.coarse.name:<10}",
        str(update.status),
        f"(attempt {update.attempt})" if update.attempt > 1 else "",
        doing_now(update),
        str(update.error) if update.error is not None else "",
        update.note,
    ]
    return "  ".join(part for part in parts if part).rstrip()


def doing_now(status: JobStatus) -> str:
    """Say how far a job is in the queue or at the instruments; empty if it is neither."""
    if status.status.is_terminal:
        return ""
    if status.progress is not None:
        return str(status.progress)
    if status.queue_position is not None:
        return f"{status.queue_position:,} ahead" if status.queue_position else "next in the queue"
    return ""


def standing(status: JobExecutorStatus) -> str:
    """Say in words on which rung a job stands that is not in the queue."""
    if status is JobExecutorStatus.PENDING_EXECUTION:
        # It has left the queue: its ticket was sent ahead.
        return "next at the controller"
    return str(status).replace("_", " ")
