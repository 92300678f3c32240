"""What is written to the journal: facts, and what goes with them.

Records are plain values, so that they travel to the writer's process, are compared in tests
and mean the same to every kind of journal. All records of one write are stored together or
not at all.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.calibration import CalibrationSet
from stationd.proto.error import ErrorInfo
from stationd.proto.job import ArtifactRef, JobId, JobSpec
from stationd.proto.program import Capabilities
from stationd.proto.project import Project, Properties
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.queue.entry import Place


class JobStored(Struct, frozen=True, array_like=True, tag=1):
    """A job has come in; this is its first fact too (RECEIVED, ordinal 1, attempt 1).

    If its id is known already, the commit names the older number, and nothing is stored: neither
    of this job nor of what the same write says about its number.
    """

    number: int
    """The order of submission, from 1. Numbers may have holes."""
    job: JobId
    target: str
    spec: JobSpec
    time_unix_s: float
    reached: tuple[JobExecutorStatus, ...] = ()
    """Where it has come at once, in order: facts like the first one, of the same time."""


class Fact(Struct, frozen=True, array_like=True, tag=2, gc=False):
    """A job has reached a status, or a cancel of it has been accepted.

    Gets the next sequence number, as each fact before it does that stands in `passed`.
    """

    number: int
    job: JobId
    ordinal: int
    attempt: int
    status: JobExecutorStatus
    time_unix_s: float
    cancelling: bool = False
    error: ErrorInfo | None = None
    note: str = ""
    retrying: bool = False
    """Another attempt follows by itself, in the same write."""
    passed: tuple[JobExecutorStatus, ...] = ()
    """What it reached just before, in order: facts of their own, of the same attempt and time, of
    which nothing else is to be said. A quick job makes most of its facts in three strides."""


class CalibrationPinned(Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The calibration set that a job uses, whatever the default becomes later."""

    number: int
    calibration_set: str | None
    """None to fetch it anew."""


class WorkStored(Struct, frozen=True, array_like=True, tag=4, gc=False):
    """The compiled work of a job; replaces that of an earlier attempt."""

    number: int
    attempt: int
    data: bytes
    """msgpack; the journal does not look into it."""


class MetadataStored(Struct, frozen=True, array_like=True, tag=5, gc=False):
    """What is about to be executed, for people and provenance."""

    number: int
    attempt: int
    metadata: bytes
    """A JSON object."""


class TicketIssued(Struct, frozen=True, array_like=True, tag=6, gc=False):
    """The ticket of a job's attempt."""

    number: int
    attempt: int
    ticket: int


class ItemEnded(Struct, frozen=True, array_like=True, tag=7):
    """One item of a job has its result or its error; replaces what an earlier attempt left."""

    number: int
    index: int
    attempt: int
    error: ErrorInfo | None = None
    result: ArtifactRef | None = None
    data: bytes | None = None
    """The result itself if it is small; None if it is a file in the artifact store."""
    partial: bool = False


class BlockStored(Struct, frozen=True, array_like=True, tag=8):
    """A block of raw data from a controller. Stored once, however often it arrives."""

    number: int
    attempt: int
    controller: str
    index: int
    header: bytes
    """The encoded `Data` report."""
    data: bytes


class BlocksDropped(Struct, frozen=True, array_like=True, tag=9):
    """The raw data of an attempt has been worked up and is not needed any more."""

    number: int
    attempt: int


class CalibrationStored(Struct, frozen=True, array_like=True, tag=10):
    """A calibration set has come in. Storing the same id again changes nothing."""

    set: CalibrationSet


class CalibrationUsed(Struct, frozen=True, array_like=True, tag=11):
    """A target has a new default calibration set."""

    target: str
    id: str


class ControllerSeen(Struct, frozen=True, array_like=True, tag=12):
    """A controller has said what it is; replaces what it said before."""

    name: str
    driver: str
    ledger: str
    version: str
    time_unix_s: float
    capabilities: Capabilities


class AttemptOpened(Struct, frozen=True, array_like=True, tag=13):
    """What a further attempt of a job is about; its first fact is in the same write."""

    number: int
    items: tuple[int, ...] | None
    """The items that it runs; None for all."""
    collected: int = 0
    """The attempt whose raw data it works up; 0 for its own."""


class EpochRaised(Struct, frozen=True, array_like=True, tag=14):
    """Controllers have obeyed newer daemons than this journal knows of: it is an older copy."""

    epoch: int
    """The station's, from now on."""


class JobAnnotated(Struct, frozen=True, array_like=True, tag=20):
    """What people wrote about a job has changed; replaces what was there.

    Of a job that has been deleted meanwhile nothing is stored.
    """

    number: int
    name: str
    description: str
    properties: Properties


class JobDeleted(Struct, frozen=True, array_like=True, tag=15):
    """A job that is over is forgotten, with all that belongs to it. Doing it again changes nothing.

    Files of its results are removed when this is durable, not before.
    """

    number: int
    expired: bool = False
    """Nobody asked for it: listeners cannot go on from before its end any more."""


class ProjectStored(Struct, frozen=True, array_like=True, tag=21):
    """A project is new, or has changed; replaces what was there."""

    project: Project


class JobPlaced(Struct, frozen=True, array_like=True, tag=30):
    """An operator has given a job another place in the queue; replaces what was there."""

    number: int
    attempt: int
    """The one that `place` is for: another one stands where it belongs."""
    priority: int
    held: bool
    place: Place | None
    """Where it was put; None if it stands where it belongs."""


class QueueNoted(Struct, frozen=True, array_like=True, tag=31):
    """Something that the queue must not forget; replaces what was there."""

    kind: str
    """``gate``, ``reservation`` or ``use``."""
    name: str
    """Of the controller, the reservation or the project."""
    data: str | None
    """A JSON object; None to forget it after all."""


class VersionsSeen(Struct, frozen=True, array_like=True, tag=40):
    """What the daemon or a controller runs. Nothing is stored if that is what it ran before."""

    controller: str
    """Empty for the daemon."""
    since_unix_s: float
    versions: dict[str, str]
    """By what has them: Python, libraries, packages, the driver; sorted."""


Record = (
    JobStored
    | Fact
    | CalibrationPinned
    | WorkStored
    | MetadataStored
    | TicketIssued
    | ItemEnded
    | BlockStored
    | BlocksDropped
    | CalibrationStored
    | CalibrationUsed
    | ControllerSeen
    | AttemptOpened
    | EpochRaised
    | JobAnnotated
    | ProjectStored
    | JobDeleted
    | JobPlaced
    | QueueNoted
    | VersionsSeen
)
