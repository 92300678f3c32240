"""The jobs protocol: requests of clients and replies of the daemon.

Every request carries a number chosen by the client, and every reply carries it back; the
numbers of one connection are never used twice. All requests may be sent again after a lost
connection: a second Submit of the same id gives the same job, a second Cancel changes nothing.

A listen is a stream: the number of its Listen request marks all its frames. The client grants
how many events it is ready to take; the daemon sends no more than that and buffers nothing.
Every tag and every field keeps its place for ever: fields are only added at the end, with a
default.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Raw, Struct

from stationd.proto import project_requests as records
from stationd.proto import queue_requests as queue
from stationd.proto.audit_requests import AuditTrail, ReadAudit
from stationd.proto.calibration import (
    CalibrationSet,
    CalibrationSummary,
    Observation,
    ValidFor,
)
from stationd.proto.compiled_requests import Compiled, ReadCompiled
from stationd.proto.error import ErrorInfo
from stationd.proto.guard_requests import Guards, ListGuards
from stationd.proto.job import (
    ArtifactRef,
    JobFilter,
    JobId,
    JobSpec,
    JobView,
    Progress,
    TimelineEntry,
)
from stationd.proto.number import Natural, Positive, UnixTime
from stationd.proto.program import Capabilities, Name
from stationd.proto.project import NEW_ID
from stationd.proto.provenance import ProvenanceAnswer, ReadProvenance
from stationd.proto.result_requests import Peek
from stationd.proto.search import NEWEST_FIRST, Order
from stationd.proto.station_requests import JobLog, Overview, ReadLog, Survey
from stationd.proto.status import RemoteRetryStrategy
from stationd.proto.version_requests import ReadVersions, Versions

PROTOCOL: Final = b"stj"
VERSION: Final = (1, 0)

CHUNK_BYTES: Final = 1024 * 1024
"""Artifacts travel in pieces of this size at most."""
MOST_SUBMITTED: Final = 100
"""The most jobs in one batch: a longer one would keep others waiting."""
MOST_LISTED: Final = 1000
"""The most jobs on one page."""
MOST_LISTENED: Final = 1000
"""The most jobs that one stream can name; one of all jobs has no such bound."""
MOST_CREDIT: Final = 1_000_000
"""The most events that a client can grant at once."""

RequestNumber = Natural
"""From 1; 0 in a reply stands for a request whose number could not be read."""

# --- requests --------------------------------------------------------------------------------


class Ping(Struct, frozen=True, array_like=True, tag=1):
    """Who are you? Answered by Pong."""

    request: RequestNumber
    version: str
    """Of stationd, for the record."""


class Submit(Struct, frozen=True, array_like=True, tag=2):
    """Store a job and run it. Answered by Submitted, once the job is on disk."""

    request: RequestNumber
    job: Annotated[JobId, NEW_ID]
    """A UUID in lower case, made by the client so that sending it twice gives one job. Ids become
    names of files, so nothing else is let in."""
    spec: JobSpec


class NewJob(Struct, frozen=True, array_like=True):
    """One job of a batch."""

    job: Annotated[JobId, NEW_ID]
    spec: JobSpec


class SubmitMany(Struct, frozen=True, array_like=True, tag=17):
    """Store jobs and run them. Answered by SubmittedMany, once all that can run are on disk."""

    request: RequestNumber
    jobs: Annotated[tuple[NewJob, ...], Meta(max_length=MOST_SUBMITTED)]


class Get(Struct, frozen=True, array_like=True, tag=3):
    """Show one job whole. Answered by Job."""

    request: RequestNumber
    job: JobId


class List(Struct, frozen=True, array_like=True, tag=4):
    """Show jobs, the newest first or in another order. Answered by Jobs."""

    request: RequestNumber
    filter: JobFilter
    before: Natural | None = None
    """Only jobs with a lower number: where the page before this one ended. A job is found by its
    number as the first one before the next number, if whoever asks may read it."""
    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] = 50
    order: Order = NEWEST_FIRST


class Cancel(Struct, frozen=True, array_like=True, tag=5):
    """End a job that is under way. Answered by CancelAnswer once that is on disk."""

    request: RequestNumber
    job: JobId


class Fetch(Struct, frozen=True, array_like=True, tag=6):
    """Send a piece of a stored result. Answered by Chunk."""

    request: RequestNumber
    artifact: str
    offset: Natural = 0


class Listen(Struct, frozen=True, array_like=True, tag=7):
    """Start a stream of the facts about some jobs, or all.

    Answered by Snapshot if `after` is None or too old to resume from, then by Events.
    """

    request: RequestNumber
    jobs: Annotated[tuple[JobId, ...], Meta(max_length=MOST_LISTENED)] | None
    """None for all jobs; their snapshot holds no views."""
    after: Natural | None
    """The sequence number of the last fact known; None for none."""
    credit: Annotated[int, Meta(ge=0, le=MOST_CREDIT)]
    """How many events the client is ready to take."""


class Grant(Struct, frozen=True, array_like=True, tag=8):
    """Take more events on a stream. Not answered."""

    request: RequestNumber
    credit: Annotated[int, Meta(ge=1, le=MOST_CREDIT)]


class Unlisten(Struct, frozen=True, array_like=True, tag=9):
    """End a stream. Not answered."""

    request: RequestNumber


class ImportCalibration(Struct, frozen=True, array_like=True, tag=10):
    """Store a calibration set. Answered by Calibration."""

    request: RequestNumber
    id: Name
    """A UUID made by the client."""
    target: Name
    observations: tuple[Observation, ...]
    name: str = ""
    use: bool = False
    """Make it the target's default as well."""
    expires_unix_s: UnixTime | None = None
    """When it is fresh no longer."""
    valid_for: ValidFor | None = None
    """Or for how many seconds it is, from when it is stored; None for as long as the station's
    configuration says."""


