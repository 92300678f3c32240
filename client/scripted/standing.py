"""What a scripted station says of itself, as a test has told it to."""

from __future__ import annotations

from typing import Final

import msgspec

from stationd.proto import jobs_protocol as wire
from stationd.proto.audit_requests import AuditLine, AuditTrail, ReadAudit
from stationd.proto.guard_requests import Guards, GuardState, ListGuards
from stationd.proto.queue_requests import ListQueue, QueueEntry, QueueListing
from stationd.proto.station_requests import JobLog, LogLine, Overview, ReadLog, Survey
from stationd.proto.version_requests import ReadVersions, RunningVersions, Versions

NOTHING_DONE: Final = Overview(
    0,
    time_unix_s=1_700_000_000.0,
    since_unix_s=1_700_000_000.0,
    received=0,
    ended={"ready": 0, "failed": 0, "aborted": 0},
    under_way={},
    queued=0,
    listeners=0,
    commits=0,
    commit_seconds=0.0,
    trouble="",
    running=(),
)
"""A station that has just started."""

AboutTheStation = (
    wire.ListControllers | Survey | ReadLog | ReadAudit | ReadVersions | ListQueue | ListGuards
)


class ScriptedStanding:
    """Controllers, targets, the queue and the logs, to be set by a test."""

    def __init__(self) -> None:
        super().__init__()
        self.controllers: tuple[wire.ControllerView, ...] = ()
        self.targets: tuple[wire.TargetView, ...] = ()
        self.queue: tuple[QueueEntry, ...] = ()
        self.guards: tuple[GuardState, ...] = ()
        self.overview = NOTHING_DONE
        self.log: tuple[LogLine, ...] = ()
        """What was logged, of whichever job."""
        self.audit: tuple[AuditLine, ...] = ()
        self.versions: tuple[RunningVersions, ...] = ()

    def tell(self, request: AboutTheStation) -> wire.Reply:
        """Answer what is asked about the whole station."""
        match request:
            case wire.ListControllers():
                return wire.Controllers(request.request, self.targets, self.controllers)
            case Survey():
                return msgspec.structs.replace(self.overview, request=request.request)
            case ReadLog():
                log = tuple(one for one in self.log if one.number >= request.after)
                return JobLog(request.request, log, more=False)
            case ReadAudit():
                return AuditTrail(request.request, self.audit, more=False)
            case ReadVersions():
                return Versions(request.request, self.versions)
            case ListGuards():
                return Guards(request.request, self.guards)
            case ListQueue():
                return QueueListing(request.request, len(self.queue), self.queue)
