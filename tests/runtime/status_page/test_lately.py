"""What the time was spent on in the last hour."""

from stationd.runtime.status_page.lately import Lately


def test_shares_are_of_the_time_since_the_oldest_sample() -> None:
    lately = Lately()
    assert lately.shares({"a": (0.0, 10.0)}) == (10.0, {"a": (0.0, 1.0)})
    lately.sample({"a": (0.0, 10.0)})
    assert lately.shares({"a": (0.0, 10.0)}) == (0.0, {"a": (0.0, 0.0)})
    assert lately.shares({"a": (30.0, 20.0)}) == (40.0, {"a": (0.75, 0.25)})


def test_an_hour_is_remembered() -> None:
    lately = Lately()
    for minute in range(200):
        lately.sample({"a": (60.0 * minute, 0.0)})
    span, _ = lately.shares({"a": (60.0 * 200, 0.0)})
    assert span == 3600.0
