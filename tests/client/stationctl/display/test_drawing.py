"""Pictures in files; whether they look good is for people to say."""

import sys
from pathlib import Path

import click
import numpy as np
import pytest

from stationd.client.results.outcome import CircuitResult, NullOutcome, SweepData
from stationd.client.stationctl.display.drawing import (
    FORMATS,
    MOST_PANELS,
    draw_results,
    draw_timelines,
)
from stationd.proto.error import RequestError
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.test_outcome_view import sweep
from tests.client.stationctl.display.watched import entries, view

COUNTS = CircuitResult({"0": 3}, np.zeros((3, 1), dtype=np.uint8), ("c[0]",), shots=3)
BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_suffix_says_the_format(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"counts{suffix}"
    draw_results({"item 0": COUNTS}, file)
    assert file.read_bytes().startswith(BEGINNINGS[suffix])


@pytest.mark.parametrize("shape", [(5,), (3, 5), (9, 5)])
def test_sweeps_of_one_and_two_settings_are_drawn(tmp_path: Path, shape: tuple[int, ...]) -> None:
    file = tmp_path / "sweep.png"
    draw_results({"item 0": sweep(*shape)}, file)
    assert file.stat().st_size > 1000


@pytest.mark.parametrize("spots", [3, 30])
def test_traces_along_one_setting_are_drawn(tmp_path: Path, spots: int) -> None:
    data = SweepData(
        axes={"vna.power": np.linspace(-30.0, 0.0, spots)},
        dimensions={"vna.power": 0},
        arrays={"vna.s21": np.ones((spots, 11)) * 1j},
        units={},
        spots_done=spots,
    )
    draw_results({"punch-out": data}, tmp_path / "traces.png")
    assert (tmp_path / "traces.png").stat().st_size > 0


def test_timelines_are_drawn(tmp_path: Path) -> None:
    file = tmp_path / "jobs.png"
    draw_timelines([view(1, entries(*tuple(S)[:16]))], file)
    assert file.stat().st_size > 1000


def open_figures() -> list[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return [] if pyplot is None else pyplot.get_fignums()


def test_nothing_is_opened_or_left_behind(tmp_path: Path) -> None:
    before = open_figures()
    draw_results({"item 0": COUNTS}, tmp_path / "counts.png")
    assert open_figures() == before


@pytest.mark.parametrize(
    ("outcomes", "why"),
    [
        ({"item 0": NullOutcome(1.0)}, "no counts and no sweep"),
        ({str(n): COUNTS for n in range(MOST_PANELS + 1)}, "choose with --item"),
        ({"item 0": sweep(2, 2, 2)}, None),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, outcomes: dict[str, CircuitResult | SweepData | NullOutcome], why: str | None
) -> None:
    file = tmp_path / "nothing.png"
    if why is None:
        draw_results(dict(outcomes), file)
        return
    with pytest.raises(RequestError, match=why):
        draw_results(dict(outcomes), file)
    assert not file.exists()


def test_an_unknown_format_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match=r"has to end in one of \.png"):
        draw_results({"item 0": COUNTS}, tmp_path / "counts.gif")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.FileError):
        draw_results({"item 0": COUNTS}, tmp_path / "nowhere" / "counts.png")
