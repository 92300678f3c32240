"""What controllers' time was spent on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.metrics.utilisation import Use, Utilisation


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def spent(utilisation: Utilisation, controller: str = "a") -> dict[str, float]:
    seconds = utilisation.seconds()[controller]
    return {use: amount for use, amount in zip(Use, seconds, strict=True) if amount}


def test_time_is_counted_for_what_it_was_spent_on_up_to_this_moment() -> None:
    time = Time()
    utilisation = Utilisation(["a", "b"], time)
    time.now += 1
    utilisation.note("a", Use.RUNNING)
    utilisation.note("b", Use.ABSENT)
    time.now += 2
    assert spent(utilisation) == {Use.ABSENT: 1.0, Use.RUNNING: 2.0}
    utilisation.note("a", Use.IDLE_WITH_WORK)
    time.now += 4
    assert spent(utilisation) == {Use.ABSENT: 1.0, Use.RUNNING: 2.0, Use.IDLE_WITH_WORK: 4.0}
    assert spent(utilisation, "b") == {Use.ABSENT: 7.0}
    assert utilisation.use("a") is Use.IDLE_WITH_WORK


@given(st.lists(st.tuples(st.sampled_from(Use), st.integers(0, 50), st.booleans())))
def test_uses_add_up_to_the_time_that_has_passed_and_never_fall(
    steps: list[tuple[Use, int, bool]],
) -> None:
    time = Time()
    utilisation = Utilisation(["a"], time)
    told = utilisation.seconds()["a"]
    for use, ticks, scraped in steps:
        utilisation.note("a", use)
        time.now += ticks / 8
        if scraped:
            before, told = told, utilisation.seconds()["a"]
            assert all(new >= old for old, new in zip(before, told, strict=True))
    assert sum(utilisation.seconds()["a"]) == time.now - 100.0


def test_what_was_told_never_falls_though_a_scrape_and_a_change_cross() -> None:
    time = Time()
    utilisation = Utilisation(["a"], time)
    time.now = 105.0
    assert spent(utilisation) == {Use.ABSENT: 5.0}
    # The loop had read the time just before the scrape did, and writes it down just after it.
    time.now = 104.0
    utilisation.note("a", Use.RUNNING)
    time.now = 106.0
    assert spent(utilisation) == {Use.ABSENT: 5.0, Use.RUNNING: 2.0}


def test_another_clock_begins_anew() -> None:
    utilisation = Utilisation(["a"], Time())
    other = Time()
    other.now = 7.0
    utilisation.keep_time(other)
    other.now = 9.0
    assert sum(utilisation.seconds()["a"]) == pytest.approx(2.0)
