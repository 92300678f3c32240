"""When a guard holds work, and when it lets it go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.proto.program import SettingValue
from stationd.runtime.guards.watch import Standing, Watch, fault_of, next_time, read, wait
from stationd.runtime.settings.guard import Guard
from tests.runtime.guards.naive import Read, story

# Quarters are exact, so that no test asks what a rounding does to a bound.
steps = st.integers(0, 40).map(lambda quarters: quarters / 4)
graces = st.integers(0, 40).map(lambda quarters: quarters / 4)
stories = st.lists(st.tuples(steps, st.sampled_from(["read", "wrong", "tick"])), max_size=40)


def told(steps: list[tuple[float, str]], grace: float) -> tuple[Watch, list[Read], float]:
    """Let a guard live through a story; return how it stands, its readings, and the time."""
    now, watch, readings = 100.0, Watch(since=100.0), list[Read]()
    for seconds, event in steps:
        now += seconds
        if event == "tick":
            watch = wait(watch, grace, now)
        else:
            readings.append(Read(now, event == "wrong"))
            watch = read(watch, "2 K is above 1 K" if event == "wrong" else "", grace, now)
    return wait(watch, grace, now), readings, now


@given(stories, graces)
def test_it_holds_as_the_whole_story_says(steps: list[tuple[float, str]], grace: float) -> None:
    watch, readings, now = told(steps, grace)
    violated = watch.standing in {Standing.VIOLATED, Standing.BACK}
    assert (watch.holds, violated) == story(readings, grace, now)


@given(stories, graces)
def test_ticks_change_nothing_that_they_do_not_have_to(
    steps: list[tuple[float, str]], grace: float
) -> None:
    """A timer that comes late, or not at all before the next reading, leads to the same."""
    quiet: list[tuple[float, str]] = []
    carried = 0.0
    for seconds, event in steps:
        carried += seconds
        if event != "tick":
            quiet.append((carried, event))
            carried = 0.0
    with_ticks, without = told(steps, grace)[0], told([*quiet, (carried, "tick")], grace)[0]
    assert (with_ticks.standing, with_ticks.fault) == (without.standing, without.fault)


@given(stories, graces)
def test_it_has_a_fault_whenever_it_is_not_right(
    steps: list[tuple[float, str]], grace: float
) -> None:
    watch, readings, _ = told(steps, grace)
    if readings:
        assert bool(watch.fault) == readings[-1].fault
    if watch.standing in {Standing.WITHIN, Standing.BACK}:
        assert not watch.fault


@given(stories, graces)
def test_the_time_at_which_it_changes_by_itself_is_the_first_at_which_it_does(
    steps: list[tuple[float, str]], grace: float
) -> None:
    watch, _, now = told(steps, grace)
    time = next_time(watch, grace)
    if time is None:
        assert wait(watch, grace, now + 1e6) == watch
    else:
        assert time > now
        assert wait(watch, grace, (now + time) / 2) == watch
        assert wait(watch, grace, time).standing is Standing.VIOLATED


def test_it_may_be_wrong_for_less_than_its_grace() -> None:
    watch = read(Watch(since=0.0), "", 10.0, 1.0)
    watch = read(watch, "2 K is above 1 K", 10.0, 2.0)
    assert (watch.standing, watch.holds) == (Standing.OUT, False)
    assert read(watch, "", 10.0, 11.9).standing is Standing.WITHIN
    assert wait(watch, 10.0, 12.0).standing is Standing.VIOLATED


def test_it_goes_on_by_itself_when_it_has_been_right_for_its_grace() -> None:
    watch = read(Watch(since=0.0, standing=Standing.VIOLATED), "", 10.0, 5.0)
    assert (watch.standing, watch.holds) == (Standing.BACK, True)
    # Time alone is not enough: it takes a reading that is still right.
    assert wait(watch, 10.0, 30.0).holds
    assert read(watch, "2 K is above 1 K", 10.0, 14.0).standing is Standing.VIOLATED
    assert not read(watch, "", 10.0, 15.0).holds


@pytest.mark.parametrize(
    ("guard", "value", "unit", "fault"),
    [
        (Guard("f.t", ("q",), maximum=0.02), 0.02, "K", ""),
        (Guard("f.t", ("q",), maximum=0.02), 0.035, "K", "0.035 K is above 0.02 K"),
        (Guard("f.t", ("q",), minimum=1, maximum=2), 0, "", "0 is below 1"),
        (Guard("f.t", ("q",), maximum=0.02), float("nan"), "K", "nan K is above 0.02 K"),
        (Guard("f.t", ("q",), minimum=0.02), float("nan"), "K", "nan K is below 0.02 K"),
        (Guard("f.t", ("q",), maximum=0.02), "cold", "", "'cold' is not a number"),
        (Guard("l.lock", ("q",), expected=True), 1, "", ""),
        (Guard("l.lock", ("q",), expected=True), False, "", "false is not true"),
        (Guard("l.lock", ("q",), expected="locked"), "searching", "", "searching is not locked"),
    ],
)
def test_a_reading_is_told_right_or_wrong(
    guard: Guard, value: SettingValue, unit: str, fault: str
) -> None:
    assert fault_of(guard, value, unit) == fault
