"""Gates close controllers, for all or for others."""

from stationd.runtime.queue.gates import Gate, Gates, GuardHold, Lock, Reservation


def reservation(name: str, begin: float, end: float, project: str = "x") -> Reservation:
    return Reservation(id=name, controller="a", project=project, from_unix_s=begin, to_unix_s=end)


def test_a_paused_controller_is_closed_for_all_and_a_draining_one_for_nobody() -> None:
    gates = Gates()
    gates.set("a", Gate("paused"))
    gates.set("b", Gate("draining"))
    assert gates.closed(("a", "b"), "x", 0.0)
    assert not gates.closed(("b",), "x", 0.0)
    assert (gates.paused(("b", "a")), gates.draining(("a", "b"))) == ("a", "b")
    gates.set("a", Gate())
    assert not gates.closed(("a",), "x", 0.0)
    assert gates.said


def test_a_controller_is_closed_until_every_guard_has_let_it_go() -> None:
    gates = Gates()
    cold, locked = GuardHold("cold", 1.0, "0.035 K is above 0.02 K"), GuardHold("lock", 2.0, "no")
    assert gates.hold("a", cold)
    assert gates.hold("a", locked)
    assert not gates.hold("a", GuardHold("cold", 1.0, "0.036 K is above 0.02 K"))
    assert [hold.reason for hold in gates.holds("a")] == ["0.036 K is above 0.02 K", "no"]
    assert gates.held(("b", "a")) == "a"
    assert gates.let_go("a", "cold")
    assert gates.closed(("a",), "x", 0.0)
    assert gates.let_go("a", "lock")
    assert not gates.let_go("a", "lock")
    assert not gates.closed(("a",), "x", 0.0)
    assert not gates.said


def test_a_reservation_closes_from_its_beginning_to_its_end_for_others() -> None:
    gates = Gates()
    gates.reserve(reservation("r", 10.0, 20.0))
    closed = {time: gates.closed(("a",), "y", time) for time in (9.9, 10.0, 19.9, 20.0)}
    assert closed == {9.9: False, 10.0: True, 19.9: True, 20.0: False}
    assert not gates.closed(("a",), "x", 15.0)
    assert not gates.closed(("b",), "y", 15.0)


def test_the_next_change_is_the_next_beginning_or_end_and_what_is_over_is_forgotten() -> None:
    gates = Gates()
    gates.reserve(reservation("r", 10.0, 20.0))
    gates.reserve(reservation("s", 30.0, 40.0))
    assert [gates.next_change(time) for time in (0.0, 10.0, 25.0, 35.0, 40.0)] == [
        10.0,
        20.0,
        30.0,
        40.0,
        None,
    ]
    assert gates.reservations() == []
    assert gates.unreserve("s") is None


def test_only_another_projects_reservation_of_the_same_time_is_a_rival() -> None:
    gates = Gates()
    gates.reserve(reservation("r", 10.0, 20.0))
    assert gates.rival(reservation("s", 15.0, 25.0, "y")) == reservation("r", 10.0, 20.0)
    assert gates.rival(reservation("s", 15.0, 25.0)) is None
    assert gates.rival(reservation("s", 20.0, 25.0, "y")) is None


def test_maintenance_closes_for_all_and_is_nobodys_rival() -> None:
    gates = Gates()
    window = Reservation(id="m", controller="a", project=None, from_unix_s=10.0, to_unix_s=20.0)
    gates.reserve(reservation("r", 5.0, 20.0))
    assert gates.rival(window) is None
    gates.reserve(window)
    assert [gates.closed(("a",), "x", time) for time in (9.0, 10.0, 20.0)] == [False, True, False]
    assert gates.rival(reservation("s", 18.0, 25.0)) is None
    assert gates.next_change(5.0) == 10.0


def test_a_lock_closes_for_all_whatever_else_is_said() -> None:
    gates = Gates()
    gates.set_lock("a", Lock("ann", 1.0, "ask Ann"))
    assert gates.said
    assert gates.locked(("b", "a")) == "a"
    assert gates.closed(("a",), "x", 0.0)
    assert not gates.closed(("b",), "x", 0.0)
    gates.set("a", Gate())
    assert gates.closed(("a",), "x", 0.0)
    gates.set_lock("a", None)
    assert not gates.said
    assert not gates.closed(("a",), "x", 0.0)


def test_a_controller_is_shut_while_nothing_of_anybody_begins_there() -> None:
    gates = Gates()
    gates.reserve(reservation("r", 0.0, 100.0))
    assert not gates.shut("a", 50.0)
    window = Reservation(id="m", controller="a", project=None, from_unix_s=10.0, to_unix_s=20.0)
    gates.reserve(window)
    assert [gates.shut("a", time) for time in (9.0, 10.0, 20.0)] == [False, True, False]
    gates.set("a", Gate("draining"))
    gates.set_lock("b", Lock("ann", 1.0))
    assert gates.shut("a", 50.0)
    assert gates.shut("b", 50.0)
    assert not gates.shut("c", 50.0)
