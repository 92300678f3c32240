"""Each rule that decides a job's place is named, in words."""

import msgspec
import pytest

from stationd.proto.queue_requests import Reason
from stationd.runtime.queue.entry import Claims, Entry
from stationd.runtime.queue.explanation import explain
from stationd.runtime.queue.gates import Gate, GuardHold, Reservation
from stationd.runtime.queue.queue import Queue

NOW = 1_000_000.0
GROUP: Claims = ("a", "b")


def a_queue(*entries: Entry) -> Queue:
    queue = Queue()
    for name in GROUP:
        queue.set_depth(name, 2)
    for entry in entries:
        queue.add(entry, NOW)
    return queue


def entry(number: int, claims: Claims = ("a",), **how: object) -> Entry:
    plain = Entry(number=number, claims=claims, job=f"job-{number:05d}-x", since_unix_s=NOW)
    return msgspec.structs.replace(plain, **how)


def said(queue: Queue, number: int) -> dict[str, str]:
    return {reason.rule: reason.text for reason in explain(queue, number, NOW)}


def test_a_job_that_is_not_there_has_no_reasons() -> None:
    assert explain(a_queue(), 1, NOW) == ()


def test_what_is_out_is_at_work_near_or_on_its_way_back() -> None:
    queue = a_queue(entry(1), entry(2))
    queue.decide(NOW)
    queue.begin(1)
    assert said(queue, 1)["line"] == "it is at work at a"
    assert said(queue, 2)["line"].endswith("sent ahead to a behind job 1")
    queue.add(entry(3, priority=1), NOW)
    queue.decide(NOW)
    assert "is being taken back" in said(queue, 2)["recall"]
    assert "is being taken back from there (job 2)" in said(queue, 3)["recall"]


@pytest.mark.parametrize(
    ("how", "rule", "words"),
    [
        ({"held": True}, "held", "`stationctl release` lets it go"),
        ({"not_before": NOW + 7260}, "not_before", "1970-01-12 15:47:40 UTC, in 2 h 1 min"),
        ({"priority": 5}, "place", "its priority of 5 counts as 5 min earlier"),
        ({"priority": -5}, "place", "counts as 5 min later"),
    ],
)
def test_what_a_job_says_itself_is_named(how: dict[str, object], rule: str, words: str) -> None:
    one = msgspec.structs.replace(entry(1), **how)
    assert words in said(a_queue(one), 1)[rule]


def test_what_operators_have_said_is_named() -> None:
    queue = a_queue(entry(1), entry(2, ("b",)))
    queue.set_gate("a", Gate("paused", "a leak"), NOW)
    queue.reserve(
        Reservation(id="r", controller="b", project="x", from_unix_s=NOW, to_unix_s=NOW + 60), NOW
    )
    assert said(queue, 1)["paused"].startswith("a is paused (a leak): `stationctl target resume a`")
    assert said(queue, 2)["reserved"] == "b is reserved for project x until 1970-01-12 13:47:40 UTC"


def test_every_guard_that_holds_is_named_with_what_is_not_right() -> None:
    queue = a_queue(entry(1, GROUP))
    queue.set_hold(("b",), GuardHold("cold", NOW, "fridge.plate: 0.035 K is above 0.02 K"), NOW)
    assert said(queue, 1)["guard"] == (
        "b is held by guard cold since 1970-01-12 13:46:40 UTC: fridge.plate: 0.035 K is above"
        " 0.02 K"
    )
    queue.let_go(("b",), "cold", NOW)
    assert "guard" not in said(queue, 1)


def test_a_controller_that_is_away_is_named() -> None:
    queue = a_queue(entry(1))
    queue.set_depth("a", 0)
    assert said(queue, 1)["absent"].endswith(
        "not connected, or in quarantine, as `stationctl controllers show a` says"
    )


def test_what_goes_before_a_job_is_named() -> None:
    queue = a_queue(*(entry(number) for number in range(1, 7)), entry(7, GROUP))
    queue.decide(NOW)
    assert said(queue, 3)["line"] == (
        "it is the next for a, which has no more room: job 1, job 2 go before it"
    )
    assert said(queue, 4)["ahead"] == "1 job is ahead of it for a; the next is job 3"
    assert said(queue, 7)["ahead"].startswith("4 jobs are ahead of it for a and b")
    for number in range(3, 7):
        queue.remove(number)
    assert said(queue, 7)["line"].startswith("it is the next for a, which needs it for itself: ")


def test_a_moved_job_and_a_share_that_was_used_are_named() -> None:
    queue = a_queue(entry(1), entry(2, project="x"))
    queue.replace(entry(2, project="x", place=queue.before(1)), NOW)
    assert said(queue, 2)["place"] == "it was put just before job 1"
    queue.shares.charge("x", 3700.0)
    queue.shares.reckon(NOW)
    queue.add(entry(3, project="x"), NOW)
    assert said(queue, 3)["place"].endswith(
        "what project x had of the instruments lately counts as 1 h 1 min later"
    )
    assert isinstance(explain(queue, 3, NOW)[0], Reason)
