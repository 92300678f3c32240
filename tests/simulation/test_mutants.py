"""The measure of the checkers: every wrong variant of the station is caught."""

import itertools

import pytest

from tests.simulation.loops import BACKENDS
from tests.simulation.mutant import Mutant
from tests.simulation.mutants import MUTANTS, applied
from tests.simulation.run import simulate

MOST_SEEDS = 100
"""Tried on both backends if the seed that caught it last does not: runs change with the code."""


@pytest.mark.campaign
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_checkers_catch_it(mutant: Mutant) -> None:
    others = itertools.product(range(1, MOST_SEEDS + 1), BACKENDS)
    with applied(mutant):
        for seed, backend in (mutant.caught_by, *others):
            if simulate(seed, backend, mutant.parts).violations:
                return
    pytest.fail(f"no checker noticed that {mutant.name}")


def test_there_are_at_least_twelve() -> None:
    assert len(MUTANTS) >= 12
