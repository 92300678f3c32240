"""Who is called for which spot, and when."""

from stationd.actors.pacing import Pacing
from stationd.proto.program import Move, NullWork, SweepWork, Work

MOVE = Move("x", 0, (1.0, 2.0))


def sets() -> SweepWork:
    return SweepWork(shape=(2,), moves=(MOVE,), paced=True)


def reads(*names: str) -> SweepWork:
    return SweepWork(shape=(2,), returns=names or ("y",), paced=True)


def both() -> SweepWork:
    return SweepWork(shape=(2,), moves=(MOVE,), returns=("z",), paced=True)


def calls(works: dict[str, Work]) -> list[tuple[int, str, list[str]]]:
    """Return every call of a sweep in which everybody answers at once."""
    pacing = Pacing(works)
    called, found = pacing.begin(), list[tuple[int, str, list[str]]]()
    while called:
        spot, phase = pacing.spot, pacing.phase
        found.append((spot, phase, called))
        following: list[str] = []
        for name in called:
            assert following == []
            following = pacing.reached(name, spot, phase)
        called = following
    return found


def test_all_that_move_are_set_before_any_is_read_at_every_spot() -> None:
    assert calls({"a": sets(), "b": reads(), "c": both()}) == [
        (0, "set", ["a", "c"]),
        (0, "read", ["b", "c"]),
        (1, "set", ["a", "c"]),
        (1, "read", ["b", "c"]),
    ]


def test_a_phase_in_which_nobody_takes_part_is_left_out() -> None:
    assert calls({"a": reads()}) == [(0, "read", ["a"]), (1, "read", ["a"])]
    assert calls({"a": sets()}) == [(0, "set", ["a"]), (1, "set", ["a"])]


def test_nobody_is_called_who_waits_for_nobody() -> None:
    works: dict[str, Work] = {"a": NullWork(), "b": SweepWork(settings=(("level", 1.0),))}
    assert calls(works) == []
    assert not any(Pacing(works).paces(name) for name in works)


def test_a_sweep_begins_once() -> None:
    pacing = Pacing({"a": sets()})
    assert pacing.begin() == ["a"]
    assert pacing.begin() == []


def test_an_answer_that_comes_twice_or_for_another_step_means_nothing() -> None:
    pacing = Pacing({"a": sets(), "b": sets()})
    pacing.begin()
    assert pacing.reached("a", 1, "set") == []
    assert pacing.awaits("a")
    assert pacing.reached("a", 0, "set") == []
    assert not pacing.awaits("a")
    assert pacing.reached("a", 0, "set") == []
    assert pacing.reached("b", 0, "set") == ["a", "b"]
    assert pacing.reached("b", 0, "set") == []


def test_it_resumes_at_the_first_spot_that_is_not_stored_whole() -> None:
    pacing = Pacing({"a": sets(), "b": reads("x", "y"), "c": reads()})
    pacing.resume({"b": 3, "c": 2})
    assert pacing.begin() == ["a"]
    assert (pacing.spot, pacing.phase) == (1, "set")


def test_nobody_waits_for_one_that_has_left() -> None:
    pacing = Pacing({"a": sets(), "b": sets()})
    pacing.begin()
    pacing.leave("b")
    assert pacing.reached("a", 0, "set") == ["a", "b"]
