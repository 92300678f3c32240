"""A timeline becomes the spans of a trace, the same ones every time."""

import msgspec

from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId, JobView, TimelineEntry
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.tracing.spans import (
    CONTROLLER,
    WORKER,
    Span,
    Work,
    attempts,
    span_id,
    spans,
    trace_id,
)

JOB = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
WARM = ErrorInfo(ErrorCode.DRIVER_FAILED, "the fridge is warm")
WHOLE = (
    S.RECEIVED,
    S.VALIDATION_STARTED,
    S.VALIDATION_ENDED,
    S.COMPILATION_STARTED,
    S.COMPILATION_ENDED,
    S.PENDING_EXECUTION,
    S.EXECUTION_STARTED,
    S.EXECUTION_ENDED,
    S.POST_PROCESSING_STARTED,
    S.POST_PROCESSING_ENDED,
    S.READY,
)
QPU = Work(
    service=CONTROLLER,
    name="qpu",
    stage="execute",
    attempt=1,
    start_unix_s=6.25,
    end_unix_s=6.75,
    attributes={"stationd.ticket": 7},
)


def view(*statuses: S, attempt: int = 1, retrying: bool = False) -> JobView:
    """A job that came to a status every second."""
    timeline = tuple(
        TimelineEntry(
            seq=second,
            ordinal=second,
            attempt=attempt,
            status=status,
            time_unix_s=float(second),
            error=WARM if status is S.FAILED else None,
            retrying=retrying and status is S.FAILED,
        )
        for second, status in enumerate(statuses)
    )
    return JobView(
        id=JOB,
        number=1,
        kind="circuits",
        target="qpu",
        status=statuses[-1],
        attempt=attempt,
        created_unix_s=0.0,
        modified_unix_s=10.0,
        seq=1,
        timeline=timeline,
        name="bell",
    )


def by_name(found: list[Span]) -> dict[str, Span]:
    assert len({span.id for span in found}) == len(found)
    return {span.name: span for span in found}


def test_an_attempt_is_a_trace_with_a_span_for_each_stage() -> None:
    found = by_name(spans(view(*WHOLE), 1, [QPU]))
    assert list(found) == [
        *("job", "validate", "compile", "queue", "execute", "post_process"),
        "execute qpu",
    ]
    job = found["job"]
    assert (job.start_ns, job.end_ns, job.parent) == (0, 10_000_000_000, 0)
    assert job.attributes["stationd.status"] == "ready"
    assert job.attributes["stationd.job.name"] == "bell"
    queue = found["queue"]
    assert (queue.start_ns, queue.end_ns) == (5_000_000_000, 6_000_000_000)
    assert queue.parent == job.id
    qpu = found["execute qpu"]
    assert (qpu.parent, qpu.service) == (found["execute"].id, CONTROLLER)
    assert (qpu.start_ns, qpu.end_ns) == (6_250_000_000, 6_750_000_000)
    assert {span.trace for span in found.values()} == {trace_id(JOB, 1)}


def test_ids_follow_from_the_job_and_the_attempt() -> None:
    assert spans(view(*WHOLE), 1, [QPU]) == spans(view(*WHOLE), 1, [QPU])
    assert len({trace_id(JOB, 1), trace_id(JOB, 2), span_id(JOB, 1), span_id(JOB, 1, "queue")}) == 4


def test_a_failure_is_told_where_it_happened() -> None:
    found = by_name(spans(view(S.RECEIVED, S.EXECUTION_STARTED, S.FAILED), 1, []))
    assert found["execute"].error == found["job"].error == str(WARM)
    assert found["job"].attributes["error.type"] == "driver_failed"
    assert found["execute"].end_ns == found["job"].end_ns


def test_a_cancel_is_no_error() -> None:
    found = by_name(
        spans(view(S.RECEIVED, S.PENDING_EXECUTION, S.PENDING_EXECUTION, S.ABORTED), 1, [])
    )
    assert list(found) == ["job", "queue"]
    assert found["queue"].start_ns == 1_000_000_000
    assert not found["job"].error


def test_what_is_not_over_has_no_trace() -> None:
    assert spans(view(S.RECEIVED, S.EXECUTION_STARTED), 1, []) == []
    assert spans(view(*WHOLE), 2, []) == []


def test_work_of_a_stage_that_never_was_belongs_to_the_attempt() -> None:
    lost = Work(
        service=WORKER, name="f", stage="compile", attempt=1, start_unix_s=2.0, end_unix_s=1.0
    )
    found = by_name(spans(view(S.RECEIVED, S.READY), 1, [lost, QPU]))
    assert found["compile f"].parent == found["job"].id
    assert found["compile f"].end_ns == found["compile f"].start_ns


def test_attempts_that_follow_by_themselves_are_traces_of_their_own_linked_to_each_other() -> None:
    failed = view(S.RECEIVED, S.FAILED, retrying=True)
    again = view(S.RECEIVED, S.READY, attempt=2)
    both = msgspec.structs.replace(again, timeline=failed.timeline + again.timeline)
    assert attempts(both) == [1, 2]
    assert attempts(view(S.READY, attempt=2)) == [2]
    (first,), (second,) = spans(both, 1, []), spans(both, 2, [])
    assert first.follows is None
    assert second.follows == (first.trace, first.id)
