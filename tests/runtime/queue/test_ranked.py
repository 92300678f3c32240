"""A ranked collection, compared with a sorted list."""

from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.queue.ranked import BUCKET, Order, Ranked


def order(number: int) -> Order:
    return float(number % 7), number, 0, number


@given(st.lists(st.integers(0, 50), unique=True), st.data())
def test_it_keeps_its_values_in_order(numbers: list[int], data: st.DataObject) -> None:
    ranked = Ranked()
    for number in numbers:
        ranked.add(order(number))
    expected = sorted(map(order, numbers))
    while expected:
        assert list(ranked) == expected
        assert (len(ranked), ranked.first) == (len(expected), expected[0])
        assert [ranked.before(one) for one in expected] == list(range(len(expected)))
        ranked.remove(expected.pop(data.draw(st.integers(0, len(expected) - 1))))
    assert (len(ranked), ranked.first, list(ranked)) == (0, None, [])


def test_many_values_stay_in_order_whichever_leave() -> None:
    ranked = Ranked()
    numbers = [(n * 7919) % (5 * BUCKET) for n in range(5 * BUCKET)]
    for number in numbers:
        ranked.add(order(number))
    assert list(ranked) == sorted(map(order, numbers))
    for number in numbers[::2]:
        ranked.remove(order(number))
    expected = sorted(map(order, numbers[1::2]))
    assert list(ranked) == expected
    assert ranked.before(expected[BUCKET]) == BUCKET
