"""Examples of messages about the queue."""

from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.queue_requests import (
    Explanation,
    Hold,
    ListQueue,
    ListTargets,
    Lock,
    Maintain,
    Move,
    Placed,
    Prioritise,
    QueueEntry,
    QueueListing,
    Reason,
    Release,
    ReservationView,
    Reserve,
    SetTarget,
    Targets,
    TargetState,
    Unlock,
    Unreserve,
    Why,
)
from tests.proto.examples.values import JOB, SET

REQUESTS: dict[str, Request] = {
    "Hold": Hold(61, JOB),
    "Release": Release(62, JOB),
    "Prioritise": Prioritise(63, JOB, -10),
    "Move": Move(64, JOB, JobId(SET)),
    "SetTarget": SetTarget(65, "qpu", "paused", "a leak"),
    "Reserve": Reserve(66, SET, "qpu", "p1", 10.5, 20.5, "a demonstration"),
    "Unreserve": Unreserve(67, SET),
    "ListTargets": ListTargets(68),
    "ListQueue": ListQueue(69, "qpu", 10),
    "Why": Why(70, JOB),
    "Maintain": Maintain(71, SET, "qpu", 10.5, 20.5, "a leak"),
    "Lock": Lock(72, "qpu", "ask Ann"),
    "Unlock": Unlock(73, "qpu", force=True),
}

REPLIES: dict[str, Reply] = {
    "Placed": Placed(61, JOB, -10, held=True, position=None),
    "Targets": Targets(
        65,
        (
            TargetState(
                controller="qpu",
                targets=("q5",),
                state="paused",
                note="a leak",
                waiting=12,
                line=3,
            ),
            TargetState(controller="adc", targets=()),
        ),
        (
            ReservationView(
                id=SET,
                controller="qpu",
                project="p1",
                from_unix_s=10.5,
                to_unix_s=20.5,
                note="a demonstration",
            ),
        ),
    ),
    "Targets, locked and under maintenance": Targets(
        72,
        (
            TargetState(
                controller="qpu",
                targets=(),
                locked_by="ann",
                locked_unix_s=1.5,
                lock_note="ask Ann",
            ),
        ),
        (
            ReservationView(
                id=SET,
                controller="qpu",
                project="",
                from_unix_s=10.5,
                to_unix_s=20.5,
                maintenance=True,
            ),
        ),
    ),
    "QueueListing": QueueListing(
        69,
        40,
        (
            QueueEntry(
                job=JOB,
                number=7,
                state="early",
                controllers=("adc", "qpu"),
                project="p1",
                priority=3,
                since_unix_s=1.5,
                not_before=9.5,
                moved=True,
            ),
            QueueEntry(job=JOB, number=8, state="waiting", controllers=("qpu",)),
        ),
    ),
    "Explanation": Explanation(70, JOB, (Reason("held", "it is held until somebody lets it go"),)),
}
