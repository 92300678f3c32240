"""Times that lie behind, as people type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from stationd.client.stationctl.typed.past import past_time

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=2)))
TYPED = {
    "90s": "2026-11-22T11:58:30",
    "5min": "2026-11-22T11:55:00",
    "1.5 h": "2026-11-22T10:30:00",
    "2D": "2026-11-20T12:00:00",
    "1w": "2026-11-15T12:00:00",
    "11:30": "2026-11-22T11:30:00",
    "12:00:01": "2026-11-21T12:00:01",
    "today": "2026-11-22T00:00:00",
    " Yesterday ": "2026-11-21T00:00:00",
    "2026-11-01": "2026-11-01T00:00:00",
    "2026-11-01 08:15": "2026-11-01T08:15:00",
}


@pytest.mark.parametrize("text", TYPED)
def test_it_is_local_unless_it_says_otherwise(text: str) -> None:
    assert past_time(text, NOW) == datetime.fromisoformat(f"{TYPED[text]}+02:00")


def test_a_zone_that_is_written_counts() -> None:
    assert past_time("2026-11-01T08:00Z", NOW) == datetime(2026, 11, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "2 h ago", "-2h", "2026-13-01"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        past_time(text, NOW)
