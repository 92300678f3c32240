"""What clients wrote is checked, and quoted in part."""

import pytest

from stationd.proto.error import ErrorCode, ErrorInfo, Problem, RequestError
from stationd.runtime.api.client_text import LONGEST_ERROR, MOST_QUOTED, bounded, check_id, shown

GOOD = "0d1a6a3e-7c1b-4f5e-9d8a-2b3c4d5e6f70"


def test_a_uuid_is_let_in() -> None:
    check_id(GOOD)


@pytest.mark.parametrize(
    "text", ["", "x", GOOD.upper(), f"{{{GOOD}}}", GOOD.replace("-", ""), f"{GOOD}\n", "../../etc"]
)
def test_nothing_else_is(text: str) -> None:
    with pytest.raises(RequestError, match="UUID"):
        check_id(text)


def test_a_long_text_is_cut() -> None:
    assert shown("short") == "'short'"
    assert len(shown("x" * 10_000)) < MOST_QUOTED + 10


def test_an_error_repeats_no_more_than_a_page() -> None:
    short = ErrorInfo(ErrorCode.INVALID_JOB, "no", (Problem("no such gate", 0, 3),))
    assert bounded(short) is short
    long = "x" * 300_000
    found = bounded(ErrorInfo(ErrorCode.INVALID_JOB, long, (Problem(long, 0, 3), Problem("no"))))
    assert len(found.detail) == len(found.problems[0].message) == LONGEST_ERROR + 3
    assert found.problems[0].line == 3
    assert found.problems[1].message == "no"
