"""The queue's rules, one by one, as people are told them."""

# pyright: reportPrivateUsage=false

import re
from functools import partial
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from stationd.runtime.queue.entry import AGEING, Claims, Entry
from stationd.runtime.queue.gates import Gate, Reservation
from stationd.runtime.queue.queue import Queue
from stationd.runtime.queue.shares import Shares

NOW = 1_000_000.0
KEPT = {"_waiting", "_lanes", "_lines", "_out", "_recalled", "times", "_beside"}


def entry(number: int, *, claims: Claims = ("a",), since: float = NOW, **how: object) -> Entry:
    return msgspec.structs.replace(Entry(number=number, claims=claims, since_unix_s=since), **how)


def a_queue(*entries: Entry, depth: int = 1, shares: Shares | None = None) -> Queue:
    queue = Queue(AGEING, shares)
    for name in ("a", "b"):
        queue.set_depth(name, depth)
    for one in entries:
        queue.add(one, NOW)
    return queue


def run(queue: Queue, now: float = NOW) -> list[int]:
    """Let jobs go and end one after another until none goes any more."""
    ended: list[int] = []
    while granted := queue.decide(now).granted:
        for number in granted:
            queue.begin(number)
            queue.release(number)
            ended.append(number)
    return ended


def test_equals_go_in_the_order_of_submission() -> None:
    assert run(a_queue(*(entry(number) for number in (3, 1, 2)))) == [1, 2, 3]


def test_the_higher_priority_goes_first() -> None:
    queue = a_queue(*(entry(n, priority=p) for n, p in enumerate([0, 5, 0, 5, -1])))
    assert run(queue) == [1, 3, 0, 2, 4]


def test_a_point_of_priority_is_worth_the_waiting_of_one_ageing_time() -> None:
    patient = entry(1, since=NOW - AGEING - 1)
    queue = a_queue(patient, entry(2, priority=1), entry(3, priority=2))
    assert run(queue) == [3, 1, 2]


@given(st.lists(st.integers(-3, 3), min_size=20, max_size=20), st.integers(-3, 3))
def test_nothing_starves_however_many_urgent_jobs_keep_coming(
    priorities: list[int], lowest: int
) -> None:
    queue = a_queue(entry(0, priority=lowest), entry(-1, priority=9))
    now, gone = NOW, list[int]()
    for number, priority in enumerate(priorities, start=1):
        (went,) = queue.decide(now).granted
        gone.append(went)
        queue.release(went)
        now += AGEING
        queue.add(entry(number, since=now, priority=priority), now)
    # Who comes so much later has no more priority than who has waited for so long.
    assert 0 in gone
    before = gone[1 : gone.index(0)]
    assert all(number <= priorities[number - 1] - lowest for number in before)


@given(st.lists(st.sampled_from([("a",), ("b",), ("a", "b")]), max_size=40))
def test_all_that_wait_go_in_the_end(claims: list[Claims]) -> None:
    queue = a_queue(*(entry(n, claims=c) for n, c in enumerate(claims)), depth=2)
    assert sorted(run(queue)) == list(range(len(claims)))


def test_a_job_that_cannot_go_keeps_its_controllers_from_those_behind_it() -> None:
    queue = a_queue(entry(1), depth=2)
    assert queue.decide(NOW).granted == [1]
    for number, claims in ((2, ("a", "b")), (3, ("b",)), (4, ("a",))):
        queue.add(entry(number, claims=claims), NOW)
    assert queue.decide(NOW).granted == []
    queue.release(1)
    assert queue.decide(NOW).granted == [2]
    queue.release(2)
    assert sorted(queue.decide(NOW).granted) == [3, 4]


def test_a_held_job_lets_others_pass_and_goes_to_its_old_place_when_it_is_let_go() -> None:
    queue = a_queue(entry(1, held=True), entry(2), entry(3))
    assert queue.decide(NOW).granted == [2]
    queue.replace(entry(1), NOW)
    queue.release(2)
    assert run(queue) == [1, 3]


def test_a_job_does_not_begin_before_its_time_and_the_queue_knows_when_that_is() -> None:
    queue = a_queue(entry(1, not_before=NOW + 60), entry(2))
    assert queue.next_time() == NOW + 60
    assert run(queue, NOW + 59) == [2]
    assert run(queue, NOW + 60) == [1]
    assert queue.next_time() is None


def test_a_moved_job_stands_just_before_the_other_even_in_another_projects_share() -> None:
    queue = a_queue(*(entry(n) for n in (1, 2)), entry(3, project="x"))
    queue.shares.charge("x", 1000.0)
    place = queue.before(2)
    queue.replace(entry(3, project="x", place=place), NOW)
    assert run(queue) == [1, 3, 2]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=80))
