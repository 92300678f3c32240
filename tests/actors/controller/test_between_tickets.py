"""Readings that belong to no ticket."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from stationd.actors.controller.between_tickets import MOST_ASKED, BetweenTickets, single
from stationd.actors.driver import Driver, Execution
from stationd.actors.drivers.null import Null
from stationd.proto.program import Capabilities, Work


class Fridge(Driver):
    """Reads whatever it is asked for."""

    def describe(self) -> Capabilities:
        return Capabilities()

    def run(self, work: Work, execution: Execution) -> None:
        return

    def read(self, name: str) -> ArrayLike:
        return np.zeros(3) if name == "trace" else 0.5


def test_of_questions_for_the_same_readout_the_newest_is_answered() -> None:
    between = BetweenTickets()
    between.ask(1, "still")
    between.ask(2, "plate")
    between.ask(3, "still")
    assert {(one.number, one.readout) for one in between.take(Fridge())} == {
        (3, "still"),
        (2, "plate"),
    }
    assert not between


def test_more_questions_than_anybody_has_are_not_kept() -> None:
    between = BetweenTickets()
    for number in range(2 * MOST_ASKED):
        between.ask(number, str(number))
    assert len([*between.take(Fridge())]) == MOST_ASKED


def test_an_array_is_no_reading_of_a_single_value() -> None:
    between = BetweenTickets()
    between.ask(1, "trace")
    (taken,) = between.take(Fridge())
    assert taken.value is None
    assert "an array of the shape (3,)" in taken.error


def test_a_driver_without_readings_says_so() -> None:
    between = BetweenTickets()
    between.ask(1, "x")
    (taken,) = between.take(Null())
    assert "takes no readings outside of jobs" in taken.error


@pytest.mark.parametrize("reading", [np.complex128(1j), np.datetime64("2020-01-01"), None])
def test_what_is_no_plain_value_is_refused(reading: ArrayLike) -> None:
    with pytest.raises(ValueError, match="no number"):
        single(reading)
