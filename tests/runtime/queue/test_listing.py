"""The queue as people see it."""

from stationd.proto.queue_requests import QueueEntry
from stationd.runtime.queue.entry import Entry
from stationd.runtime.queue.gates import Gate
from stationd.runtime.queue.listing import listing
from stationd.runtime.queue.queue import Queue

NOW = 1_000_000.0


def a_queue() -> Queue:
    """Return a queue of which a is open for three tickets, and b is paused."""
    queue = Queue()
    queue.set_depth("a", 2)
    queue.set_gate("b", Gate("paused"), NOW)
    for number in range(1, 5):
        queue.add(Entry(number=number, claims=("a",), since_unix_s=NOW), NOW)
    queue.decide(NOW)
    queue.begin(1)
    queue.add(Entry(number=5, claims=("a",), since_unix_s=NOW, held=True), NOW)
    queue.add(Entry(number=6, claims=("a",), since_unix_s=NOW, not_before=NOW + 9), NOW)
    queue.add(Entry(number=7, claims=("a",), since_unix_s=NOW, project="x", priority=-1), NOW)
    queue.add(Entry(number=8, claims=("b",), since_unix_s=NOW + 1), NOW)
    queue.replace(Entry(number=4, claims=("a",), since_unix_s=NOW, place=queue.before(3)), NOW)
    return queue


def seen(entries: list[QueueEntry]) -> list[tuple[int, str]]:
    return [(one.number, one.state) for one in entries]


def test_what_is_at_the_controllers_comes_first_and_what_is_set_aside_last() -> None:
    assert seen(listing(a_queue(), ("a", "b"), 100)) == [
        (1, "running"),
        (2, "in_line"),
        (4, "waiting"),
        (3, "waiting"),
        (8, "closed"),
        (7, "waiting"),
        (5, "held"),
        (6, "early"),
    ]


def test_one_controller_can_be_looked_at_and_no_more_than_asked_for() -> None:
    queue = a_queue()
    assert seen(listing(queue, ("b",), 100)) == [(8, "closed")]
    assert len(listing(queue, ("a", "b"), 3)) == 3
    assert [one.moved for one in listing(queue, ("a",), 3)] == [False, False, True]


def test_a_place_is_how_many_go_before_it_at_the_same_controllers() -> None:
    queue = a_queue()
    assert [queue.position(number) for number in (4, 3, 7, 8)] == [0, 1, 2, 0]
    assert [queue.position(number) for number in (1, 2, 5, 6, 99)] == [None] * 5
    assert queue.waiting("a") == 3