def test_any_number_of_moves_has_room(moves: list[tuple[int, int]]) -> None:
    entries = {n: entry(n) for n in range(6)}
    queue, expected = a_queue(*entries.values()), list(range(6))
    for number, other in moves:
        if number == other:
            continue
        entries[number] = msgspec.structs.replace(entries[number], place=queue.before(other))
        queue.replace(entries[number], NOW)
        expected.remove(number)
        expected.insert(expected.index(other), number)
    assert run(queue) == expected


def test_a_more_urgent_job_takes_back_what_waits_in_line_and_goes_before_it() -> None:
    queue = a_queue(*(entry(n) for n in (1, 2, 3)), depth=3)
    assert queue.decide(NOW).granted == [1, 2, 3]
    queue.begin(1)
    queue.add(entry(4, priority=1), NOW)
    decision = queue.decide(NOW)
    assert decision.granted == []
    assert sorted(decision.recalled) == [2, 3]
    queue.release(3)
    queue.add(entry(3), NOW)
    assert queue.decide(NOW).granted == []
    # It was too late to take this one back: the urgent one goes behind it.
    queue.begin(2)
    assert queue.decide(NOW).granted == [4]


def test_a_job_that_was_only_ready_a_little_late_takes_nothing_back() -> None:
    queue = a_queue(entry(2), depth=2)
    queue.decide(NOW)
    queue.add(entry(1, since=NOW - 0.5), NOW)
    decision = queue.decide(NOW)
    assert (decision.granted, decision.recalled) == ([1], [])
    queue.add(entry(3, since=NOW - 2), NOW)
    assert sorted(queue.decide(NOW).recalled) == [1, 2]


def test_what_is_overtaken_is_asked_back_once() -> None:
    queue = a_queue(entry(1), depth=2)
    queue.decide(NOW)
    queue.add(entry(2, priority=1), NOW)
    assert queue.decide(NOW).recalled == [1]
    queue.add(entry(3, priority=2), NOW)
    assert queue.decide(NOW).recalled == []


def test_a_job_that_comes_later_takes_nothing_back() -> None:
    queue = a_queue(entry(1), entry(2), depth=2)
    queue.decide(NOW)
    queue.add(entry(3), NOW)
    queue.release(1)
    assert queue.decide(NOW).recalled == []


def test_a_ticket_in_line_is_taken_back_when_its_job_is_held() -> None:
    queue = a_queue(entry(1), entry(2), depth=2)
    queue.decide(NOW)
    queue.begin(1)
    queue.replace(entry(1, held=True), NOW)
    queue.replace(entry(2, held=True), NOW)
    assert queue.decide(NOW).recalled == [2]


def test_a_ticket_that_an_earlier_daemon_sent_comes_back_if_its_job_is_held_now() -> None:
    queue = a_queue(entry(1, held=True), entry(2), entry(3, claims=("b",)))
    queue.set_gate("b", Gate("paused"), NOW)
    for number in (1, 2, 3):
        queue.send_out(number)
    assert sorted(queue.decide(NOW).recalled) == [1, 3]
    assert [queue.is_returning(number) for number in (1, 2, 3)] == [True, False, True]


def test_tickets_that_must_not_stand_in_one_line_come_back_if_earlier_daemons_sent_them() -> None:
    group = entry(2, claims=("a", "b"))
    queue = a_queue(entry(1), group, entry(3, claims=("b",)), depth=2)
    for number in (1, 2, 3):
        queue.send_out(number)
    assert sorted(queue.decide(NOW).recalled) == [2, 3]
    queue.release(2)
    queue.release(3)
    queue.add(group, NOW)
    assert queue.decide(NOW).granted == []
    queue.release(1)
    assert queue.decide(NOW).granted == [2]


def test_shares_alone_take_nothing_back() -> None:
    queue = a_queue(entry(1, project="x"), entry(2, project="x"), depth=2)
    queue.decide(NOW)
    queue.add(entry(3, project="y"), NOW)
    queue.shares.charge("x", 500.0)
    assert queue.decide(NOW + 1).recalled == []


def test_projects_take_turns_by_their_weights() -> None:
    shares = Shares(1e9, lambda project: 3.0 if project == "y" else 1.0)
    queue = Queue(AGEING, shares)
    queue.set_depth("a", 1)
    for number in range(80):
        queue.add(entry(number, project="x" if number < 40 else "y"), NOW)
    went, now = list[str](), NOW
    for _ in range(40):
        now += 10.0
        (number,) = queue.decide(now).granted
        went.append("x" if number < 40 else "y")
        shares.charge(went[-1], 10.0)
        queue.release(number)
    assert 9 <= went.count("x") <= 11


