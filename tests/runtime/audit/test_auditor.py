"""Which requests have a line."""

import pytest

from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.jobs_protocol import (
    Cancel,
    CancelAnswer,
    Failure,
    Get,
    Request,
    Submit,
    Submitted,
)
from stationd.runtime.audit.answered import Asked
from stationd.runtime.audit.auditor import REFUSALS_AT_ONCE, Auditor
from tests.runtime.audit.written import Written
from tests.runtime.bench import StillClock, job_id, null_spec


def asked(request: Request | None, user: str = "ada") -> Asked:
    return Asked(user, "submitter", "", "", "", request)


def refusal(code: ErrorCode = ErrorCode.FORBIDDEN) -> Failure:
    return Failure(1, ErrorInfo(code, "no"))


def test_the_answer_to_a_change_waits_for_its_line() -> None:
    trail, sent = Written(), list[str]()
    auditor = Auditor(trail, StillClock())
    auditor.changed(
        asked(Cancel(1, job_id(1))), CancelAnswer(1, "accepted"), lambda: sent.append("answer")
    )
    assert len(trail.lines) == 1
    assert sent == []
    trail.waiting[0]()
    assert sent == ["answer"]


def test_the_answer_to_a_submit_and_a_refusal_wait_for_nothing() -> None:
    trail, sent = Written(), list[str]()
    auditor = Auditor(trail, StillClock())
    submit = Submit(1, job_id(1), null_spec())
    auditor.changed(
        asked(submit), Submitted(1, job_id(1), 1, created=True), lambda: sent.append("stored")
    )
    auditor.changed(asked(Cancel(2, job_id(1))), refusal(), lambda: sent.append("no"))
    assert sent == ["stored", "no"]
    assert [line.outcome for line in trail.lines] == ["done", "refused"]


@pytest.mark.parametrize(
    ("code", "has_a_line"),
    [
        (ErrorCode.FORBIDDEN, True),
        (ErrorCode.TOO_MANY_REQUESTS, True),
        (ErrorCode.MALFORMED_FRAME, True),
        (ErrorCode.UNKNOWN_JOB, False),
        (ErrorCode.INVALID_REQUEST, False),
    ],
)
def test_who_only_looks_has_a_line_if_refused_for_what_they_are_or_do(
    code: ErrorCode,
    has_a_line: bool,  # noqa: FBT001 - a row of the table
) -> None:
    trail = Written()
    Auditor(trail, StillClock()).refused(lambda: asked(Get(1, job_id(1))), refusal(code))
    assert bool(trail.lines) == has_a_line


def test_who_is_refused_for_ever_fills_no_disk_and_is_counted() -> None:
    trail, clock = Written(), StillClock()
    auditor = Auditor(trail, clock)
    for _ in range(REFUSALS_AT_ONCE + 50):
        auditor.refused(lambda: asked(None, "eve"), refusal())
    auditor.refused(lambda: asked(None, "ada"), refusal())
    assert len(trail.lines) == REFUSALS_AT_ONCE + 1
    clock.now += 60.0
    auditor.refused(lambda: asked(None, "eve"), refusal())
    assert trail.lines[-1].left_out == 50
    auditor.refused(lambda: asked(None, "eve"), refusal())
    assert trail.lines[-1].left_out == 0
