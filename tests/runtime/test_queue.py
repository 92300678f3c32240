"""The queue, compared with a naive one that looks at everything."""

# pyright: reportPrivateUsage=false

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.queue import Claims, Queue


class Naive:
    """Does what the rules say, slowly."""

    def __init__(self) -> None:
        self.waiting: dict[int, tuple[int, Claims]] = {}
        self.out: dict[int, Claims] = {}

    def order(self) -> list[int]:
        return sorted(self.waiting, key=lambda number: (-self.waiting[number][0], number))

    def line(self, controller: str) -> list[int]:
        return [number for number, claims in self.out.items() if controller in claims]

    def grants(self, depths: Mapping[str, int]) -> list[int]:
        granted: list[int] = []
        reserved: set[str] = set()
        for number in self.order():
            claims = self.waiting[number][1]
            if reserved.isdisjoint(claims) and all(self.takes(c, claims, depths) for c in claims):
                del self.waiting[number]
                self.out[number] = claims
                granted.append(number)
            else:
                reserved.update(claims)
        return granted

    def takes(self, controller: str, claims: Claims, depths: Mapping[str, int]) -> bool:
        line = self.line(controller)
        if len(claims) > 1:
            return depths.get(controller, 0) > 0 and not line
        alone = all(len(self.out[number]) == 1 for number in line)
        return alone and len(line) < depths.get(controller, 0)


CONTROLLERS = ("a", "b", "c")
CLAIMS = st.sampled_from([("a",), ("b",), ("c",), ("a", "b"), ("b", "c"), ("a", "b", "c")])
DEPTHS = st.dictionaries(st.sampled_from(CONTROLLERS), st.integers(0, 4))
DEEDS = st.one_of(
    st.tuples(st.just("add"), st.integers(-2, 2), CLAIMS),
    st.tuples(st.just("remove"), st.integers(0, 30), st.just(())),
    st.tuples(st.just("release"), st.integers(0, 30), st.just(())),
    st.tuples(st.just("put back"), st.integers(0, 30), st.just(())),
    st.tuples(st.just("grant"), DEPTHS, st.just(())),
)


class Both:
    """The queue and the naive one, told the same."""

    def __init__(self) -> None:
        self.queue, self.naive = Queue(), Naive()
        self.number = 0

    def do(self, deed: str, what: int | dict[str, int], claims: Claims) -> None:
        if isinstance(what, dict):
            assert self.queue.grants(what) == self.naive.grants(what)
        elif deed == "add":
            self.number += 1
            self.queue.add(self.number, what, claims)
            self.naive.waiting[self.number] = (what, claims)
        elif deed == "remove":
            known = self.naive.waiting.pop(what, None)
            assert self.queue.remove(what) == (known is not None)
        else:
            claims = self.naive.out.pop(what, ())
            self.queue.release(what)
            if claims and deed == "put back":
                self.queue.add(what, 0, claims)
                self.naive.waiting[what] = (0, claims)

    def check(self) -> None:
        assert len(self.queue) == len(self.naive.waiting)
        for position, number in enumerate(self.naive.order()):
            assert number in self.queue
            assert self.queue.position(number) == position
        for number in self.naive.out:
            assert number not in self.queue
            assert self.queue.position(number) is None
        for controller in CONTROLLERS:
            line = self.naive.line(controller)
            assert self.queue.line(controller) == len(line)
            groups = [number for number in line if len(self.naive.out[number]) > 1]
            assert not groups or line == groups[:1]


@given(st.lists(DEEDS, max_size=60))
def test_the_queue_decides_as_its_rules_say(
    deeds: list[tuple[str, int | dict[str, int], Claims]],
) -> None:
    both = Both()
    for deed in deeds:
        both.do(*deed)
        both.check()


@given(st.lists(st.tuples(st.integers(-2, 2), CLAIMS), max_size=40))
def test_nothing_starves(jobs: list[tuple[int, Claims]]) -> None:
    queue = Queue()
    for number, (priority, claims) in enumerate(jobs):
        queue.add(number, priority, claims)
    out: list[int] = []
    executed: list[int] = []
    while len(executed) < len(jobs):
        out += queue.grants(dict.fromkeys(CONTROLLERS, 2))
        assert out, "jobs wait although nothing runs"
        executed.append(out.pop(0))
        queue.release(executed[-1])
    assert sorted(executed) == list(range(len(jobs)))


def test_the_higher_priority_goes_first_and_equals_in_the_order_of_submission() -> None:
    queue = Queue()
    for number, priority in enumerate([0, 5, 0, 5, -1], start=1):
        queue.add(number, priority, ("a",))
    assert queue.grants({"a": 9}) == [2, 4, 1, 3, 5]


def test_a_job_that_cannot_go_keeps_its_controllers_from_those_behind_it() -> None:
    queue = Queue()
    queue.add(1, 0, ("a",))
    assert queue.grants({"a": 2, "b": 2}) == [1]
    queue.add(2, 0, ("a", "b"))
    queue.add(3, 0, ("b",))
    queue.add(4, 0, ("a",))
    assert queue.grants({"a": 2, "b": 2}) == []
    queue.release(1)
    assert queue.grants({"a": 2, "b": 2}) == [2]
    queue.release(2)
    assert queue.grants({"a": 2, "b": 2}) == [3, 4]


def test_a_controller_that_is_not_connected_gets_nothing_and_blocks_nobody_else() -> None:
    queue = Queue()
    queue.add(1, 0, ("a",))
    queue.add(2, 0, ("b",))
    assert queue.grants({"b": 1}) == [2]


def test_a_job_is_added_once() -> None:
    queue = Queue()
    queue.add(1, 0, ("a",))
    queue.add(1, 9, ("b",))
    assert len(queue) == 1
    assert queue.grants({"a": 9, "b": 9}) == [1]
    assert queue.grants({"a": 9, "b": 9}) == []


def test_the_release_of_a_job_that_waits_again_changes_nothing() -> None:
    queue = Queue()
    queue.add(1, 0, ("a",))
    assert queue.grants({"a": 1}) == [1]
    queue.release(1)
    queue.add(1, 0, ("a",))
    queue.release(1)
    assert queue.grants({"a": 1}) == [1]


class Counted(tuple[int, int]):
    """An order that counts how often it is looked at."""

    looks = 0
    __slots__ = ()

    def __lt__(self, other: tuple[int, ...]) -> bool:
        Counted.looks += 1
        return (self[0], self[1]) < other


def test_a_decision_looks_at_the_heads_alone() -> None:
    queue = Queue()
    for number in range(10_000):
        queue.add(number, number % 7, CONTROLLERS[number % 3 : number % 3 + 1])
    for heap in queue._heaps.values():
        heap[:] = [Counted(order) for order in heap]
    Counted.looks = 0
    assert queue.grants({}) == []
    assert Counted.looks < 10
    assert len(queue.grants(dict.fromkeys(CONTROLLERS, 1))) == 3
    assert Counted.looks < 200


def test_what_is_over_leaves_nothing_behind() -> None:
    queue = Queue()
    for number in range(100):
        queue.add(number, 0, ("a",))
    for number in range(50):
        queue.remove(number)
    for number in queue.grants({"a": 100}):
        queue.release(number)
    queue.grants({"a": 100})
    assert len(queue) == 0
    assert (queue._orders, queue._sorted, queue._claims) == ({}, [], {})
    assert not any(queue._heaps.values())
    assert not any(queue._lines.values())
