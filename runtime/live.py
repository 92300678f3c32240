"""A job that is under way, as the daemon keeps it in memory.

What is over is in the journal alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.actors.job import Job
from stationd.actors.ladder import Course
from stationd.proto.program import Work
from stationd.proto.result import CompiledResult

if TYPE_CHECKING:
    import anyio

    from stationd.proto.error import ErrorInfo
    from stationd.proto.instruments_protocol import Data
    from stationd.proto.job import JobSpec, Progress, Ticket
    from stationd.runtime.journal.interface import StoredJob

Block = tuple[str, "Data", bytes]
"""The controller that sent a block of raw data, its header and its bytes."""


class StoredWork(Struct, frozen=True):
    """What compilation made of a job; kept in the journal."""

    works: dict[str, Work]
    """By controller, in the order of starting."""
    compiled: dict[int, CompiledResult] = {}
    """By item, for circuits."""


WORK_ENCODER: Final = msgspec.msgpack.Encoder()
WORK_DECODER: Final = msgspec.msgpack.Decoder(StoredWork)


@dataclass(slots=True, eq=False)
class LiveJob:
    """A job that is under way."""

    job: Job
    spec: JobSpec
    target: str
    claims: tuple[str, ...] = ()
    """The controllers that it needs, sorted."""
    ticket: Ticket | None = None
    item_errors: dict[int, ErrorInfo] = field(default_factory=dict)
    """Items that have failed."""
    work: StoredWork | None = None
    """None while it waits in the queue, unless it is tiny; then it is in the journal."""
    blocks: list[Block] | None = field(default_factory=list)
    """Raw data so far; None if there is too much of it to keep in memory."""
    blocks_bytes: int = 0
    progress: Progress | None = None
    began_unix_s: float = 0.0
    """When the current attempt began."""
    stage: anyio.CancelScope | None = None
    """The stage at work in a task of its own."""
    stored_at: float = 0.0
    """When the newest fact came about, Unix seconds; for the metrics."""


def resumed(stored: StoredJob) -> LiveJob:
    """Take up a job from the journal."""
    course = Course.CANCELLING if stored.cancelling else Course.CLIMBING
    job = Job(
        id=stored.job,
        number=stored.number,
        kind=stored.spec.kind,
        status=stored.status,
        course=course,
        attempt=stored.attempt,
        ordinal=stored.ordinal,
        calibration_set=stored.calibration_set,
        error=stored.error,
    )
    errors = {item.index: item.error for item in stored.items if item.error is not None}
    live = LiveJob(job, stored.spec, stored.target, item_errors=errors)
    live.blocks = None
    live.stored_at = stored.modified_unix_s
    # The journal does not say when a later attempt began: its newest fact is close to it.
    first = stored.attempt == 1
    live.began_unix_s = stored.created_unix_s if first else stored.modified_unix_s
    return live
