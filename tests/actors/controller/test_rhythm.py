"""The loop looks by itself where short tickets follow each other, and is woken otherwise."""

import pytest

from stationd.actors.controller.rhythm import BEHIND, LONGEST, Rhythm
from stationd.actors.line.facts import ProgressMade, RunEnded, RunRaised, RunStarted, RunStopped

BEGIN = 1_000.0


def after(lasted: float) -> Rhythm:
    """Return what is known when a ticket has taken so long, and another one begins."""
    rhythm = Rhythm()
    rhythm.learn(RunStarted(1, BEGIN - lasted))
    rhythm.learn(RunEnded(1, BEGIN))
    rhythm.learn(RunStarted(2, BEGIN))
    return rhythm


def test_a_ticket_is_expected_to_take_as_long_as_the_one_before() -> None:
    rhythm = after(0.001)
    assert rhythm.look_within(BEGIN) == pytest.approx(0.001 + BEHIND, abs=1e-9)
    assert rhythm.look_within(BEGIN + 0.0008) == pytest.approx(0.0002 + BEHIND, abs=1e-9)


def test_when_it_takes_longer_the_loop_is_woken() -> None:
    assert after(0.001).look_within(BEGIN + 0.002) is None


def test_progress_is_no_start_and_no_end() -> None:
    rhythm = after(0.001)
    rhythm.learn(ProgressMade(2, 1, 2, "shots"))
    assert rhythm.look_within(BEGIN) is not None


def test_nothing_waits_for_longer_than_the_bound() -> None:
    assert after(LONGEST * 1.1).look_within(BEGIN) is None
    longest = after(LONGEST * 0.9).look_within(BEGIN)
    assert longest is not None
    assert longest <= LONGEST + BEHIND


def test_a_clock_that_jumps_makes_nobody_wait() -> None:
    assert after(-1.0).look_within(BEGIN) is None
    assert after(0.001).look_within(BEGIN - 3600.0) is None
    assert after(0.001).look_within(BEGIN + 3600.0) is None


def test_between_tickets_and_at_the_first_one_there_is_nothing_to_expect() -> None:
    rhythm = Rhythm()
    assert rhythm.look_within(BEGIN) is None
    rhythm.learn(RunStarted(1, BEGIN))
    assert rhythm.look_within(BEGIN) is None


@pytest.mark.parametrize(
    "end", [RunEnded(2, BEGIN), RunStopped(2, BEGIN), RunRaised(2, "broken", BEGIN)]
)
def test_whatever_ended_is_not_expected_to_end_again(
    end: RunEnded | RunStopped | RunRaised,
) -> None:
    rhythm = after(0.001)
    rhythm.learn(end)
    assert rhythm.look_within(BEGIN) is None


def test_what_never_began_says_nothing_about_how_long_tickets_take() -> None:
    rhythm = Rhythm()
    rhythm.learn(RunRaised(1, "refused", BEGIN))
    rhythm.learn(RunStarted(2, BEGIN))
    assert rhythm.look_within(BEGIN) is None
