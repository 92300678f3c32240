"""Calibration sets."""

import msgspec
import pytest

from stationd.proto.calibration import CalibrationSet, Observation


def test_values_are_found_by_path() -> None:
    observations = (
        Observation(path="QB1.t1", value=35e-6, unit="s"),
        Observation(path="QB1-QB2.cz.fidelity", value=0.99),
    )
    stored = CalibrationSet(id="c", target="qpu", observations=observations, created_unix_s=0.0)
    assert stored.values() == {"QB1.t1": 35e-6, "QB1-QB2.cz.fidelity": 0.99}


def test_a_set_is_fresh_until_it_expires_and_for_ever_if_it_does_not() -> None:
    stored = CalibrationSet(id="c", target="qpu", observations=(), created_unix_s=0.0)
    assert not stored.expired(1e12)
    soon = msgspec.structs.replace(stored, expires_unix_s=5.0)
    assert [soon.expired(time) for time in (4.9, 5.0, 5.1)] == [False, True, True]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("path", ""),
        ("path", "x" * 201),
        ("value", float("nan")),
        ("value", float("inf")),
        ("uncertainty", float("-inf")),
        ("time_unix_s", -1.0),
    ],
)
def test_an_observation_that_cannot_be_stored_is_refused(field: str, value: object) -> None:
    raw: dict[str, object] = {"path": "QB1.t1", "value": 1.0, field: value}
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{field}"):
        msgspec.convert(raw, Observation)