class ListCalibrations(Struct, frozen=True, array_like=True, tag=11):
    """Show the stored calibration sets, the newest first. Answered by Calibrations."""

    request: RequestNumber
    target: str = ""
    """Empty for all targets."""


class GetCalibration(Struct, frozen=True, array_like=True, tag=12):
    """Show a calibration set whole. Answered by Calibration."""

    request: RequestNumber
    id: str


class UseCalibration(Struct, frozen=True, array_like=True, tag=13):
    """Make a calibration set its target's default. Answered by Calibration."""

    request: RequestNumber
    id: str


class ListControllers(Struct, frozen=True, array_like=True, tag=14):
    """Show the station's targets and controllers. Answered by Controllers."""

    request: RequestNumber


RetryStatus = Literal["ERROR", "CANCELLED", "COMPLETED"]
"""The statuses of the items of a job that is over."""


class Retry(Struct, frozen=True, array_like=True, tag=15):
    """Open another attempt of a job that is over. Answered by RetryAnswer once that is on disk."""

    request: RequestNumber
    job: JobId
    attempt: Positive
    """The attempt that the new one is to follow. If there is a newer one already, that is the
    answer; so sending it twice opens one attempt."""
    strategy: RemoteRetryStrategy = RemoteRetryStrategy.DEFAULT
    retry_status: Annotated[tuple[RetryStatus, ...], Meta(min_length=1, max_length=3)] | None = None
    """Which items run again; None for ERROR, and for all with FULL_RESTART."""


class ResetController(Struct, frozen=True, array_like=True, tag=16):
    """Trust a controller in quarantine again. Answered by Controllers.

    Somebody has seen to it that its instruments are at rest.
    """

    request: int
    name: str


Request = (
    Ping
    | Submit
    | SubmitMany
    | Get
    | List
    | Cancel
    | Fetch
    | Listen
    | Grant
    | Unlisten
    | ImportCalibration
    | ListCalibrations
    | GetCalibration
    | UseCalibration
    | ListControllers
    | Retry
    | ResetController
    | Survey
    | ReadLog
    | ReadAudit
    | ReadVersions
    | ReadProvenance
    | ReadCompiled
    | records.Annotate
    | records.Delete
    | records.Count
    | records.GetInput
    | records.ListProjects
    | records.CreateProject
    | records.ChangeProject
    | Peek
    | queue.Hold
    | queue.Release
    | queue.Prioritise
    | queue.Move
    | queue.SetTarget
    | queue.Reserve
    | queue.Unreserve
    | queue.ListTargets
    | queue.ListQueue
    | queue.Why
    | queue.Maintain
    | queue.Lock
    | queue.Unlock
    | ListGuards
)

# --- replies ---------------------------------------------------------------------------------


class Pong(Struct, frozen=True, array_like=True, tag=101):
    """The daemon is here."""

    request: int
    station: str
    """The name that the configuration gives it."""
    epoch: int
    version: str
    user: str = ""
    """Whom the daemon takes the client for; empty if it cannot tell."""
    role: str = ""


class Submitted(Struct, frozen=True, array_like=True, tag=102):
    """The job is on disk."""

    request: int
    job: JobId
    number: int
    created: bool
    """False if it was there already."""
    notice: str = ""
    """What its sender should know, such as that its target is locked; empty for nothing."""
    created_unix_s: float = 0.0
    """When, by the station's clock; 0 if it was there already."""
    creator: str = ""
    """Whose it is; empty if that is not known, or if it was there already."""


