"""What ``make simulate`` says, and how it ends."""

from argparse import ArgumentTypeError
from collections import Counter

import pytest

from tests.simulation.__main__ import report, seeds_of
from tests.simulation.parts import BASE
from tests.simulation.run import Result


def result(seed: int, *violations: str) -> Result:
    return Result(
        seed=seed,
        backend="trio",
        parts=BASE,
        lifecycles=20,
        faults=Counter({"lost messages": 3, "daemon crashes": seed}),
        violations=list(violations),
        lines=["a line"],
        digest="",
    )


def test_seeds_are_inclusive_or_fresh() -> None:
    assert seeds_of("3-5") == range(3, 6)
    fresh, others = seeds_of("4"), seeds_of("4")
    assert len(fresh) == len(others) == 4
    assert fresh != others


@pytest.mark.parametrize("text", ["5-3", "0", "", "some", "1-", "-3"])
def test_what_means_no_seeds_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="say FIRST-LAST"):
        seeds_of(text)


def test_the_last_line_tells_lifecycles_and_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert report([result(1), result(2)], verbose=False) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert "2 runs up to seed 2, 0 with violations; 40 lifecycles in" in line
    assert " per second; faults: 3 daemon crashes, 6 lost messages" in line


def test_a_violation_is_told_with_its_seed_and_ends_in_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report([result(1), result(7, "a ticket ran twice")], verbose=False) == 1
    told = capsys.readouterr().out
    assert "seed 7 trio base\n    a ticket ran twice" in told
    assert "1 with violations" in told.splitlines()[-1]
