"""Calibration files: what they mean, and what is said of mistakes."""

import pytest

from stationd.client.files.calibration import read_calibration
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


@pytest.mark.parametrize(
    ("line", "valid_for", "expires"),
    [
        ("", None, None),
        ('valid_for = "12h"', 43_200.0, None),
        ("valid_for = 90", 90.0, None),
        ("expires = 2026-03-02T20:00:00Z", None, 1_772_481_600.0),
    ],
)
def test_a_set_says_until_when_it_is_fresh(
    line: str, valid_for: float | None, expires: float | None
) -> None:
    text = f'target = "qpu"\n{line}\n[[observation]]\npath = "a.t1"\nvalue = 1.0\n'
    found = read_calibration(text, "monday.toml")
    assert (found.valid_for, found.expires_unix_s) == (valid_for, expires)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('valid_for = "soon"', "12h"),
        ("valid_for = 0", "12h"),
        ("valid_for = true", "12h"),
        ('valid_for = "12h"\nexpires = 2026-03-02T20:00:00Z', "leave one out"),
    ],
)
def test_an_expiry_that_makes_no_sense_is_refused(line: str, words: str) -> None:
    text = f'target = "qpu"\n{line}\n[[observation]]\npath = "a.t1"\nvalue = 1.0\n'
    with pytest.raises(RequestError, match=words):
        read_calibration(text, "monday.toml")


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
