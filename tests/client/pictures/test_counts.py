"""Histograms show what was counted."""

from stationd import plot
from stationd.client.pictures.counts import rarest_together
from tests.client.pictures.drawn import bars


def test_histogram_has_a_bar_for_each_outcome() -> None:
    axes = plot.histogram({"11": 3, "00": 5})
    assert [patch.get_height() for patch in bars(axes)] == [5, 3]


def test_the_rarest_outcomes_share_a_bar_when_there_are_many() -> None:
    counts = {f"{n:06b}": n + 1 for n in range(64)}
    shown = rarest_together(counts)
    assert len(shown) == 32
    assert shown["others"] == sum(range(1, 34))
    assert sum(shown.values()) == sum(counts.values())
