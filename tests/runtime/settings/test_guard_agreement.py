"""A guard that cannot be is refused, with what to do."""

import pytest

from stationd.runtime.settings import SettingsError, parse

COLD: dict[str, object] = {"readout": "fridge.plate", "maximum": 0.02, "targets": ["qpu", "fridge"]}


def said(**how: object) -> str:
    """Return what is wrong with a guard; of what is None nothing is said."""
    guard = {name: value for name, value in {**COLD, **how}.items() if value is not None}
    data = {
        "controllers": {"fridge": {"driver": "null"}, "rack": {"driver": "null"}},
        "targets": {"qpu": {"controller": "rack"}},
        "guards": {"cold": guard},
    }
    with pytest.raises(SettingsError) as raised:
        parse(data, "station.toml")
    return str(raised.value)


def test_a_guard_that_can_be_is_taken() -> None:
    data = {
        "controllers": {"fridge": {"driver": "null"}},
        "guards": {"cold": {**COLD, "targets": ["fridge"]}},
    }
    settings = parse(data, "station.toml")
    assert settings.guards["cold"].maximum == 0.02


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"readout": "fridge"}, "guards.cold.readout: 'fridge' is not a controller's name, a dot"),
        ({"readout": "frige.plate"}, "no controller is called 'frige'; did you mean 'fridge'?"),
        ({"maximum": None}, "nothing says what it must be: give minimum, maximum or expected"),
        ({"expected": True}, "guards.cold.expected: stands in the place of minimum and maximum"),
        ({"minimum": 1.0}, "guards.cold.minimum: 1 is above the maximum, 0.02"),
        ({"targets": ["qpi"]}, "no target or controller is called 'qpi'; did you mean 'qpu'?"),
        ({"targets": []}, "guards.cold.targets: expected a list of length >= 1"),
        ({"grace": -1}, "guards.cold.grace: "),
        ({"every": 0}, "guards.cold.every: "),
        ({"maximun": 1}, "guards.cold.maximun: there is no such key; did you mean 'maximum'?"),
    ],
)
def test_what_is_wrong_with_a_guard_is_told(how: dict[str, object], problem: str) -> None:
    assert problem in said(**how)


def test_all_that_is_wrong_is_told_at_once() -> None:
    problems = said(readout="a.b", maximum=None, targets=["x"])
    assert [key in problems for key in ("'a'", "nothing says", "'x'")] == [True] * 3
