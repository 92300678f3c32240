"""Seeds that must hold: those that failed once, and some more on each backend."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.loops import BACKENDS, Backend
from tests.simulation.parts import BASE, parts_from
from tests.simulation.run import simulate

HERE = Path(__file__).parent
FAILED_ONCE = [
    (int(line.split()[0]), line.split()[1], line.split()[2])
    for line in (HERE / "failed_seeds.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
SEEDS = range(1000, 1008)


@pytest.mark.parametrize(("seed", "backend", "parts"), FAILED_ONCE)
def test_a_seed_that_failed_once_never_fails_again(seed: int, backend: Backend, parts: str) -> None:
    assert simulate(seed, backend, parts_from(parts)).violations == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_stations_keep_their_promises_whatever_goes_wrong(backend: Backend) -> None:
    results = [simulate(seed, backend, BASE) for seed in SEEDS]
    assert [(one.seed, one.violations) for one in results if one.violations] == []
    assert sum(one.lifecycles for one in results) > 10 * len(SEEDS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_seed_reproduces_a_run_exactly(backend: Backend) -> None:
    script = (
        "from tests.simulation.run import simulate;"
        f"print(*(simulate(seed, {backend!r}).digest for seed in (3,)))"
    )
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            cwd=HERE.parent.parent,
            env={"PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("0",)
    ]
    here = " ".join(simulate(seed, backend).digest for seed in (3,)) + "\n"
    assert told == [here]


def test_seeds_differ() -> None:
    assert len({simulate(seed, "trio").digest for seed in (1, 2)}) == 2


def test_trio_still_has_what_seeds_its_scheduling() -> None:
    names = vars(importlib.import_module("trio._core._run"))
    assert "_ALLOW_DETERMINISTIC_SCHEDULING" in names
    assert "_r" in names
