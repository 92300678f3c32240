"""A job's timeline is parted into stages, with a cancel shown until the job is over."""

from stationd import JobExecutorStatus
from stationd.client.pictures.spans import Span, spans
from tests.client.pictures.drawn import timeline

S = JobExecutorStatus


def test_spans_follow_a_job_from_stage_to_stage() -> None:
    entries = timeline(
        (S.RECEIVED, 1.0),
        (S.VALIDATION_STARTED, 1.5),
        (S.VALIDATION_ENDED, 2.0),
        (S.FETCH_CALIBRATION_STARTED, 2.0),
        (S.FETCH_CALIBRATION_ENDED, 3.0),
        (S.FAILED, 4.0),
    )
    assert spans(entries) == [
        Span("validate", 1.0, 2.0),
        Span("fetch calibration", 2.0, 3.0),
        Span("compile", 3.0, 4.0),
    ]


def test_every_status_that_ends_no_job_belongs_to_a_stage() -> None:
    for status in S.in_progress_statuses():
        assert spans(timeline((status, 0.0), (S.ABORTED, 1.0))) != []


def test_a_cancel_shows_until_the_job_is_over() -> None:
    entries = timeline(
        (S.EXECUTION_STARTED, 0.0), (S.EXECUTION_STARTED, 2.0), (S.ABORTED, 3.0), cancelling=1
    )
    assert spans(entries) == [Span("execute", 0.0, 2.0), Span("cancelling", 2.0, 3.0)]
