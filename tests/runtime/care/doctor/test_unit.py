"""A unit of systemd that does not fit the configuration is told."""

import pytest

from stationd.runtime.care.doctor.unit import judged

GOOD = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "UnitFileState": "enabled",
    "NeedDaemonReload": "no",
    "TimeoutStopUSec": "1min",
    "LimitNOFILE": "65536",
    "PrivateUsers": "no",
}


def test_a_unit_that_fits_is_well() -> None:
    assert [one.state for one in judged(GOOD, 20.0)] == ["ok"]


def test_no_unit_is_no_trouble() -> None:
    assert [one.state for one in judged({"LoadState": "not-found"}, 20.0)] == ["ok"]


@pytest.mark.parametrize(
    ("name", "value", "state", "word"),
    [
        ("ActiveState", "failed", "fail", "reset-failed"),
        ("NeedDaemonReload", "yes", "warn", "daemon-reload"),
        ("UnitFileState", "disabled", "warn", "systemctl enable"),
        ("TimeoutStopUSec", "30s", "warn", "TimeoutStopSec"),
        ("LimitNOFILE", "1024", "warn", "systemctl edit"),
        ("PrivateUsers", "yes", "fail", "systemctl edit"),
    ],
)
def test_what_does_not_fit_is_told_with_what_to_do(
    name: str, value: str, state: str, word: str
) -> None:
    (found,) = judged({**GOOD, name: value}, 20.0)
    assert found.state == state
    assert word in found.advice
