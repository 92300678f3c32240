"""What clients wrote is checked, and quoted in part."""

import pytest

from stationd.proto.error import RequestError
from stationd.runtime.api.client_text import MOST_QUOTED, check_id, shown

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
