"""What a decision costs does not grow with the jobs that wait."""

# pyright: reportPrivateUsage=false

from fractions import Fraction

import pytest

from stationd.runtime.queue import entry as entries
from stationd.runtime.queue.entry import Entry
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.ranked import Order

NOW = 1_000_000.0
looks = 0


class Counted(float):
    """A worth that counts how often it is compared."""

    __slots__ = ()
    __hash__ = float.__hash__

    def __lt__(self, other: float) -> bool:
        global looks  # noqa: PLW0603 - a counter
        looks += 1
        return float(self) < float(other)

    def __gt__(self, other: float) -> bool:
        global looks  # noqa: PLW0603 - a counter
        looks += 1
        return float(self) > float(other)

    def __eq__(self, other: object) -> bool:
        global looks  # noqa: PLW0603 - a counter
        looks += 1
        return float.__eq__(self, other)

    def __add__(self, other: float) -> "Counted":
        return Counted(float(self) + other)


def counted(self: Entry, ageing: float) -> Order:
    worth = Counted(self.since_unix_s - self.priority * ageing)
    return worth, self.number, Fraction(0), self.number


def comparisons(waiting: int, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Count what one deed of each kind takes in a queue of some length."""
    global looks  # noqa: PLW0603 - a counter
    monkeypatch.setattr(entries.Entry, "order", counted)
    queue = Queue()
    queue.set_depth("a", 1)
    for number in range(waiting):
        one = Entry(
            number=number, claims=("a",), project=str(number % 3), since_unix_s=NOW + number
        )
        queue.add(one, NOW)
    queue.decide(NOW)
    found: dict[str, int] = {}

    def count(name: str) -> None:
        global looks
        found[name], looks = looks, 0

    looks = 0
    queue.add(Entry(number=waiting, claims=("a",), since_unix_s=NOW + waiting), NOW)
    count("a job comes")
    queue.decide(NOW)
    count("nothing can go")
    queue.release(0)
    queue.decide(NOW)
    count("the next one goes")
    queue.add(Entry(number=-1, claims=("a",), since_unix_s=NOW), NOW)
    queue.decide(NOW)
    count("an urgent one comes")
    queue.remove(waiting // 2)
    count("one leaves from the middle")
    return found


def test_the_cost_of_a_decision_is_the_same_with_ten_and_a_hundred_thousand_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few, many = comparisons(10, monkeypatch), comparisons(100_000, monkeypatch)
    for deed in ("nothing can go", "the next one goes"):
        assert many[deed] <= few[deed] + 4, deed
    # To find a place takes a binary search: one more look for each doubling.
    for deed, cost in many.items():
        assert cost <= few[deed] + 2 * 17 * 2, deed
