"""The watchdog is fed by signs of life alone."""

import pytest

from stationd.runtime.service.watchdog import wanted

PID = 4242


def test_its_patience_is_in_the_environment() -> None:
    assert wanted({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "4242"}, PID) == 30.0
    assert wanted({"WATCHDOG_USEC": "500000"}, PID) == 0.5


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"},  # a child has inherited it
    ],
)
def test_nobody_watches(environment: dict[str, str]) -> None:
    assert wanted(environment, PID) is None
