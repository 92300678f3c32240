"""A clock that nobody keeps right, or that was set back, is told."""

import pytest

from stationd.runtime.care.doctor.clock import jumps, synchronised


@pytest.mark.parametrize(("kernel", "state"), [(0, "ok"), (5, "warn"), (None, "ok")])
def test_a_clock_that_nobody_keeps_right_is_told(kernel: int | None, state: str) -> None:
    assert synchronised(kernel).state == state


@pytest.mark.parametrize(
    ("newest", "back", "state"),
    [(100.0, 0.0, "ok"), (100.0, 30.0, "ok"), (5000.0, 0.0, "warn"), (100.0, 3600.0, "warn")],
)
def test_a_clock_that_was_set_back_is_told(newest: float, back: float, state: str) -> None:
    assert jumps(newest, back, now_unix_s=1000.0).state == state
