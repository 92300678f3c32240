"""Histograms show what was counted."""

import numpy as np
import pytest

from stationd import CircuitResult, plot
from stationd.client.pictures.counts import rarest_together
from stationd.proto.error import RequestError
from tests.client.pictures.drawn import bars


def test_histogram_has_a_bar_for_each_outcome() -> None:
    axes = plot.histogram({"11": 3, "00": 5})
    assert [patch.get_height() for patch in bars(axes)] == [5, 3]


def test_histogram_takes_a_circuit_s_result_as_well() -> None:
    result = CircuitResult({"0": 2, "1": 1}, np.zeros((3, 1), np.uint8), ("c[0]",), 3)
    assert [patch.get_height() for patch in bars(plot.histogram(result))] == [2, 1]
    with pytest.raises(RequestError, match=r"what is drawn is a CircuitResult, .* not 3"):
        plot.histogram(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_the_rarest_outcomes_share_a_bar_when_there_are_many() -> None:
    counts = {f"{n:06b}": n + 1 for n in range(64)}
    shown = rarest_together(counts)
    assert len(shown) == 32
    assert shown["others"] == sum(range(1, 34))
    assert sum(shown.values()) == sum(counts.values())
