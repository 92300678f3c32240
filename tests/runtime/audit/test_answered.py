"""From a request and its answer to a line."""

import pytest

from stationd.proto.audit_requests import AuditLine
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Failure,
    NewJob,
    Reply,
    Request,
    SubmitAnswer,
    SubmitMany,
    SubmittedMany,
    UseCalibration,
)
from stationd.proto.queue_requests import SetTarget
from stationd.runtime.audit.answered import (
    LONGEST_DETAIL,
    LONGEST_SUBJECT,
    Asked,
    in_words,
    line_of,
    subject_of,
)
from tests.runtime.bench import job_id, null_spec

NO = ErrorInfo(ErrorCode.FORBIDDEN, "it is max's")


def of(request: Request | None, reply: Reply, left_out: int = 0) -> AuditLine:
    asked = Asked("ada", "submitter", "unix:7", "localhost:7:7:1", "ipc:///x", request)
    return line_of(asked, reply, 5.0, left_out)


def test_a_line_says_who_asked_for_what_and_what_became_of_it() -> None:
    assert of(Cancel(1, job_id(7)), CancelAnswer(1, "accepted")) == AuditLine(
        time_unix_s=5.0,
        user="ada",
        role="submitter",
        means="unix:7",
        peer="localhost:7:7:1",
        endpoint="ipc:///x",
        request="Cancel",
        subject=job_id(7),
        outcome="done",
    )
    refused = of(Cancel(1, job_id(7)), Failure(1, NO), 3)
    assert (refused.outcome, refused.code, refused.detail) == (
        "refused",
        "forbidden",
        "it is max's",
    )
    assert refused.left_out == 3


def a_batch(*errors: ErrorInfo | None) -> tuple[SubmitMany, SubmittedMany]:
    jobs = tuple(NewJob(job_id(number), null_spec()) for number in range(len(errors)))
    answers = tuple(SubmitAnswer(0, created=error is None, error=error) for error in errors)
    return SubmitMany(1, jobs), SubmittedMany(1, answers)


def test_a_batch_is_one_line_with_its_first_job_and_how_many_were_let_in() -> None:
    line = of(*a_batch(None, NO, None))
    assert (line.subject, line.jobs, line.outcome) == (job_id(0), 2, "done")
    line = of(*a_batch(NO, NO))
    assert (line.jobs, line.outcome, line.code) == (0, "refused", "forbidden")


@pytest.mark.parametrize(
    ("request_", "subject"),
    [
        (SetTarget(1, "qpu", "paused", ""), "qpu"),
        (UseCalibration(1, "a set"), "a set"),
        (None, ""),
    ],
)
def test_the_subject_is_what_a_request_is_about(request_: Request | None, subject: str) -> None:
    assert subject_of(request_) == subject


def test_no_client_makes_a_line_long() -> None:
    info = ErrorInfo(ErrorCode.INVALID_REQUEST, "y" * 10_000)
    line = of(Cancel(1, JobId("x" * 100_000)), Failure(1, info))
    assert len(line.subject) == LONGEST_SUBJECT
    assert len(line.detail) == LONGEST_DETAIL


def test_a_refusal_says_in_words_who_was_refused_what() -> None:
    assert in_words(of(Cancel(1, job_id(7)), Failure(1, NO), 3)) == (
        f"refused: Cancel of {job_id(7)} by ada (submitter, unix:7): forbidden: it is max's; 3 more"
        " before it"
    )
    assert in_words(of(*a_batch(None, None))).startswith(f"SubmitMany of {job_id(0)} and others, 2")
