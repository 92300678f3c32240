"""A job that is under way, as the daemon keeps it in memory.

What is over is in the journal alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from stationd.actors.about import About
from stationd.actors.job import Job
from stationd.actors.ladder import Course
from stationd.actors.retry import has_result
from stationd.actors.stages.works import compile_null
from stationd.proto.program import Circuits, CircuitsWork, NullWork, SweepWork, Work
from stationd.proto.result import CompiledResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    import anyio

    from stationd.proto.error import ErrorInfo
    from stationd.proto.instruments_protocol import Data
    from stationd.proto.job import JobSpec, Progress, Ticket
    from stationd.runtime.journal.records import Fact
    from stationd.runtime.journal.stored import StoredJob
    from stationd.runtime.queue.entry import Place

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
    item_errors: dict[int, ErrorInfo] = field(default_factory=dict[int, "ErrorInfo"])
    """Items that have failed."""
    work: StoredWork | None = None
    """None while it waits in the queue, unless it is tiny; then it is in the journal."""
    blocks: list[Block] | None = field(default_factory=list[Block])
    """Raw data so far; None if there is too much of it to keep in memory."""
    blocks_bytes: int = 0
    running: frozenset[int] | None = None
    """The items that the current attempt runs; None for all."""
    left_out: frozenset[int] = frozenset()
    """Those of the others that have no result of an earlier attempt."""
    complete: set[int] = field(default_factory=set[int])
    """Items that have a result with nothing missing, made by the current attempt or, if that
    does not run them, by an earlier one."""
    outdone: frozenset[int] = frozenset()
    """Items that run again although an earlier attempt has made their results, which nothing but
    a complete new one replaces."""
    collected: int = 0
    """The attempt whose raw data this one works up; 0 for its own."""
    first_spot: int | None = 0
    """The spot of a sweep that the current attempt begins with; None until the journal has been
    asked."""
    place: Place | None = None
    """Where it was put in the queue; None if it stands where it belongs."""
    progress: Progress | None = None
    began_unix_s: float = 0.0
    """When the current attempt began."""
    sound: int = 0
    """The edition of what controllers offer by which nothing is wrong with it; 0 if none."""
    waits_for: str = ""
    """What its stage waits for, if that is nothing that the station does."""
    sizes: dict[int, int] | None = None
    """Bytes of the results that the journal holds, by item, of jobs with a project; None before
    there are any."""
    stage: anyio.CancelScope | None = None
    """The stage at work in a task of its own."""
    told: list[tuple[int, Fact]] | None = None
    """Its committed facts and their first sequence numbers, while these are all that is to be told
    of it; None if the journal must be asked."""
    stored_at: float = 0.0
    """When the newest fact came about, Unix seconds; for the metrics."""

    @property
    def about(self) -> About:
        """What a line of the log about it is about."""
        return About(
            job=self.job.id,
            attempt=self.job.attempt,
            ticket=0 if self.ticket is None else self.ticket.number,
        )

    def runs(self, item: int) -> bool:
        """Whether the current attempt runs an item."""
        return self.running is None or item in self.running

    @property
    def good(self) -> tuple[int, ...]:
        """The items that the current attempt runs and that have not failed."""
        if self.running is None and not self.item_errors:
            return tuple(range(self.spec.items))
        return tuple(
            item
            for item in range(self.spec.items)
            if self.runs(item) and item not in self.item_errors
        )

    @property
    def data_attempt(self) -> int:
        """The attempt whose raw data is this one's."""
        return self.collected or self.job.attempt

    @property
    def is_complete(self) -> bool:
        """Whether all that the controllers are to be sent is in memory."""
        return self.work is not None and self.first_spot is not None

    @property
    def goes_on(self) -> bool:
        """Whether this attempt goes on with what those before it have left."""
        return self.spec.resume and self.job.attempt > 1

    @property
    def data_attempts(self) -> tuple[int, ...]:
        """The attempts whose raw data makes this one's results."""
        newest = self.data_attempt
        return tuple(range(1, newest + 1)) if self.spec.resume else (newest,)

    def next_attempt(
        self, items: Iterable[int] | None, collected: int, began_unix_s: float
    ) -> None:
        """Begin another attempt, before the job's machine does.

        Args:
            items: Those that it runs; None for all.
            collected: The attempt whose raw data it works up; 0 for its own.
            began_unix_s: When it begins.
        """
        every = range(self.spec.items)
        self.running = None if items is None else frozenset(items)
        others = {item for item in every if not self.runs(item)}
        there = self.complete | self.outdone
        self.left_out = frozenset(others - there - self.item_errors.keys())
        self.item_errors = {
            item: error for item, error in self.item_errors.items() if item in others
        }
        self.outdone = frozenset(there - others)
        self.complete = there & others
        self.collected = collected
        self.ticket = None
        self.place = None
        # What is collected is in the journal alone, and so is what is gone on with.
        self.blocks = None if collected or self.spec.resume else []
        self.blocks_bytes = 0
        self.first_spot = None if self.spec.resume else 0
        self.progress = None
        self.told = None
        self.began_unix_s = began_unix_s

    def works(self) -> dict[str, Work]:
        """Return what the controllers are to execute: the items that run, and no others."""
        works = {} if self.work is None else self.work.works
        if self.running is None and not self.first_spot:
            return works
        return {name: self._narrowed(work) for name, work in works.items()}

    def _narrowed(self, work: Work) -> Work:
        match work:
            case CircuitsWork():
                circuits = tuple(one for one in work.circuits if self.runs(one.item))
                return msgspec.structs.replace(work, circuits=circuits)
            case NullWork() if isinstance(self.spec.work, Circuits):
                programs = enumerate(self.spec.work.programs)
                chosen = tuple(program for item, program in programs if self.runs(item))
                return compile_null(msgspec.structs.replace(self.spec.work, programs=chosen))
            case SweepWork():
                return msgspec.structs.replace(work, first=self.first_spot or 0)
            case _:
                return work


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
        note=stored.note if stored.cancelling else "",
    )
    running = None if stored.running is None else frozenset(stored.running)
    # What an earlier attempt has left of an item that runs again says nothing of this one.
    current = [
        item
        for item in stored.items
        if item.attempt == stored.attempt or (running is not None and item.index not in running)
    ]
    errors = {item.index: item.error for item in current if item.error is not None}
    complete = {item.index for item in current if has_result(item)}
    outdone = {item.index for item in stored.items if has_result(item)} - complete
    live = LiveJob(job, stored.spec, stored.target, item_errors=errors)
    live.blocks = None
    live.running = running
    live.complete = complete
    live.outdone = frozenset(outdone)
    live.collected = stored.collected
    live.first_spot = None if live.goes_on else 0
    live.place = stored.place
    if running is not None:
        ended = {*complete, *errors, *running}
        live.left_out = frozenset(set(range(stored.spec.items)) - ended)
    live.sizes = {
        item.index: item.result.size_bytes for item in stored.items if item.result is not None
    }
    live.stored_at = stored.modified_unix_s
    live.began_unix_s = stored.began_unix_s
    return live
