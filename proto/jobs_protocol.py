"""The jobs protocol: requests of clients and replies of the daemon.

Every request carries a number chosen by the client, and every reply carries it back; the
numbers of one connection are never used twice. All requests may be sent again after a lost
connection: a second Submit of the same id gives the same job, a second Cancel changes nothing.

Every tag and every field keeps its place for ever: fields are only added at the end, with a
default. The messages stand in a room for each subject; which of them belong to the protocol is
said here alone, in two unions.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stationd.proto import project_requests as records
from stationd.proto import queue_requests as queue
from stationd.proto.audit_requests import AuditTrail, ReadAudit
from stationd.proto.calibration_requests import (
    Calibration,
    Calibrations,
    GetCalibration,
    ImportCalibration,
    ListCalibrations,
    UseCalibration,
)
from stationd.proto.compiled_requests import Compiled, ReadCompiled
from stationd.proto.controller_requests import (
    Controllers,
    ControllerView,
    ListControllers,
    ResetController,
    TargetView,
)
from stationd.proto.error import ErrorInfo
from stationd.proto.guard_requests import Guards, ListGuards
from stationd.proto.job_requests import (
    MOST_LISTED,
    MOST_SUBMITTED,
    Cancel,
    CancelAnswer,
    Get,
    Job,
    Jobs,
    List,
    NewJob,
    Retry,
    RetryAnswer,
    RetryStatus,
    Submit,
    SubmitAnswer,
    SubmitMany,
    Submitted,
    SubmittedMany,
)
from stationd.proto.number import Natural
from stationd.proto.provenance import ProvenanceAnswer, ReadProvenance
from stationd.proto.result_requests import CHUNK_BYTES, Chunk, Fetch, Peek
from stationd.proto.station_requests import JobLog, Overview, Ping, Pong, ReadLog, Survey
from stationd.proto.stream_requests import (
    MOST_CREDIT,
    MOST_LISTENED,
    EncodedEvents,
    Events,
    FeedEvent,
    Grant,
    Listen,
    ProgressReport,
    Snapshot,
    StreamBeat,
    Unlisten,
)
from stationd.proto.version_requests import ReadVersions, Versions

__all__ = [
    "CHUNK_BYTES",
    "MOST_CREDIT",
    "MOST_LISTED",
    "MOST_LISTENED",
    "MOST_SUBMITTED",
    "PROTOCOL",
    "VERSION",
    "Calibration",
    "Calibrations",
    "Cancel",
    "CancelAnswer",
    "Chunk",
    "ControllerView",
    "Controllers",
    "EncodedEvents",
    "Events",
    "Failure",
    "FeedEvent",
    "Fetch",
    "Get",
    "GetCalibration",
    "Grant",
    "ImportCalibration",
    "Job",
    "Jobs",
    "List",
    "ListCalibrations",
    "ListControllers",
    "Listen",
    "NewJob",
    "Ping",
    "Pong",
    "ProgressReport",
    "Reply",
    "Request",
    "RequestNumber",
    "ResetController",
    "Retry",
    "RetryAnswer",
    "RetryStatus",
    "Snapshot",
    "StreamBeat",
    "Submit",
    "SubmitAnswer",
    "SubmitMany",
    "Submitted",
    "SubmittedMany",
    "TargetView",
    "Unlisten",
    "UseCalibration",
]

PROTOCOL: Final = b"stj"
VERSION: Final = (1, 0)

RequestNumber = Natural
"""From 1; 0 in a reply stands for a request whose number could not be read."""


class Failure(Struct, frozen=True, array_like=True, tag=114):
    """The request was not carried out."""

    request: int
    error: ErrorInfo


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
