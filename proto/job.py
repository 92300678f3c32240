"""What a job is: what was asked for, how far it has come, and what clients see of it."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Final, Literal, NewType

from msgspec import Meta, Struct

from stationd.proto.calibration import ExpiredCalibration
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.number import Natural, Positive, UnixTime
from stationd.proto.program import Circuits, Compile, JobWork, Sweep
from stationd.proto.project import Description, Properties
from stationd.proto.search import JobPlace, ScopeFilterEnum
from stationd.proto.status import JobExecutorStatus, JobStatusEnum, StatusEnum, coarse_status

JobId = NewType("JobId", str)
"""A UUID in its canonical lower-case form; made by the client."""

JobKind = Literal["circuits", "sweep", "compile"]
"""What decides which rungs a job visits."""


class JobType(StrEnum):
    """What a job is for, as users of Nexus' jobs API know it."""

    EXECUTE = "execute"
    """Circuits or a sweep: the instruments work."""
    COMPILE = "compile"
    """Circuits are compiled and nothing else."""


def type_of(kind: JobKind) -> JobType:
    """Return the type of a job of some kind."""
    return JobType.COMPILE if kind == "compile" else JobType.EXECUTE


LOWEST_PRIORITY: Final = -1000
HIGHEST_PRIORITY: Final = 1000
MOST_ATTEMPTS: Final = 100
"""The most attempts that a job can ask for."""
LONGEST_TIMEOUT: Final = 366 * 86_400
"""Seconds."""
MOST_NAMED: Final = 1000
"""The most values that one field of a search can hold."""


class JobSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client asks for. Never changes once the job is stored."""

    work: JobWork
    name: Annotated[str, Meta(max_length=200)] = ""
    priority: Annotated[int, Meta(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)] = 0
    """The higher goes first; equals go in the order of submission."""
    calibration_set: str | None = None
    """A calibration set's id; None for the target's default at that time."""
    expired_calibration: ExpiredCalibration = "use"
    """What the job does if the set that it would get has expired, or if there is none. ``use``: it
    takes what there is; ``wait``: it waits until its target has a fresh one; ``fail``: it fails."""
    item_errors: Literal["stop", "continue"] = "stop"
    """Whether one bad item fails the job before it takes instrument time."""
    timeout: Annotated[float, Meta(gt=0, le=LONGEST_TIMEOUT)] | None = None
    """Seconds that an attempt may take, from its beginning to its end, the time in the queue
    included; None for as long as it takes."""
    max_attempts: Annotated[int, Meta(ge=1, le=MOST_ATTEMPTS)] = 1
    """How many attempts the station may make by itself, the first one included."""
    retry_on: Annotated[tuple[ErrorCode, ...], Meta(max_length=64)] = ()
    """The errors of a failed attempt that another one follows on; empty for those that are hardly
    the job's fault: instrument_lost, controller_unreachable, controller_silent, driver_failed,
    spool_full and worker_died."""
    on_lost: Literal["fail", "requeue"] = "fail"
    """``requeue``: another attempt follows when a controller was lost at work on the job, up to
    `max_attempts`, or three if that is 1."""
    resume: bool = False
    """For sweeps: another attempt goes on with the first spot that is not stored, instead of
    beginning anew. Such an attempt follows by itself when a controller was lost at work on the
    job, as with ``on_lost="requeue"``."""
    description: Description = ""
    """For people."""
    project: str = ""
    """A project's id; empty for none."""
    properties: Properties = {}
    """As the project defines them; any, without a project."""
    not_before: UnixTime | None = None
    """The job does not begin before this time; None for as soon as it can."""
    deadline: UnixTime | None = None
    """The job fails if it has not begun by this time; None for whenever it can."""
    hold: bool = False
    """The job stays in the queue until somebody lets it go."""
    creator: Annotated[str, Meta(max_length=100)] = ""
    """Filled in by the daemon, from the user whom it has authenticated, whatever the client put
    here; empty if it cannot tell."""

    @property
    def kind(self) -> JobKind:
        """Which kind of job this is."""
        return kind_of(self.work)

    @property
    def items(self) -> int:
        """How many items the job has."""
        return 1 if isinstance(self.work, Sweep) else len(self.work.programs)


def kind_of(work: JobWork) -> JobKind:
    """Return the kind of job that some work makes."""
    match work:
        case Circuits():
            return "circuits"
        case Sweep():
            return "sweep"
        case Compile():
            return "compile"


class Ticket(Struct, frozen=True, array_like=True):
    """The right to one execution of a job at the controllers."""

    number: Natural
    """Grows with every ticket of the station."""
    job: JobId
    attempt: Positive
    """From 1."""


class Fence(Struct, frozen=True, array_like=True):
    """The authority of a daemon; the epoch grows with every start."""

    station: str
    epoch: Natural


class TimelineEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A committed fact about a job, in the order in which it came about."""

    seq: int
    """The station-wide sequence number, the feed's position."""
    ordinal: int
    """The number within the job, from 1, without holes."""
    attempt: int
    status: JobExecutorStatus
    time_unix_s: float
    cancelling: bool = False
    """True from the acceptance of a cancel to the end of the attempt. An entry that repeats
    the status of the one before it records that acceptance."""
    error: ErrorInfo | None = None
    note: str = ""
    """In words for people, for example what came of a cancel."""
    retrying: bool = False
    """The attempt has failed, and another one follows by itself: the job is not over."""


class ArtifactRef(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A stored result."""

    id: str
    """``<job>/<attempt>/<item>``."""
    size_bytes: int
    sha256: str


class ItemView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One program of a job, its result or its error."""

    index: int
    """From 0, in the order of submission."""
    name: str = ""
    result: ArtifactRef | None = None
    error: ErrorInfo | None = None
    partial: bool = False
    """The result lacks what was not done when the job ended."""
    attempt: int = 0
    """The attempt that the result or the error is of; 0 if there is none yet."""


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a running job has come. Not stored, and not part of the feed's sequence.

    As a text: done, total and unit, and of a sweep over several axes the step of each.

    >>> print(Progress(done=247, total=2121, unit="spots", shape=(101, 21)))
    247/2,121 spots, 12/101 x 17/21
    """

    done: int
    total: int
    unit: str = ""
    """What is counted: ``shots``, ``spots``, ..."""
    shape: tuple[int, ...] = ()
    """Of a sweep: the number of steps of each axis, or group of axes, the slowest first."""

    @property
    def axes(self) -> tuple[tuple[int, int], ...]:
        """The step that each axis of a sweep is at, from 1, and how many it has."""
        left = min(max(self.done, 0), math.prod(self.shape) - 1)
        steps: list[tuple[int, int]] = []
        for count in reversed(self.shape):
            left, step = divmod(left, count)
            steps.append((step + 1, count))
        return tuple(reversed(steps))

    def __str__(self) -> str:
        """Say it in a few words."""
        done = f"{self.done:,}/{self.total:,} {self.unit}".rstrip()
        if len(self.shape) < 2:  # noqa: PLR2004 - along one axis the spots are the steps
            return done
        return f"{done}, " + " x ".join(f"{step:,}/{count:,}" for step, count in self.axes)


class JobView(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What clients see of a job: a snapshot."""

    id: JobId
    number: int
    """The order of submission at this station."""
    kind: JobKind
    target: str
    status: JobExecutorStatus
    attempt: int
    created_unix_s: float
    modified_unix_s: float
    seq: int
    """The feed's position of the newest fact in this view."""
    name: str = ""
    priority: int = 0
    cancelling: bool = False
    error: ErrorInfo | None = None
    note: str = ""
    calibration_set: str | None = None
    queue_position: int | None = None
    """Jobs ahead of this one in the queue; None unless it is in the queue."""
    progress: Progress | None = None
    timeline: tuple[TimelineEntry, ...] = ()
    """Of all attempts. Empty in lists of jobs."""
    items: tuple[ItemView, ...] = ()
    """Empty in lists of jobs."""
    creator: str = ""
    """The user who submitted it; empty if the daemon could not tell."""
    description: str = ""
    project: str = ""
    """A project's id; empty for none."""
    properties: Properties = {}

    @property
    def coarse(self) -> StatusEnum:
        """The status as users of Nexus' jobs API know it."""
        return coarse_status(self.status, cancelling=self.cancelling, retrying=self.attempt > 1)

    def reached(self, status: JobExecutorStatus) -> bool:
        """Whether the current attempt has been at a status, by its timeline."""
        return any(
            entry.attempt == self.attempt and entry.status is status for entry in self.timeline
        )


def place_of(view: JobView) -> JobPlace:
    """Return where a job stands in any order."""
    return JobPlace(view.number, view.modified_unix_s, view.name)


class JobFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which jobs to list. Different fields must all match; within a field any value may."""

    name_like: Annotated[str, Meta(max_length=200)] = ""
    """Part of the name, in any case."""
    statuses: Annotated[tuple[JobExecutorStatus, ...], Meta(max_length=18)] = ()
    coarse: Annotated[tuple[JobStatusEnum, ...], Meta(max_length=6)] = ()
    kinds: Annotated[tuple[JobKind, ...], Meta(max_length=3)] = ()
    target: str = ""
    ids: Annotated[tuple[JobId, ...], Meta(max_length=MOST_NAMED)] = ()
    names: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)] = ()
    """The whole name, as it is written."""
    creators: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)] = ()
    projects: Annotated[tuple[str, ...], Meta(max_length=MOST_NAMED)] = ()
    """Their ids."""
    properties: Properties = {}
    """All of them must match."""
    passing: Annotated[tuple[Literal["CANCELLING", "RETRYING"], ...], Meta(max_length=2)] = ()
    """The statuses that are only passed through; any of these and of `coarse` may match."""
    created_after: UnixTime | None = None
    """At this time or later."""
    created_before: UnixTime | None = None
    """Earlier than this time."""
    modified_after: UnixTime | None = None
    modified_before: UnixTime | None = None
    scope: ScopeFilterEnum | None = None
    """As whom to look; None for all jobs that whoever asks may see."""
