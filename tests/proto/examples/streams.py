"""Examples of messages about streams."""

from stationd.proto.job import Progress
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.stream_requests import (
    Events,
    FeedEvent,
    Grant,
    Listen,
    ProgressReport,
    Snapshot,
    StreamBeat,
    Unlisten,
)
from tests.proto.examples.values import FACT, FULL_VIEW, JOB, LAST_FACT, RETRIED_FACT

REQUESTS: dict[str, Request] = {
    "Listen": Listen(10, (JOB,), None, 1000),
    "Listen, all jobs": Listen(11, None, 42, 1000),
    "Grant": Grant(10, 500),
    "Unlisten": Unlisten(10),
}

REPLIES: dict[str, Reply] = {
    "Snapshot": Snapshot(7, 42, (FULL_VIEW,)),
    "Events": Events(8, (FeedEvent(JOB, FACT), FeedEvent(JOB, LAST_FACT))),
    "ProgressReport": ProgressReport(9, JOB, Progress(done=10, total=100, unit="shots")),
    "ProgressReport, in the queue": ProgressReport(10, JOB, None, 4),
    "Events, of an attempt that another one follows": Events(16, (FeedEvent(JOB, RETRIED_FACT),)),
    "StreamBeat": StreamBeat(11),
}
