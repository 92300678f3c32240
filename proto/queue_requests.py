"""Part of the jobs protocol: the queue, who goes next, and what operators say of it.

The rules of `proto.jobs_protocol` hold here too. What an operator asks for is answered when it is
on disk. All of it may be sent twice: it says how things are to be, not by how much to change them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.job import HIGHEST_PRIORITY, LOWEST_PRIORITY, JobId
from stationd.proto.number import Natural, UnixTime
from stationd.proto.program import Name
from stationd.proto.project import NewId

MOST_QUEUED: Final = 1000
"""The most jobs that one answer shows of the queue."""
Note = Annotated[str, Meta(max_length=500)]
"""Why, for people."""

# --- requests --------------------------------------------------------------------------------


class Hold(Struct, frozen=True, array_like=True, tag=60):
    """Keep a job in the queue until it is let go. Answered by Placed."""

    request: Natural
    job: JobId


class Release(Struct, frozen=True, array_like=True, tag=61):
    """Let a job go that is held. Answered by Placed."""

    request: Natural
    job: JobId


class Prioritise(Struct, frozen=True, array_like=True, tag=62):
    """Give a job another priority; one that was moved goes back. Answered by Placed."""

    request: Natural
    job: JobId
    priority: Annotated[int, Meta(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)]


class Move(Struct, frozen=True, array_like=True, tag=63):
    """Put a job that waits just before another one. Answered by Placed."""

    request: Natural
    job: JobId
    before: JobId


class SetTarget(Struct, frozen=True, array_like=True, tag=64):
    """Open, pause or drain a target or a controller. Answered by Targets."""

    request: Natural
    target: Name
    """A target stands for its controller."""
    state: Literal["open", "paused", "draining"]
    note: Note = ""


class Reserve(Struct, frozen=True, array_like=True, tag=65):
    """Keep a target or a controller for one project for a while. Answered by Targets."""

    request: Natural
    id: NewId
    """Made by the client; a second one of the same id replaces the first."""
    target: Name
    project: Annotated[str, Meta(max_length=100)]
    """The project's id or name; empty for jobs without a project."""
    from_unix_s: UnixTime
    to_unix_s: UnixTime
    note: Note = ""


class Unreserve(Struct, frozen=True, array_like=True, tag=66):
    """Drop a reservation, if it is there. Answered by Targets."""

    request: Natural
    id: str


class ListTargets(Struct, frozen=True, array_like=True, tag=67):
    """Show what operators have said of targets and controllers. Answered by Targets."""

    request: Natural


class ListQueue(Struct, frozen=True, array_like=True, tag=68):
    """Show the queue as it stands. Answered by QueueListing."""

    request: Natural
    target: str = ""
    """A target or a controller; empty for all."""
    limit: Annotated[int, Meta(ge=1, le=MOST_QUEUED)] = 50


class Why(Struct, frozen=True, array_like=True, tag=69):
    """Explain why a job stands where it stands. Answered by Explanation."""

    request: Natural
    job: JobId


class Maintain(Struct, frozen=True, array_like=True, tag=70):
    """Let nothing begin at a target or a controller for a while. Answered by Targets.

    `Unreserve` drops it.
    """

    request: Natural
    id: NewId
    """Made by the client; a second one of the same id replaces the first."""
    target: Name
    from_unix_s: UnixTime
    to_unix_s: UnixTime
    note: Note = ""


class Lock(Struct, frozen=True, array_like=True, tag=71):
    """Let nothing begin at a target or a controller until the lock is off. Answered by Targets.

    Whoever asks holds the lock; asking again changes the note.
    """

    request: Natural
    target: Name
    note: Note = ""


class Unlock(Struct, frozen=True, array_like=True, tag=72):
    """Take one's lock off a target or a controller, if there is one. Answered by Targets."""

    request: Natural
    target: Name
    force: bool = False
    """Take it off even if it is somebody else's."""


# --- replies ---------------------------------------------------------------------------------


class Placed(Struct, frozen=True, array_like=True, tag=160):
    """Where a job stands in the queue, on disk."""

    request: int
    job: JobId
    priority: int
    held: bool
    position: int | None
    """Jobs ahead of it; None if it does not wait, or is held."""


class TargetState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What operators have said of a controller."""

    controller: str
    targets: tuple[str, ...]
    """The targets that it stands for."""
    state: Literal["open", "paused", "draining"] = "open"
    note: str = ""
    waiting: int = 0
    """Jobs that wait for it."""
    line: int = 0
    """Tickets that it has."""
    locked_by: str | None = None
    """Who holds its lock; empty for somebody unknown, None if there is none."""
    locked_unix_s: float = 0.0
    """Since when."""
    lock_note: str = ""
    guards: tuple[str, ...] = ()
    """Guards that let nothing begin there, each in words."""


class ReservationView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time in which a controller is for one project alone, or for nobody."""

    id: str
    controller: str
    project: str
    """Its name; empty for jobs without a project."""
    from_unix_s: float
    to_unix_s: float
    note: str = ""
    maintenance: bool = False
    """It is for nobody."""


class Targets(Struct, frozen=True, array_like=True, tag=161):
    """What operators have said of targets and controllers."""

    request: int
    targets: tuple[TargetState, ...]
    reservations: tuple[ReservationView, ...]
    """Those that are not over, the earliest first."""


QueueState = Literal["running", "in_line", "waiting", "early", "held", "closed"]
"""``early``: not to begin yet; ``closed``: paused, locked, held by a guard, under maintenance, or
reserved for another project."""


class QueueEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job in the queue or at its controllers.

    Of one that whoever asks may not read there are its state and its controllers alone.
    """

    job: JobId
    """Empty for one that whoever asks may not read."""
    number: int
    state: QueueState
    controllers: tuple[str, ...]
    project: str = ""
    """Its name; empty for none."""
    priority: int = 0
    since_unix_s: float = 0.0
    """Since when it waits."""
    not_before: float | None = None
    moved: bool = False


class QueueListing(Struct, frozen=True, array_like=True, tag=162):
    """The queue as it stands."""

    request: int
    waiting: int
    """Jobs that wait, whatever for; more than are shown, perhaps."""
    entries: tuple[QueueEntry, ...]
    """What is at the controllers, then what waits in the order in which it would go, then what is
    not to begin yet or is held."""


class Reason(Struct, frozen=True, array_like=True):
    """One thing that a job waits for, or that makes its place."""

    rule: str
    """The rule's short name, for programs: ``held``, ``not_before``, ``paused``, ``locked``,
    ``maintenance``, ``guard``, ``reserved``, ``absent``, ``ahead``, ``line``, ``recall``,
    ``place``, ``deadline``, ``status``; more may come."""
    text: str
    """A sentence for people."""


class Explanation(Struct, frozen=True, array_like=True, tag=163):
    """Why a job stands where it stands."""

    request: int
    job: JobId
    reasons: tuple[Reason, ...]
    """The one that matters most first."""
