"""What two calibration sets say differently is found, and what matters most comes first."""

import math

from hypothesis import given
from hypothesis import strategies as st

from stationd.client.station.calibration_diff import CalibrationChange, compared
from stationd.proto.calibration import CalibrationSet, Observation

VALUES = st.floats(-1e3, 1e3)
OBSERVED = st.builds(
    Observation,
    path=st.sampled_from([f"QB{number}.t1" for number in range(6)]),
    value=VALUES,
    unit=st.sampled_from(["s", "us"]),
    uncertainty=st.one_of(st.none(), st.floats(0, 10)),
)
SETS = st.lists(OBSERVED, unique_by=lambda one: one.path)


def a_set(*observations: Observation) -> CalibrationSet:
    return CalibrationSet(
        id="x", target="qpu", observations=tuple(observations), created_unix_s=0.0
    )


def seen(path: str, value: float, uncertainty: float | None = None, unit: str = "s") -> Observation:
    return Observation(path=path, value=value, unit=unit, uncertainty=uncertainty)


def only(before: Observation, after: Observation) -> CalibrationChange:
    (found,) = compared(a_set(before), a_set(after)).changes
    return found


def test_a_change_is_told_in_parts_of_the_value_and_in_standard_deviations() -> None:
    found = only(seen("a.t1", 40e-6, 3e-6), seen("a.t1", 30e-6, 4e-6))
    assert (found.before, found.after, found.unit) == (40e-6, 30e-6, "s")
    assert found.relative is not None
    assert math.isclose(found.relative, -0.25)
    assert found.sigmas is not None
    assert math.isclose(found.sigmas, -2.0)


def test_what_is_known_of_one_value_alone_counts() -> None:
    sigmas = only(seen("a.t1", 1.0), seen("a.t1", 2.0, 0.5)).sigmas
    assert sigmas == 2.0
    assert only(seen("a.t1", 1.0), seen("a.t1", 2.0)).sigmas is None


def test_nothing_is_computed_across_units_or_from_nothing() -> None:
    found = only(seen("a.t1", 40e-6, 1e-6), seen("a.t1", 40.0, 1.0, unit="us"))
    assert (found.relative, found.sigmas, found.unit_after) == (None, None, "us")
    assert only(seen("a.t1", 0.0), seen("a.t1", 1.0)).relative is None


def test_what_is_certain_comes_before_what_nobody_can_judge_and_that_before_chance() -> None:
    before = a_set(
        seen("gone", 1.0),
        seen("chance", 1.0, 1.0),
        seen("unknown", 1.0),
        seen("more unknown", 1.0),
        seen("certain", 1.0, 0.01),
        seen("more certain", 1.0, 0.001),
        seen("same", 1.0),
    )
    after = a_set(
        seen("chance", 1.5, 1.0),
        seen("unknown", 1.2),
        seen("more unknown", 3.0),
        seen("certain", 1.1, 0.01),
        seen("more certain", 1.1, 0.001),
        seen("same", 1.0, 0.5),
        seen("new", 1.0),
    )
    found = compared(before, after)
    assert [one.path for one in found.changes] == [
        "new",
        "gone",
        "more certain",
        "certain",
        "more unknown",
        "unknown",
        "chance",
    ]
    assert [one.kind for one in found.changes[:3]] == ["added", "removed", "changed"]
    assert found.unchanged == 1


@given(SETS, SETS)
def test_every_path_is_told_once_and_the_second_set_follows_from_the_first(
    old: list[Observation], new: list[Observation]
) -> None:
    found = compared(a_set(*old), a_set(*new))
    values = {one.path: one.value for one in old}
    for change in found.changes:
        if change.after is None:
            del values[change.path]
        else:
            values[change.path] = change.after
    assert values == {one.path: one.value for one in new}
    assert len({one.path for one in found.changes}) == len(found.changes)
    back = compared(a_set(*new), a_set(*old))
    assert sorted(one.path for one in back.changes) == sorted(one.path for one in found.changes)
    assert back.unchanged == found.unchanged
