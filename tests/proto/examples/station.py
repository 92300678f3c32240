"""Examples of messages about the station as a whole."""

from stationd.proto.audit_requests import AuditLine, AuditTrail, ReadAudit
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.station_requests import JobLog, LogLine, Overview, Ping, Pong, ReadLog, Survey
from stationd.proto.version_requests import ReadVersions, RunningVersions, Versions
from tests.proto.examples.values import BARE_VIEW, JOB

REQUESTS: dict[str, Request] = {
    "Ping": Ping(1, "0.1.0"),
    "Survey": Survey(21),
    "ReadLog": ReadLog(22, JOB),
    "ReadVersions": ReadVersions(82, 10.5),
    "ReadLog, waiting": ReadLog(22, JOB, after=7, wait=True),
    "ReadAudit": ReadAudit(23, "ada", 10.5, "refused", 7),
}

REPLIES: dict[str, Reply] = {
    "Pong": Pong(1, "lab", 3, "0.1.0"),
    "Overview": Overview(
        21,
        time_unix_s=60.5,
        since_unix_s=0.5,
        received=12,
        ended={"ready": 9, "failed": 1, "aborted": 0},
        under_way={"execution_started": 1, "pending_execution": 1},
        queued=1,
        listeners=2,
        commits=70,
        commit_seconds=0.25,
        trouble="the disk is full",
        running=(BARE_VIEW,),
    ),
    "JobLog": JobLog(
        22,
        (
            LogLine(
                time_unix_s=1.5,
                source="qpu",
                level="WARNING",
                logger="lab.driver",
                message="the source does not lock",
                trace="Traceback ...",
            ),
        ),
        more=True,
    ),
    "Versions": Versions(
        82,
        (
            RunningVersions(controller="", since_unix_s=1.5, versions={"Python": "3.11.2"}),
            RunningVersions(controller="qpu", since_unix_s=2.5, versions={"numpy": "2.0.1"}),
        ),
    ),
    "JobLog, with fields": JobLog(
        22,
        (
            LogLine(
                time_unix_s=1.5,
                source="daemon",
                level="WARNING",
                logger="stationd",
                message="x",
                attempt=2,
                ticket=7,
                stage="compile",
                controller="qpu",
                code="driver_failed",
                number=8,
            ),
        ),
        more=False,
    ),
    "Pong, to a user": Pong(1, "lab", 3, "0.1.0", "ada", "operator"),
    "AuditTrail": AuditTrail(
        23,
        (
            AuditLine(
                time_unix_s=1.5,
                user="ada",
                role="submitter",
                means="unix:1000",
                peer="localhost:1000:1000:77",
                endpoint="ipc:///run/stationd/jobs.sock",
                request="Cancel",
                subject=JOB,
                outcome="refused",
                code="forbidden",
                detail="it is max'",
                left_out=3,
            ),
            AuditLine(time_unix_s=2.5, user="", request="SubmitMany", jobs=5, outcome="done"),
        ),
        more=True,
    ),
}