class SubmitAnswer(Struct, frozen=True, array_like=True):
    """What became of one job of a batch."""

    number: int
    """0 if it is refused."""
    created: bool
    """False if it was there already, or is refused."""
    error: ErrorInfo | None = None
    """Why it is refused."""
    notice: str = ""
    """As `Submitted.notice`."""
    created_unix_s: float = 0.0
    """As `Submitted.created_unix_s`."""


class SubmittedMany(Struct, frozen=True, array_like=True, tag=116):
    """What became of each job of a batch, in its order."""

    request: int
    answers: tuple[SubmitAnswer, ...]
    creator: str = ""
    """Whose those are that are new."""


class Job(Struct, frozen=True, array_like=True, tag=103):
    """One job, whole."""

    request: int
    view: JobView


class Jobs(Struct, frozen=True, array_like=True, tag=104):
    """A page of jobs, without timelines and items."""

    request: int
    views: tuple[JobView, ...]
    more: bool
    """Whether a further page may hold any."""


class CancelAnswer(Struct, frozen=True, array_like=True, tag=105):
    """The cancel is on disk, or came too late to change anything."""

    request: int
    outcome: Literal["accepted", "already_over"]


class Chunk(Struct, frozen=True, array_like=True, tag=106):
    """A piece of a stored result; its bytes are the frame that follows."""

    request: int
    artifact: ArtifactRef
    offset: int


class Snapshot(Struct, frozen=True, array_like=True, tag=107):
    """The state of a stream's jobs; the events that follow come after it."""

    request: int
    seq: int
    views: tuple[JobView, ...]


class FeedEvent(Struct, frozen=True, array_like=True):
    """A fact about a job on the feed."""

    job: JobId
    entry: TimelineEntry


class Events(Struct, frozen=True, array_like=True, tag=108):
    """Facts, in the order of the feed."""

    request: int
    events: tuple[FeedEvent, ...]


class EncodedEvents(Struct, frozen=True, array_like=True, tag=108):
    """`Events` as they are sent to many: what is the same for all of them is encoded once."""

    request: int
    events: Raw


class ProgressReport(Struct, frozen=True, array_like=True, tag=109):
    """How far a running job has come, or how many are ahead of it in the queue. May be lost."""

    request: int
    job: JobId
    progress: Progress | None
    queue_position: int | None = None


class StreamBeat(Struct, frozen=True, array_like=True, tag=110):
    """The stream is alive and nothing has happened."""

    request: int


class Calibration(Struct, frozen=True, array_like=True, tag=111):
    """A calibration set, whole."""

    request: int
    set: CalibrationSet
    default: bool


class Calibrations(Struct, frozen=True, array_like=True, tag=112):
    """The stored calibration sets."""

    request: int
    sets: tuple[CalibrationSummary, ...]


class ControllerView(Struct, frozen=True, kw_only=True):
    """What the daemon knows of a controller."""

    name: str
    driver: str
    connected: bool
    running: JobId | None
    """The job that it is at work on; empty for one that whoever asks may not read."""
    line: int
    """Tickets in line."""
    capabilities: Capabilities | None
    """None if it has never connected."""
    quarantined: JobId | None = None
    """The job that it did not come to rest from, as in `running`; it gets no other until it has."""
    heard_unix_s: float | None = None
    """When it gave its last sign of life; None if it has given none since the daemon started."""


class TargetView(Struct, frozen=True, kw_only=True):
    """A QPU that jobs can name."""

    name: str
    controller: str


class Controllers(Struct, frozen=True, array_like=True, tag=113):
    """The station's targets and controllers."""

    request: int
    targets: tuple[TargetView, ...]
    controllers: tuple[ControllerView, ...]


class Failure(Struct, frozen=True, array_like=True, tag=114):
    """The request was not carried out."""

    request: int
    error: ErrorInfo


class RetryAnswer(Struct, frozen=True, array_like=True, tag=115):
    """What came of a retry."""

    request: int
    outcome: Literal["opened", "nothing_to_collect", "controller_unreachable"]
    attempt: int
    """The job's newest attempt, on disk."""


Reply = (
    Pong
    | Submitted
    | SubmittedMany
    | Job
    | Jobs
    | CancelAnswer
    | Chunk
    | Snapshot
    | Events
    | ProgressReport
    | StreamBeat
    | Calibration
    | Calibrations
    | Controllers
    | Failure
    | RetryAnswer
    | Overview
    | JobLog
    | AuditTrail
    | Versions
    | ProvenanceAnswer
    | Compiled
    | records.Deleted
    | records.Counted
    | records.Input
    | records.Projects
    | queue.Placed
    | queue.Targets
    | queue.QueueListing
    | queue.Explanation
    | Guards
)
