"""Use is forgotten by half in each half-life, and puts back by the weight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.queue.shares import LEAST_USE, RECKON_EVERY, Shares

NOW = 1_000_000.0
CHARGES = st.lists(st.tuples(st.floats(0.2, 500.0), st.sampled_from("xy"), st.floats(1.0, 1e4)))


@given(CHARGES, st.floats(10.0, 1e5))
def test_use_is_the_sum_of_all_charges_less_what_is_forgotten(
    charges: list[tuple[float, str, float]], half_life: float
) -> None:
    shares = Shares(half_life, lambda project: 4.0 if project == "y" else 1.0)
    now, made = NOW, list[tuple[float, str, float]]()
    shares.charge("x", 1.0)
    shares.reckon(now)
    made.append((now, "x", 1.0))
    for seconds, project, used in charges:
        now += seconds
        shares.charge(project, used)
        shares.reckon(now)
        made.append((now, project, used))
    now += 1.0
    shares.reckon(now)
    for project, weight in (("x", 1.0), ("y", 4.0)):
        left = sum(
            used * 0.5 ** ((now - then) / half_life)
            for then, whose, used in made
            if whose == project
        )
        assert shares.back(project) == pytest.approx(left / weight, rel=1e-6, abs=1e-4)


def test_the_shortest_ticket_counts_a_little() -> None:
    shares = Shares()
    shares.charge("x", 0.0)
    shares.reckon(NOW)
    assert shares.back("x") == pytest.approx(LEAST_USE)


def test_shares_are_reckoned_at_intervals() -> None:
    shares = Shares()
    shares.charge("x", 10.0)
    assert shares.reckon(NOW)
    shares.charge("x", 10.0)
    assert not shares.reckon(NOW + RECKON_EVERY / 2)
    assert shares.reckon(NOW + 2 * RECKON_EVERY)
    assert shares.back("x") == pytest.approx(20.0, rel=1e-3)


def test_a_clock_that_is_set_back_brings_no_use_back() -> None:
    shares = Shares(100.0)
    shares.charge("x", 10.0)
    shares.reckon(NOW)
    assert shares.reckon(NOW - 1000)
    assert shares.back("x") == 10.0


def test_without_a_half_life_nobody_is_put_back() -> None:
    shares = Shares(0.0)
    shares.charge("x", 10.0)
    shares.recall("y", 10.0, NOW, NOW)
    assert not shares.reckon(NOW)
    assert shares.back("x") == shares.back("y") == 0.0


def test_what_was_used_before_a_start_counts_less_by_the_time_that_has_passed() -> None:
    shares = Shares(100.0)
    shares.recall("x", 8.0, NOW, NOW - 200)
    shares.reckon(NOW)
    assert shares.back("x") == pytest.approx(2.0)


def test_what_is_not_worth_remembering_is_forgotten() -> None:
    shares = Shares(1.0)
    shares.charge("x", 1.0)
    shares.reckon(NOW)
    shares.reckon(NOW + 100)
    assert shares.used() == {}
