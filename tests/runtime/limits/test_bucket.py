"""How often somebody may ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.limits.bucket import LONGEST_WAIT, Bucket

RATES = st.sampled_from([0.1, 0.5, 1.0, 3.0, 7.0, 10.0, 1000.0])
BURSTS = st.integers(1, 20)
PAUSES = st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60)


@given(rate=RATES, burst=BURSTS, pauses=PAUSES)
def test_in_any_time_no_more_is_let_through_than_the_bucket_and_what_flows_in(
    rate: float, burst: int, pauses: list[float]
) -> None:
    bucket, now = Bucket(rate, burst, 0.0), 0.0
    through: list[float] = []
    for pause in pauses:
        now += pause
        if not bucket.take(now):
            through.append(now)
    for index, begin in enumerate(through):
        for count, end in enumerate(through[index:], 1):
            assert count <= burst + rate * (end - begin) + 0.001


@given(rate=RATES, burst=BURSTS, begin=st.floats(0.0, 1e6), many=st.integers(1, 40))
def test_whoever_waits_as_told_is_let_through_at_the_second_try(
    rate: float, burst: int, begin: float, many: int
) -> None:
    bucket = Bucket(rate, burst, begin)
    waits = [bucket.take(begin) for _ in range(burst + many)]
    assert waits[:burst] == [0.0] * burst
    told = [wait for wait in waits[burst:] if wait <= LONGEST_WAIT / 2]
    assert told == sorted(told)
    assert [bucket.take(begin + wait) for wait in told] == [0.0] * len(told)


@given(rate=RATES, burst=BURSTS, many=st.integers(1, 200))
def test_those_who_do_not_wait_keep_nobody_out_for_longer_than_the_longest_wait(
    rate: float, burst: int, many: int
) -> None:
    bucket = Bucket(rate, burst, 0.0)
    waits = [bucket.take(0.0) for _ in range(burst + many)]
    assert max(waits) <= max(LONGEST_WAIT, 1.0 / rate)


def test_after_a_pause_it_holds_what_it_can_hold_and_no_more() -> None:
    bucket = Bucket(2.0, 3, 0.0)
    assert [bucket.take(1000.0) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(0.5)]