def test_who_has_just_come_takes_turns_with_who_has_had_it_all() -> None:
    queue = Queue(AGEING, Shares(half_life=1e9))
    queue.set_depth("a", 1)
    for number in range(100):
        queue.add(entry(number, project="x"), NOW)
    now = NOW
    for _ in range(50):
        (number,) = queue.decide(now).granted
        now += 10.0
        queue.shares.charge("x", 10.0)
        queue.release(number)
    for number in range(100, 110):
        queue.add(entry(number, project="y", since=now), now)
    went = list[str]()
    for _ in range(20):
        (number,) = queue.decide(now).granted
        went.append("x" if number < 100 else "y")
        now += 10.0
        queue.shares.charge(went[-1], 10.0)
        queue.release(number)
    assert 9 <= went.count("y") <= 10
    assert went[:4].count("y") >= 1


def test_nothing_begins_at_a_paused_controller_and_what_waits_in_line_comes_back() -> None:
    queue = a_queue(entry(1), entry(2), entry(3, claims=("b",)), depth=2)
    queue.set_gate("b", Gate("paused"), NOW)
    assert queue.decide(NOW).granted == [1, 2]
    queue.begin(1)
    queue.set_gate("a", Gate("paused", "a leak"), NOW)
    assert queue.decide(NOW).recalled == [2]
    queue.release(2)
    queue.add(entry(2), NOW)
    assert queue.decide(NOW).granted == []
    queue.set_gate("a", Gate(), NOW)
    assert queue.decide(NOW).granted == [2]


def test_what_waits_at_a_draining_controller_goes_on() -> None:
    queue = a_queue(entry(1))
    queue.set_gate("a", Gate("draining"), NOW)
    assert queue.decide(NOW).granted == [1]


def test_in_a_reserved_time_only_its_project_begins_jobs() -> None:
    queue = a_queue(entry(1), entry(2), entry(3, project="x"), depth=2)
    queue.reserve(
        Reservation(id="r", controller="a", project="x", from_unix_s=NOW + 10, to_unix_s=NOW + 20),
        NOW,
    )
    assert queue.decide(NOW).granted == [1, 2]
    queue.begin(1)
    assert queue.next_time() == NOW + 10
    assert queue.decide(NOW + 10).recalled == [2]
    queue.release(2)
    queue.add(entry(2), NOW + 11)
    queue.release(1)
    assert queue.decide(NOW + 11).granted == [3]
    queue.release(3)
    assert queue.decide(NOW + 19).granted == []
    assert queue.next_time() == NOW + 20
    assert queue.decide(NOW + 20).granted == [2]
    assert queue.gates.reservations() == []


def test_a_controller_that_takes_nothing_blocks_nobody_else() -> None:
    queue = a_queue(entry(1), entry(2, claims=("b",)))
    queue.set_depth("a", 0)
    assert queue.decide(NOW).granted == [2]


def test_what_is_over_leaves_nothing_behind() -> None:
    queue = a_queue(*(entry(n, project=str(n % 3)) for n in range(90)), depth=100)
    for number in range(30):
        queue.replace(entry(number, place=queue.before(40)), NOW)
    for number in range(50):
        queue.remove(number)
    run(queue)
    assert len(queue) == 0
    # Of what is kept by name, only what is kept by controller may stay.
    parts = (queue, queue._early, queue._moved)
    kept = {name for part in parts for name, value in vars(part).items() if value and name in KEPT}
    assert kept == {"_lines"}
    assert queue.line("a") == 0


PAGE = Path(__file__).parents[3] / "docs" / "queue.md"
DAY = 1_000_000.0


def clock(text: str) -> float:
    hours, minutes = text.split(":")
    return DAY + 3600 * int(hours) + 60 * int(minutes)


def weigh(weight: float, _project: str) -> float:
    return weight


def test_the_example_in_the_docs_is_true() -> None:
    rows = re.findall(
        r"^\| (\w) \| ([\d:]+) \| (\d+) \| ([\d:]+) \| (\w+) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert len(rows) == 4
    places = {"first": 0, "second": 1, "third": 2, "fourth": 3}
    for weight, order in ((0.0, ""), (1.0, "C, D, B, A"), (2.0, "C, B, A, D")):
        shares = Shares(1e12, partial(weigh, weight or 1.0))
        if weight:
            shares.charge("AB", 40 * 60.0)
        entries = [
            Entry(
                number=index,
                claims=("a",),
                project="AB" if name in "AB" else "CD",
                priority=int(priority),
                since_unix_s=clock(submitted),
            )
            for index, (name, submitted, priority, _, _) in enumerate(rows)
        ]
        assert [one.order(AGEING)[0] for one in entries] == [clock(row[3]) for row in rows]
        went = [rows[number][0] for number in run(a_queue(*entries, shares=shares), clock("10:00"))]
        assert order in {"", ", ".join(went)}
        assert weight or went == [row[0] for row in sorted(rows, key=lambda row: places[row[4]])]
        assert f"order is\n{order}" in PAGE.read_text() or f"order is {order}" in PAGE.read_text()
