"""Counts, lines and rates drawn with characters."""

import math

from stationd.client.stationctl.display.pictures import MOST_OUTCOMES, curve, histogram, spark


def test_the_most_frequent_outcome_has_the_longest_bar() -> None:
    first, second = histogram({"00": 500, "11": 1500}, 40)
    assert first.startswith("11  1,500  █")
    assert (first.count("█"), second.split()[-1]) == (29, "█████████▋")
    assert len(first) <= 40


def test_rare_outcomes_are_summed_up() -> None:
    lines = histogram({f"{n:06b}": n + 1 for n in range(64)}, 80)
    assert len(lines) == MOST_OUTCOMES + 1
    assert lines[-1] == "and 48 more outcomes, seen 1,176 times"


def test_no_shots_are_no_bars() -> None:
    assert histogram({}, 80) == ["no shots"]


def test_a_line_is_as_wide_as_there_is_room_and_marked_with_units() -> None:
    x = [n * 1e-6 for n in range(200)]
    lines = curve(x, [math.exp(-n / 50) for n in range(200)], ("delay", "signal"), ("s", "V"), 60)
    assert lines[1] == "signal"
    assert lines[2].startswith("980.3 mV │█")
    assert max(map(len, lines)) <= 60 + 12
    assert lines[-1].strip() == "0 s … 199 µs  delay"


def test_points_that_were_not_read_are_gaps() -> None:
    lines = curve([0, 1, 2], [1.0, math.nan, 2.0], ("x", "y"), width=3)
    assert lines[-2].endswith("│▁ █")


def test_nothing_is_drawn_of_less_than_two_points() -> None:
    assert curve([1.0], [1.0], ("x", "y")) == []
    assert curve([1.0, 2.0], [math.nan, math.nan], ("x", "y")) == []


def test_rates_are_drawn_from_zero() -> None:
    assert spark([5.0, 5.0], 10) == "██"
    assert spark([0.0, 0.0], 10) == "▁▁"
    assert len(spark([1.0] * 99, 30)) == 30
