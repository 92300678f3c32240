"""Seeds that must hold: those that failed once, and some more on each backend."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.loops import BACKENDS, Backend
from tests.simulation.parts import BASE, PARTS, named, parts_from, parts_of
from tests.simulation.run import simulate

HERE = Path(__file__).parent
FAILED_ONCE = [
    (int(line.split()[0]), line.split()[1], line.split()[2])
    for line in (HERE / "failed_seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
NEWEST = 4
"""So many of them run every day, the others in campaigns: there are more of them every month."""
SEEDS = range(1000, 1004)


@pytest.mark.parametrize(
    ("seed", "backend", "parts"),
    [
        *(pytest.param(*one, marks=pytest.mark.campaign) for one in FAILED_ONCE[:-NEWEST]),
        *FAILED_ONCE[-NEWEST:],
    ],
)
def test_a_seed_that_failed_once_never_fails_again(seed: int, backend: Backend, parts: str) -> None:
    assert simulate(seed, backend, parts_from(parts)).violations == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_stations_keep_their_promises_whatever_goes_wrong(backend: Backend) -> None:
    results = [simulate(seed, backend) for seed in SEEDS]
    assert [(one.seed, one.violations) for one in results if one.violations] == []
    assert sum(one.lifecycles for one in results) > 10 * len(SEEDS)


@pytest.mark.campaign
def test_a_seed_reproduces_a_run_exactly() -> None:
    # In each process one of the runs is the first, and the other comes after another.
    script = (
        "import sys;"
        "from tests.simulation.parts import PARTS;"
        "from tests.simulation.run import simulate;"
        "digests = {one: simulate(5, one, frozenset(PARTS)).digest for one in sys.argv[1:]};"
        "print(sorted(digests.items()))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script, *backends],
            check=True,
            capture_output=True,
            text=True,
            cwd=HERE.parent.parent,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for backends, hash_seed in ((BACKENDS, "0"), (reversed(BACKENDS), "7"))
    }
    assert len(told) == 1


def test_seeds_differ() -> None:
    assert len({simulate(seed, "trio").digest for seed in (1, 2)}) == 2


def test_every_part_is_in_some_run_and_missing_in_another() -> None:
    drawn = [parts_of(seed) for seed in range(20)]
    for part in PARTS:
        assert {part in parts for parts in drawn} == {True, False}


def test_parts_are_named_in_one_word() -> None:
    assert parts_from("base") == BASE
    assert parts_from(named(PARTS)) == frozenset(PARTS)
    with pytest.raises(ValueError, match="there is no part 'floods'"):
        parts_from("retries+floods")


def test_trio_still_has_what_seeds_its_scheduling() -> None:
    names = vars(importlib.import_module("trio._core._run"))
    assert "_ALLOW_DETERMINISTIC_SCHEDULING" in names
    assert "_r" in names
