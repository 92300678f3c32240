"""Jobs that were put before another one stand in the order of these moves."""

from fractions import Fraction

from stationd.runtime.queue.entry import AGEING, Entry, Place
from stationd.runtime.queue.moved import Moved


def entry(number: int, place: Place | None = None) -> Entry:
    return Entry(number=number, claims=("a",), project="", since_unix_s=float(number), place=place)


def test_the_job_that_was_moved_last_stands_just_before_the_other_one() -> None:
    moved, other = Moved(), entry(9).order(AGEING)
    orders = [other]
    for number in (1, 2):
        one = entry(number, moved.before(other, ""))
        orders.append(one.order(AGEING))
        moved.add(one, orders[-1])
    assert sorted(orders) == [orders[1], orders[2], other]


def test_what_was_forgotten_takes_no_place() -> None:
    moved, other = Moved(), entry(9).order(AGEING)
    free = moved.before(other, "")
    one = entry(1, free)
    moved.add(one, one.order(AGEING))
    assert moved.before(other, "") != free
    moved.forget(one, one.order(AGEING))
    assert moved.before(other, "") == free


def test_a_job_that_was_not_moved_has_no_place_to_forget() -> None:
    moved, one = Moved(), entry(1)
    moved.add(one, one.order(AGEING))
    moved.forget(one, one.order(AGEING))
    assert moved.before((0.0, 9, Fraction(0), 9), "").beside == 9
