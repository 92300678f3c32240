"""Calibration files: what they mean, and what is said of mistakes."""

import pytest

from stationd.client.calibration_file import read_calibration
from stationd.proto.calibration import Observation
from stationd.proto.error import RequestError

MONDAY = """
target = "qpu"
name = "monday morning"

[[observation]]
path = "QB1.t1"
value = 42e-6
unit = "s"
uncertainty = 1e-6
time = 2026-03-02T08:15:00Z

[[observation]]
path = "QB1.readout.threshold"
value = 3
"""


def test_observations_are_read() -> None:
    found = read_calibration(MONDAY, "monday.toml")
    assert (found.target, found.name) == ("qpu", "monday morning")
    assert found.observations == (
        Observation(
            path="QB1.t1", value=42e-6, unit="s", uncertainty=1e-6, time_unix_s=1772439300.0
        ),
        Observation(path="QB1.readout.threshold", value=3.0),
    )


ONE = 'target = "qpu"\n[[observation]]\n'
MISTAKES = {
    "target": r"not TOML",
    "": r"target: is missing",
    'target = "qpu"': r"observation: is missing",
    'target = "qpu"\nqubits = 5': r"qubits: unknown",
    ONE: r"observation\[0\].path: is missing",
    ONE + 'path = "a"': r"observation\[0\].value: is missing",
    ONE + 'path = "a"\nvalue = "b"': r"observation\[0\].value: expected float, got str",
    ONE + 'path = "a"\nvalue = 1\ntime = "now"': r"observation\[0\].time: must be a date",
    ONE + 'path = "a"\nvalue = 1\nerror = 1': r"observation\[0\].error: unknown",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_file_key_and_reason(text: str) -> None:
    with pytest.raises(RequestError, match=MISTAKES[text]) as caught:
        read_calibration(text, "my.toml")
    assert "my.toml cannot be used" in str(caught.value)
