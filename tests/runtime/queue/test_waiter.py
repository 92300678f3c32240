"""Jobs that are not to begin yet come back in their time, and none that has left."""

from fractions import Fraction

from stationd.runtime.queue.entry import Entry
from stationd.runtime.queue.waiter import Early, Waiter


def waiter(number: int, not_before: float, *, held: bool = False) -> Waiter:
    entry = Entry(
        number=number,
        claims=("a",),
        project="",
        since_unix_s=0.0,
        not_before=not_before,
        held=held,
    )
    return Waiter(entry, (0.0, number, Fraction(0), number))


def test_what_is_due_comes_in_the_order_of_its_time() -> None:
    waiting = {number: waiter(number, 10.0 - number) for number in (1, 2, 3)}
    early = Early(waiting)
    for number, one in waiting.items():
        early.add(one.entry.not_before or 0.0, number)
    assert early.first() == 7.0
    assert [one.entry.number for one in early.due(8.0)] == [3, 2]
    assert early.first() == 9.0


def test_who_has_left_is_held_or_has_another_time_is_skipped() -> None:
    waiting = {2: waiter(2, 5.0, held=True), 3: waiter(3, 9.0)}
    early = Early(waiting)
    for number in (1, 2, 3):
        early.add(5.0, number)
    assert early.first() is None
    assert list(early.due(100.0)) == []
    assert early.times == []
