"""Paced sweeps: who is called for which spot, and when."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from stationd.actors.execution.paced_word import READ, SET, PacedWord, Phase, number_of
from stationd.actors.execution.pacing import Pacing
from stationd.proto.program import Move, SweepWork

SETS = SweepWork(shape=(2,), moves=(Move("x", 0, (0.0, 1.0)),), paced=True)
READS = SweepWork(shape=(2,), returns=("y",), paced=True)

Step = tuple[str, int, Phase]
PHASES: tuple[Phase, Phase] = (SET, READ)


def word(controller: str, spot: int, phase: Phase, through: int | None = None) -> PacedWord:
    first = number_of(spot, phase)
    return PacedWord(controller, first, first if through is None else number_of(through, READ))


def test_whoever_is_the_last_to_be_waited_for_and_ends_lets_the_others_go_on() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    assert pacing.begin() == [word("source", 0, SET)]
    assert pacing.reached("source", 0, "set") == [word("meter", 0, READ)]
    assert pacing.reached("meter", 0, "read") == [word("source", 1, SET)]
    # That it has reached the last spot was lost, that it has ended was not.
    assert pacing.leave("source") == [word("meter", 1, READ)]


def test_whoever_ends_while_another_is_waited_for_changes_nothing() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    pacing.begin()
    pacing.reached("source", 0, "set")
    assert pacing.leave("source") == []
    assert pacing.awaits("meter")


def test_whoever_had_ended_before_a_restart_is_called_no_more() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    pacing.resume({"meter.y": [(0, 1)]})
    assert pacing.leave("source") == []
    assert pacing.begin() == [word("meter", 1, READ)]


def test_nobody_reads_before_everybody_has_applied_the_settings() -> None:
    slow = SweepWork(settings=(("power", 1.0),), shape=(2,), returns=("z",), paced=True)
    pacing = Pacing({"source": SETS, "slow": slow, "meter": READS})
    assert pacing.begin() == [word("source", 0, SET), word("slow", 0, SET)]
    assert pacing.reached("source", 0, "set") == []
    assert pacing.reached("slow", 0, "set") == [word("slow", 0, READ), word("meter", 0, READ)]
    pacing.reached("slow", 0, "read")
    # Once is enough.
    assert pacing.reached("meter", 0, "read") == [word("source", 1, SET)]


def test_settings_are_applied_again_by_an_attempt_that_goes_on() -> None:
    works = {
        "source": replace(SETS, first=1),
        "meter": replace(READS, first=1, settings=(("power", 1.0),)),
    }
    pacing = Pacing(works)
    assert pacing.begin() == [word("source", 1, SET), word("meter", 1, SET)]


def test_a_controller_whose_axes_stand_still_gets_no_word() -> None:
    values = (1.0, 2.0, 3.0)
    shape = (3, 3)
    works = {
        "slow": SweepWork(shape=shape, moves=(Move("x", 0, values),), paced=True),
        "fast": SweepWork(shape=shape, moves=(Move("x", 1, values),), paced=True),
        "meter": SweepWork(shape=shape, returns=("y",), paced=True),
    }
    words = [step for step, _ in visit(works)]
    # Where its axis steps, and at the last spot, with which its part ends.
    assert [one.spot for one in words if one.controller == "slow"] == [0, 3, 6, 8]
    assert [one.spot for one in words if one.controller == "fast"] == list(range(9))


def test_an_axis_that_stays_at_a_value_stands_still() -> None:
    values = (1.0, 1.0, 2.0, 2.0, 2.0, 1.0)
    works = {
        "source": SweepWork(shape=(6,), moves=(Move("x", 0, values),), paced=True),
        "meter": SweepWork(shape=(6,), returns=("y",), paced=True),
        "idle": SweepWork(shape=(6,), moves=(Move("x", 0, (3.0,) * 6),), paced=True),
    }
    words = [step for step, _ in visit(works)]
    assert [one.spot for one in words if one.controller == "source"] == [0, 2, 5]
    assert [one.spot for one in words if one.controller == "idle"] == [0, 5]


def test_whoever_is_alone_goes_through_all_spots_at_one_word_while_the_others_stand_still() -> None:
    shape = (3, 1000)
    inner = tuple(float(n) for n in range(1000))
    works = {
        "source": SweepWork(shape=shape, moves=(Move("x", 0, (1.0, 2.0, 3.0)),), paced=True),
        "meter": SweepWork(
            shape=shape, moves=(Move("f", 1, inner),), returns=("trace",), paced=True
        ),
    }
    words = [step for step, _ in visit(works)]
    assert len(words) == 12
    assert word("meter", 0, READ, through=999) in words


def test_whoever_reads_alone_and_is_to_set_next_gets_both_words_at_once() -> None:
    both = replace(SETS, returns=("y",))
    pacing = Pacing({"source": SETS, "meter": both})
    assert pacing.begin() == [word("source", 0, SET), word("meter", 0, SET)]
    pacing.reached("source", 0, "set")
    words = [word("meter", 0, READ), word("meter", 1, SET)]
    assert pacing.reached("meter", 0, "set") == words
    assert pacing.again("meter") == words
    # Only then the other one: it has read what was set.
    assert pacing.reached("meter", 0, "read") == [word("source", 1, SET)]
    assert pacing.again("meter") == words[1:]
    assert pacing.reached("meter", 1, "set") == []
    assert pacing.reached("source", 1, "set") == [word("meter", 1, READ)]


@pytest.mark.parametrize("sets", [True, False])
def test_a_controller_that_does_one_step_at_a_word_is_given_the_others(*, sets: bool) -> None:
    shape = (2, 2)
    moves = (Move("f", 1, (1.0, 2.0)),) if sets else ()
    works = {
        "source": SweepWork(shape=shape, moves=(Move("x", 0, (1.0, 2.0)),), paced=True),
        "meter": SweepWork(shape=shape, moves=moves, returns=("y",), paced=True),
    }
    visited = [step for step, _ in visit(works, old={"meter"})]
    assert visited[-1] == word("meter", 3, READ)
    pacing = Pacing(works)
    pacing.begin()
    pacing.reached("meter", 0, "set")
    assert pacing.reached("source", 0, "set") == [word("meter", 0, READ, through=1)]
    assert pacing.reached("meter", 0, "read") == [word("meter", 1, SET if sets else READ, 1)]


def test_an_answer_to_an_earlier_word_says_nothing_new() -> None:
    pacing = Pacing({"source": SETS, "meter": READS})
    pacing.begin()
    pacing.reached("source", 0, "set")
    pacing.reached("meter", 0, "read")
    assert pacing.reached("source", 0, "set") == []
    assert pacing.reached("meter", 0, "read") == []
    assert pacing.awaits("source")


# --- any sweep -------------------------------------------------------------------------------


def visit(
    works: Mapping[str, SweepWork],
    old: Sequence[str] | set[str] = (),
    choose: Callable[[list[str]], str] = min,
) -> list[tuple[PacedWord, list[Step]]]:
    """Go through a sweep; return the words, in the order in which they were done, and the steps.

    Args:
        works: The work by controller.
        old: Controllers of an earlier release.
        choose: Which of some controllers does a step next.
    """
    pacing = Pacing(works)
    waiting: dict[str, deque[PacedWord]] = {name: deque() for name in works}
    found: list[tuple[PacedWord, list[Step]]] = []

    def hear(words: Sequence[PacedWord]) -> None:
        for one in words:
            waiting[one.controller].append(one)

    hear(pacing.begin())
    while busy := [name for name, words in waiting.items() if words]:
        name = choose(busy)
        one = waiting[name].popleft()
        work = works[name]
        steps: list[Step] = [
            (name, spot, phase)
            for spot, phase in product(range(work.spots), PHASES)
            if one.first <= number_of(spot, phase) <= (one.first if name in old else one.last)
            and (work.returns if phase == READ else work.moves)
        ]
        found.append((one, steps))
        hear(pacing.reached(name, steps[-1][1], steps[-1][2]))
    return found


@st.composite
def sweeps(draw: st.DrawFn) -> dict[str, SweepWork]:
    shape = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    values = st.sampled_from([0.0, 1.0, 2.0])
    works: dict[str, SweepWork] = {}
    for number in range(draw(st.integers(2, 4))):
        axes = draw(st.sets(st.integers(0, len(shape) - 1)))
        moves = tuple(
            Move(f"x{axis}", axis, tuple(draw(values) for _ in range(shape[axis])))
            for axis in sorted(axes)
        )
        returns = ("y",) if draw(st.booleans()) else ()
        works[f"c{number}"] = SweepWork(shape=shape, moves=moves, returns=returns, paced=True)
    return {name: work for name, work in works.items() if work.moves or work.returns}


@given(sweeps(), st.data())
def test_whatever_moves_stands_where_it_should_whenever_anything_is_read(
    works: dict[str, SweepWork], data: st.DataObject
) -> None:
    old = data.draw(st.sets(st.sampled_from(sorted(works)))) if works else set[str]()
    order = [
        step
        for _, steps in visit(
            works, old, lambda busy: data.draw(st.sampled_from(sorted(busy)), "next")
        )
        for step in steps
    ]
    standing: dict[tuple[str, str], object] = {}
    spots = max((work.spots for work in works.values()), default=0)
    read: dict[str, list[int]] = {name: [] for name, work in works.items() if work.returns}
    for name, spot, phase in order:
        if phase == SET:
            standing.update(
                {(name, m.setting): at(works[name], m, spot) for m in works[name].moves}
            )
            continue
        read[name].append(spot)
        for other, work in works.items():
            for move in work.moves:
                assert standing[other, move.setting] == at(work, move, spot), (other, spot)
    assert all(found == list(range(spots)) for found in read.values())
    for name, work in works.items():
        if not work.returns:
            assert [spot for one, spot, _ in order if one == name][-1] == spots - 1


def at(work: SweepWork, move: Move, spot: int) -> object:
    behind = 1
    for steps in work.shape[move.axis + 1 :]:
        behind *= steps
    return move.values[spot // behind % len(move.values)]
